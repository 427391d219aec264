// SPDX-License-Identifier: Apache-2.0
//
// Front door: C11's <threads.h>. glibc's own implementation calls past the POSIX functions of the
// same meaning; under the engine these are those (mtx_t, cnd_t and once_flag have their layout).
#include <threads.h>

#include <cerrno>
#include <cstdint>

#include "interpose/clock.h"
#include "interpose/cond.h"
#include "interpose/mutex.h"
#include "interpose/real.h"
#include "interpose/thread.h"

CHICANE_REAL(int, thrd_create, (thrd_t*, thrd_start_t, void*))
CHICANE_REAL(int, thrd_join, (thrd_t, int*))
CHICANE_REAL(int, thrd_detach, (thrd_t))
CHICANE_REAL(void, thrd_exit, (int))
CHICANE_REAL(int, thrd_sleep, (const timespec*, timespec*))
CHICANE_REAL(void, thrd_yield, ())
CHICANE_REAL(int, mtx_lock, (mtx_t*))
CHICANE_REAL(int, mtx_timedlock, (mtx_t*, const timespec*))
CHICANE_REAL(int, mtx_trylock, (mtx_t*))
CHICANE_REAL(int, mtx_unlock, (mtx_t*))
CHICANE_REAL(void, mtx_destroy, (mtx_t*))
CHICANE_REAL(int, cnd_wait, (cnd_t*, mtx_t*))
CHICANE_REAL(int, cnd_timedwait, (cnd_t*, mtx_t*, const timespec*))
CHICANE_REAL(int, cnd_signal, (cnd_t*))
CHICANE_REAL(int, cnd_broadcast, (cnd_t*))
CHICANE_REAL(void, cnd_destroy, (cnd_t*))
CHICANE_REAL(void, call_once, (once_flag*, void (*)()))

namespace chicane::interpose {
namespace {

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t));
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t));

pthread_mutex_t* posix(mtx_t* mutex) { return reinterpret_cast<pthread_mutex_t*>(mutex); }
pthread_cond_t* posix(cnd_t* cond) { return reinterpret_cast<pthread_cond_t*>(cond); }

int c11(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    default:
      return thrd_error;
  }
}

engine::Time deadline_of(const timespec& time) { return virtual_time(CLOCK_REALTIME, time); }

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
using chicane::engine::kNever;
namespace interpose = chicane::interpose;

extern "C" {

int thrd_create(thrd_t* handle, thrd_start_t body, void* argument) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_thrd_create()(handle, body, argument);
  // An int comes back where a pointer would: its upper half is nobody's business.
  interpose::create_thread(*engine, handle, nullptr,
                           reinterpret_cast<interpose::CreateBody>(reinterpret_cast<void*>(body)),
                           argument, CHICANE_SITE());
  return thrd_success;
}

int thrd_join(thrd_t handle, int* result) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_thrd_join()(handle, result);
  void* value = nullptr;
  const int error = interpose::join_thread(*engine, handle, &value, kNever, CHICANE_SITE());
  if (error == 0 && result != nullptr) {
    *result = static_cast<int>(reinterpret_cast<std::intptr_t>(value));
  }
  return interpose::c11(error);
}

int thrd_detach(thrd_t handle) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_thrd_detach()(handle);
  return interpose::c11(interpose::detach_thread(*engine, handle, CHICANE_SITE()));
}

void thrd_exit(int result) {
  Engine* engine = Engine::active();
  if (engine == nullptr) interpose::real_thrd_exit()(result);
  engine->exit_thread(reinterpret_cast<void*>(static_cast<std::intptr_t>(result)));
}

int thrd_sleep(const timespec* duration, timespec* remaining) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_thrd_sleep()(duration, remaining);
  interpose::sleep_for(*engine, interpose::nanoseconds(*duration), CHICANE_SITE());
  if (remaining != nullptr) *remaining = {};
  return 0;
}

void thrd_yield() {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_thrd_yield()();
  const void* site = CHICANE_SITE();
  engine->perform({.kind = chicane::engine::OpKind::kYield, .site = site});
  engine->emit(chicane::engine::OpKind::kYield, chicane::engine::Outcome::kDone, nullptr, site);
}

int mtx_lock(mtx_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_mtx_lock()(mutex);
  return interpose::c11(interpose::lock_mutex(*engine, interpose::posix(mutex), CHICANE_SITE()));
}

int mtx_timedlock(mtx_t* mutex, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_mtx_timedlock()(mutex, time);
  return interpose::c11(interpose::lock_mutex(*engine, interpose::posix(mutex), CHICANE_SITE(),
                                              interpose::deadline_of(*time)));
}

int mtx_trylock(mtx_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_mtx_trylock()(mutex);
  return interpose::c11(
      interpose::try_lock_mutex(*engine, interpose::posix(mutex), CHICANE_SITE()));
}

int mtx_unlock(mtx_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_mtx_unlock()(mutex);
  return interpose::c11(interpose::unlock_mutex(*engine, interpose::posix(mutex), CHICANE_SITE()));
}

void mtx_destroy(mtx_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_mtx_destroy()(mutex);
  interpose::destroy_mutex(*engine, interpose::posix(mutex), CHICANE_SITE());
}

int cnd_wait(cnd_t* cond, mtx_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_cnd_wait()(cond, mutex);
  return interpose::c11(interpose::wait_cond(*engine, interpose::posix(cond),
                                             interpose::posix(mutex), kNever, CHICANE_SITE()));
}

int cnd_timedwait(cnd_t* cond, mtx_t* mutex, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_cnd_timedwait()(cond, mutex, time);
  return interpose::c11(interpose::wait_cond(*engine, interpose::posix(cond),
                                             interpose::posix(mutex), interpose::deadline_of(*time),
                                             CHICANE_SITE()));
}

int cnd_signal(cnd_t* cond) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_cnd_signal()(cond);
  interpose::signal_cond(*engine, interpose::posix(cond), CHICANE_SITE());
  return thrd_success;
}

int cnd_broadcast(cnd_t* cond) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_cnd_broadcast()(cond);
  interpose::broadcast_cond(*engine, interpose::posix(cond), CHICANE_SITE());
  return thrd_success;
}

void cnd_destroy(cnd_t* cond) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_cnd_destroy()(cond);
  interpose::destroy_cond(*engine, interpose::posix(cond), CHICANE_SITE());
}

void call_once(once_flag* control, void (*body)()) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_call_once()(control, body);
  interpose::run_once(*engine, reinterpret_cast<pthread_once_t*>(control), body, CHICANE_SITE());
}

int tss_create(tss_t* key, tss_dtor_t destroy) {
  return pthread_key_create(key, destroy) == 0 ? thrd_success : thrd_error;
}

void tss_delete(tss_t key) { pthread_key_delete(key); }

}  // extern "C"
