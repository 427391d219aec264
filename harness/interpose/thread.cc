// SPDX-License-Identifier: Apache-2.0
//
// Front door: pthread threads, once, keys and thread_local destructors; with them std::thread,
// std::jthread and std::call_once.
#include "interpose/thread.h"

#include <dlfcn.h>

#include <cerrno>
#include <cstring>

#include "engine/scope.h"
#include "interpose/cancel.h"
#include "interpose/clock.h"
#include "interpose/exit.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

using chicane::interpose::CreateBody;
using chicane::interpose::KeyDestructor;
using chicane::interpose::OnceBody;

CHICANE_REAL(int, pthread_create, (pthread_t*, const pthread_attr_t*, CreateBody, void*))
CHICANE_REAL(int, pthread_join, (pthread_t, void**))
CHICANE_REAL(int, pthread_tryjoin_np, (pthread_t, void**))
CHICANE_REAL(int, pthread_timedjoin_np, (pthread_t, void**, const timespec*))
CHICANE_REAL(int, pthread_clockjoin_np, (pthread_t, void**, clockid_t, const timespec*))
CHICANE_REAL(int, pthread_detach, (pthread_t))
CHICANE_REAL(void, pthread_exit, (void*))
CHICANE_REAL(int, pthread_once, (pthread_once_t*, OnceBody))
CHICANE_REAL(int, pthread_key_create, (pthread_key_t*, KeyDestructor))
CHICANE_REAL(int, pthread_key_delete, (pthread_key_t))
CHICANE_REAL(int, __cxa_thread_atexit, (KeyDestructor, void*, void*))

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;

// pthread_once_t as glibc has it: 0 not begun, 1 running, 2 done.
constexpr int kOnceRunning = 1;
constexpr int kOnceDone = 2;

bool once_is_settled(const Operation& operation) {
  return *static_cast<const pthread_once_t*>(operation.object) != kOnceRunning;
}

// An initializer that runs. When it throws, the control is put back, so that the next caller tries
// again. However it ends: that happens before what the next caller does.
struct OnceRun {
  Engine& engine;
  pthread_once_t* control;
  const void* site;
  bool done = false;
  ~OnceRun() {
    *control = done ? kOnceDone : 0;
    engine.release(control);
    engine.emit(OpKind::kOnceDone, done ? Outcome::kDone : Outcome::kFailed, control, site);
  }
};

// A runtime of OpenMP makes its threads here, too late: what they do before and after is by futexes
// and spinning that the engine would have to see.
bool is_openmp(const void* site) {
  static constinit const void* known = nullptr;
  if (site == known || in_executable(site)) return false;
  Dl_info info{};
  if (dladdr(site, &info) == 0 || info.dli_fname == nullptr) return false;
  for (const char* name : {"/libgomp.so", "/libomp.so", "/libomp5.so", "/libiomp5.so"}) {
    if (std::strstr(info.dli_fname, name) != nullptr) return true;
  }
  // libomp-14 and the like.
  if (std::strstr(info.dli_fname, "/libomp") != nullptr) return true;
  known = site;
  return false;
}

std::size_t stack_size_of(const pthread_attr_t* attributes) {
  std::size_t wanted = 0, usual = 0;
  if (attributes == nullptr || pthread_attr_getstacksize(attributes, &wanted) != 0) return 0;
  pthread_attr_t defaults;
  if (pthread_attr_init(&defaults) != 0) return 0;
  pthread_attr_getstacksize(&defaults, &usual);
  pthread_attr_destroy(&defaults);
  return wanted == usual ? 0 : wanted;
}

bool wants_detached(const pthread_attr_t* attributes) {
  int state = PTHREAD_CREATE_JOINABLE;
  if (attributes != nullptr) pthread_attr_getdetachstate(attributes, &state);
  return state == PTHREAD_CREATE_DETACHED;
}

}  // namespace

void run_once(Engine& engine, pthread_once_t* control, OnceBody body, const void* site) {
  // Done once, done for ever: nothing that others do before or after makes a difference, so it is
  // no operation. (The C++ library asks whenever a stream is made.)
  if (*control == kOnceDone) return engine.acquire(control);
  engine.perform(
      {.kind = OpKind::kOnce, .object = control, .site = site, .ready = &once_is_settled});
  const bool mine = *control != kOnceDone;
  engine.acquire(control);
  engine.emit(OpKind::kOnce, Outcome::kDone, control, site, mine ? 1 : 0);
  if (!mine) return;
  *control = kOnceRunning;
  OnceRun run{engine, control, site};
  body();
  run.done = true;
}

void create_thread(Engine& engine, pthread_t* handle, const pthread_attr_t* attributes,
                   CreateBody body, void* argument, const void* site) {
  if (is_openmp(site)) {
    // Named by the program's function: where the library lies may differ from run to run.
    const engine::ShadowStack& stack = engine::g_shadow_stack;
    if (stack.top != stack.base) site = stack.top[-1].entry;
    refuse(engine, "OpenMP", "its runtime synchronizes out of the engine's sight",
           "compile without -fopenmp, or set OMP_NUM_THREADS=1", site);
  }
  const engine::Thread& thread = engine.spawn(body, argument,
                                              {.detached = wants_detached(attributes),
                                               .site = site,
                                               .stack_size = stack_size_of(attributes)});
  *handle = engine.pthread_handle(thread);
}

int join_thread(Engine& engine, pthread_t handle, void** result, engine::Time deadline,
                const void* site) {
  engine::Thread* thread = engine.find_thread(handle);
  if (thread == nullptr || thread->joined()) return ESRCH;
  if (thread->detached()) return EINVAL;
  if (thread == &engine.self()) return EDEADLK;
  cancellation_point(engine);
  bool& interruptible = engine.self().door().interruptible;
  interruptible = true;
  engine.perform({.kind = OpKind::kThreadJoin,
                  .object = thread,
                  .site = site,
                  .deadline = deadline,
                  .blocked_while = Engine::end_of(*thread)});
  interruptible = false;
  if (!thread->finished()) {
    cancellation_point(engine);
    engine.emit(OpKind::kThreadJoin, Outcome::kTimedOut, thread, site, thread->id());
    return ETIMEDOUT;
  }
  engine.finish_join(*thread, result, site);
  return 0;
}

int try_join_thread(Engine& engine, pthread_t handle, void** result, const void* site) {
  engine::Thread* thread = engine.find_thread(handle);
  if (thread == nullptr || thread->joined()) return ESRCH;
  if (thread->detached()) return EINVAL;
  engine.perform({.kind = OpKind::kThreadJoin, .object = thread, .site = site});
  if (!thread->finished()) {
    engine.emit(OpKind::kThreadJoin, Outcome::kWouldBlock, thread, site, thread->id());
    return EBUSY;
  }
  engine.finish_join(*thread, result, site);
  return 0;
}

int detach_thread(Engine& engine, pthread_t handle, const void* site) {
  engine::Thread* thread = engine.find_thread(handle);
  if (thread == nullptr || thread->joined()) return ESRCH;
  if (thread->detached()) return EINVAL;
  engine.detach(*thread, site);
  return 0;
}

}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

int pthread_create(pthread_t* handle, const pthread_attr_t* attributes, CreateBody body,
                   void* argument) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) {
    if (interpose::g_native_thread_site == nullptr)
      interpose::g_native_thread_site = CHICANE_SITE();
    return interpose::real_pthread_create()(handle, attributes, body, argument);
  }
  interpose::create_thread(*engine, handle, attributes, body, argument, CHICANE_SITE());
  return 0;
}

int pthread_join(pthread_t handle, void** result) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_join()(handle, result);
  return interpose::join_thread(*engine, handle, result, chicane::engine::kNever, CHICANE_SITE());
}

int pthread_tryjoin_np(pthread_t handle, void** result) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_tryjoin_np()(handle, result);
  return interpose::try_join_thread(*engine, handle, result, CHICANE_SITE());
}

int pthread_timedjoin_np(pthread_t handle, void** result, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_timedjoin_np()(handle, result, time);
  return interpose::join_thread(*engine, handle, result,
                                interpose::virtual_time(CLOCK_REALTIME, *time), CHICANE_SITE());
}

int pthread_clockjoin_np(pthread_t handle, void** result, clockid_t clock, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) {
    return interpose::real_pthread_clockjoin_np()(handle, result, clock, time);
  }
  return interpose::join_thread(*engine, handle, result, interpose::virtual_time(clock, *time),
                                CHICANE_SITE());
}

int pthread_detach(pthread_t handle) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_detach()(handle);
  return interpose::detach_thread(*engine, handle, CHICANE_SITE());
}

void pthread_exit(void* result) {
  Engine* engine = Engine::active();
  if (engine == nullptr) interpose::real_pthread_exit()(result);
  engine->exit_thread(result);
}

int pthread_once(pthread_once_t* control, OnceBody body) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_once()(control, body);
  interpose::run_once(*engine, control, body, CHICANE_SITE());
  return 0;
}

int pthread_key_create(pthread_key_t* key, KeyDestructor destroy) noexcept {
  const int error = interpose::real_pthread_key_create()(key, destroy);
  // ThreadSanitizer ends its own thread state by such a key; borrowed threads must keep theirs.
  const bool program = Engine::active() != nullptr || !chicane::engine::has_real_tsan();
  if (error == 0 && program) Engine::instance().add_key(*key, destroy);
  return error;
}

int pthread_key_delete(pthread_key_t key) noexcept {
  Engine::instance().remove_key(key);
  return interpose::real_pthread_key_delete()(key);
}

int __cxa_thread_atexit(KeyDestructor destroy, void* object, void* module) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real___cxa_thread_atexit()(destroy, object, module);
  engine->at_thread_exit(destroy, object);
  return 0;
}

}  // extern "C"
