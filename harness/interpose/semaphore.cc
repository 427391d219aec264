// SPDX-License-Identifier: Apache-2.0
//
// Front door: unnamed POSIX semaphores.
//
//   | value | wait             | try            | post                            |
//   |-------|------------------|----------------|---------------------------------|
//   | 0     | waits            | EAGAIN         | 1                               |
//   | n     | n - 1            | n - 1          | n + 1 (EOVERFLOW at SEM_VALUE_MAX) |
//
// Happens-before: a post before every later wait that succeeds. The value lies where glibc has it,
// so that sem_init and code outside of a run agree with the model; to ask for it is an operation,
// a load. Named and process-shared semaphores are refused: who else would post is out of the
// engine's sight.
#include <semaphore.h>

#include <cerrno>
#include <climits>

#include "engine/engine.h"
#include "interpose/cancel.h"
#include "interpose/clock.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

CHICANE_REAL(int, sem_init, (sem_t*, int, unsigned))
CHICANE_REAL(int, sem_wait, (sem_t*))
CHICANE_REAL(int, sem_trywait, (sem_t*))
CHICANE_REAL(int, sem_timedwait, (sem_t*, const timespec*))
CHICANE_REAL(int, sem_clockwait, (sem_t*, clockid_t, const timespec*))
CHICANE_REAL(int, sem_post, (sem_t*))
CHICANE_REAL(int, sem_getvalue, (sem_t*, int*))

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;

unsigned& value_of(sem_t* semaphore) { return *reinterpret_cast<unsigned*>(semaphore); }

bool has_value(const Operation& operation) {
  return *static_cast<const unsigned*>(operation.object) != 0;
}

int fail(int error) {
  errno = error;
  return -1;
}

int take(Engine& engine, sem_t* semaphore, const void* site) {
  const unsigned left = --value_of(semaphore);
  engine.acquire(semaphore);
  engine.emit(OpKind::kSemWait, Outcome::kDone, semaphore, site, left);
  return 0;
}

int wait(Engine& engine, sem_t* semaphore, engine::Time deadline, const void* site) {
  const bool ready = perform_cancellable(engine, {.kind = OpKind::kSemWait,
                                                  .object = semaphore,
                                                  .site = site,
                                                  .ready = &has_value,
                                                  .deadline = deadline});
  if (ready) return take(engine, semaphore, site);
  engine.emit(OpKind::kSemWait, Outcome::kTimedOut, semaphore, site);
  return fail(ETIMEDOUT);
}

int try_wait(Engine& engine, sem_t* semaphore, const void* site) {
  engine.perform({.kind = OpKind::kSemWait, .object = semaphore, .site = site});
  if (value_of(semaphore) != 0) return take(engine, semaphore, site);
  engine.emit(OpKind::kSemWait, Outcome::kWouldBlock, semaphore, site);
  return fail(EAGAIN);
}

int post(Engine& engine, sem_t* semaphore, const void* site) {
  engine.perform({.kind = OpKind::kSemPost, .object = semaphore, .site = site});
  if (value_of(semaphore) == SEM_VALUE_MAX) {
    engine.emit(OpKind::kSemPost, Outcome::kFailed, semaphore, site);
    return fail(EOVERFLOW);
  }
  engine.release(semaphore);
  const unsigned value = ++value_of(semaphore);
  engine.emit(OpKind::kSemPost, Outcome::kDone, semaphore, site, value);
  return 0;
}

int get_value(Engine& engine, sem_t* semaphore, int* value, const void* site) {
  engine.perform({.kind = OpKind::kAtomicLoad, .object = semaphore, .site = site});
  const unsigned is = value_of(semaphore);
  *value = static_cast<int>(is);
  engine.emit(OpKind::kAtomicLoad, Outcome::kDone, semaphore, site, is);
  return 0;
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

int sem_init(sem_t* semaphore, int shared, unsigned value) noexcept {
  Engine* engine = Engine::active();
  if (engine != nullptr && shared != 0) {
    interpose::refuse(*engine, "sem_init", "a process-shared semaphore has no model",
                      "pass pshared = 0", CHICANE_SITE());
  }
  return interpose::real_sem_init()(semaphore, shared, value);
}

int sem_wait(sem_t* semaphore) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sem_wait()(semaphore);
  return interpose::wait(*engine, semaphore, chicane::engine::kNever, CHICANE_SITE());
}

int sem_timedwait(sem_t* semaphore, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sem_timedwait()(semaphore, time);
  return interpose::wait(*engine, semaphore, interpose::virtual_time(CLOCK_REALTIME, *time),
                         CHICANE_SITE());
}

int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sem_clockwait()(semaphore, clock, time);
  return interpose::wait(*engine, semaphore, interpose::virtual_time(clock, *time), CHICANE_SITE());
}

int sem_trywait(sem_t* semaphore) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sem_trywait()(semaphore);
  return interpose::try_wait(*engine, semaphore, CHICANE_SITE());
}

int sem_post(sem_t* semaphore) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sem_post()(semaphore);
  return interpose::post(*engine, semaphore, CHICANE_SITE());
}

int sem_getvalue(sem_t* semaphore, int* value) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sem_getvalue()(semaphore, value);
  return interpose::get_value(*engine, semaphore, value, CHICANE_SITE());
}

}  // extern "C"
