// SPDX-License-Identifier: Apache-2.0
//
// Front door: initialization with attributes. Those without a model are refused where the object is
// made: robust mutexes (their owner may die with them) and objects that processes share (the other
// process is out of the engine's sight). A mutex's protocol (priority inheritance, ceiling) changes
// nothing that a schedule could show, and is accepted.
#include <pthread.h>

#include "engine/engine.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

CHICANE_REAL(int, pthread_mutex_init, (pthread_mutex_t*, const pthread_mutexattr_t*))
CHICANE_REAL(int, pthread_cond_init, (pthread_cond_t*, const pthread_condattr_t*))
CHICANE_REAL(int, pthread_rwlock_init, (pthread_rwlock_t*, const pthread_rwlockattr_t*))

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

namespace {

constexpr const char* kPrivate = "use PTHREAD_PROCESS_PRIVATE, and threads of one process";

}  // namespace

extern "C" {

int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) noexcept {
  Engine* engine = Engine::active();
  if (engine != nullptr && attributes != nullptr) {
    int robust = PTHREAD_MUTEX_STALLED, shared = PTHREAD_PROCESS_PRIVATE;
    pthread_mutexattr_getrobust(attributes, &robust);
    pthread_mutexattr_getpshared(attributes, &shared);
    if (robust == PTHREAD_MUTEX_ROBUST) {
      interpose::refuse(*engine, "pthread_mutex_init", "a robust mutex has no model",
                        "use PTHREAD_MUTEX_STALLED under the engine", CHICANE_SITE());
    }
    if (shared == PTHREAD_PROCESS_SHARED) {
      interpose::refuse(*engine, "pthread_mutex_init", "a process-shared mutex has no model",
                        kPrivate, CHICANE_SITE());
    }
  }
  return interpose::real_pthread_mutex_init()(mutex, attributes);
}

int pthread_cond_init(pthread_cond_t* cond, const pthread_condattr_t* attributes) noexcept {
  Engine* engine = Engine::active();
  int shared = PTHREAD_PROCESS_PRIVATE;
  if (attributes != nullptr) pthread_condattr_getpshared(attributes, &shared);
  if (engine != nullptr && shared == PTHREAD_PROCESS_SHARED) {
    interpose::refuse(*engine, "pthread_cond_init",
                      "a process-shared condition variable has no model", kPrivate, CHICANE_SITE());
  }
  return interpose::real_pthread_cond_init()(cond, attributes);
}

int pthread_rwlock_init(pthread_rwlock_t* lock, const pthread_rwlockattr_t* attributes) noexcept {
  Engine* engine = Engine::active();
  int shared = PTHREAD_PROCESS_PRIVATE;
  if (attributes != nullptr) pthread_rwlockattr_getpshared(attributes, &shared);
  if (engine != nullptr && shared == PTHREAD_PROCESS_SHARED) {
    interpose::refuse(*engine, "pthread_rwlock_init", "a process-shared lock has no model",
                      kPrivate, CHICANE_SITE());
  }
  return interpose::real_pthread_rwlock_init()(lock, attributes);
}

}  // extern "C"
