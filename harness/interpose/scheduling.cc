// SPDX-License-Identifier: Apache-2.0
//
// Front door: what a thread says of itself to the operating system. All threads of a run are one
// thread of the system, so names and numbers are kept here, and wishes about processors and
// priorities (which no schedule depends on) are granted and forgotten.
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/engine.h"
#include "engine/raw_syscall.h"
#include "interpose/real.h"

CHICANE_REAL(int, pthread_setname_np, (pthread_t, const char*))
CHICANE_REAL(int, pthread_getname_np, (pthread_t, char*, std::size_t))
CHICANE_REAL(int, pthread_setaffinity_np, (pthread_t, std::size_t, const cpu_set_t*))
CHICANE_REAL(int, pthread_getaffinity_np, (pthread_t, std::size_t, cpu_set_t*))
CHICANE_REAL(int, sched_setaffinity, (pid_t, std::size_t, const cpu_set_t*))
CHICANE_REAL(int, pthread_setschedparam, (pthread_t, int, const sched_param*))
CHICANE_REAL(int, pthread_setschedprio, (pthread_t, int))
CHICANE_REAL(int, sched_setscheduler, (pid_t, int, const sched_param*))
CHICANE_REAL(int, sched_getcpu, ())

using chicane::engine::Engine;
using chicane::engine::Thread;
namespace interpose = chicane::interpose;

extern "C" {

int pthread_setname_np(pthread_t handle, const char* name) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_setname_np()(handle, name);
  Thread* thread = engine->find_thread(handle);
  if (thread == nullptr) return ESRCH;
  const std::size_t length = std::strlen(name);
  if (length >= sizeof thread->door().name) return ERANGE;
  std::memcpy(thread->door().name, name, length + 1);
  return 0;
}

int pthread_getname_np(pthread_t handle, char* name, std::size_t size) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_getname_np()(handle, name, size);
  Thread* thread = engine->find_thread(handle);
  if (thread == nullptr) return ESRCH;
  if (size < sizeof thread->door().name) return ERANGE;
  const char* own = thread->door().name;
  std::memset(name, 0, sizeof thread->door().name);
  // A thread without a name has its process's.
  std::strncpy(name, own[0] != '\0' ? own : program_invocation_short_name,
               sizeof thread->door().name - 1);
  return 0;
}

int pthread_setaffinity_np(pthread_t handle, std::size_t size, const cpu_set_t* cpus) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_setaffinity_np()(handle, size, cpus);
  return engine->find_thread(handle) == nullptr ? ESRCH : 0;
}

int pthread_getaffinity_np(pthread_t handle, std::size_t size, cpu_set_t* cpus) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_getaffinity_np()(handle, size, cpus);
  if (engine->find_thread(handle) == nullptr) return ESRCH;
  return sched_getaffinity(0, size, cpus) == 0 ? 0 : errno;
}

int sched_setaffinity(pid_t thread, std::size_t size, const cpu_set_t* cpus) noexcept {
  if (Engine::active() == nullptr) return interpose::real_sched_setaffinity()(thread, size, cpus);
  return 0;
}

int pthread_setschedparam(pthread_t handle, int policy, const sched_param* parameters) noexcept {
  if (Engine::active() != nullptr) return 0;
  return interpose::real_pthread_setschedparam()(handle, policy, parameters);
}

int pthread_setschedprio(pthread_t handle, int priority) noexcept {
  if (Engine::active() != nullptr) return 0;
  return interpose::real_pthread_setschedprio()(handle, priority);
}

int sched_setscheduler(pid_t thread, int policy, const sched_param* parameters) noexcept {
  if (Engine::active() != nullptr) return 0;
  return interpose::real_sched_setscheduler()(thread, policy, parameters);
}

// Any answer is right, and one that differs from run to run would be the program's nondeterminism.
int sched_getcpu() noexcept {
  if (Engine::active() != nullptr) return 0;
  return interpose::real_sched_getcpu()();
}

// The main thread's is the process's, as it is outside; the others' differ from each other.
pid_t gettid() noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return static_cast<pid_t>(chicane::engine::raw_syscall(SYS_gettid));
  return getpid() + static_cast<pid_t>(engine->self().id());
}

}  // extern "C"
