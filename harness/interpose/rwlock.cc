// SPDX-License-Identifier: Apache-2.0
//
// Front door: pthread read-write locks, and with them std::shared_mutex and shared_timed_mutex.
//
//   | state          | read lock                          | write lock            | unlock       |
//   |----------------|------------------------------------|-----------------------|--------------|
//   | free           | read by 1                          | written               | misuse       |
//   | read by n      | read by n + 1 (writer preference:  | waits (also the       | read by n - 1|
//   |                | waits while a writer waits)        | reader: an upgrade)   |              |
//   | written        | waits; by the writer misuse,       | waits; by the writer  | free         |
//   |                | EDEADLK                            | misuse, EDEADLK       |              |
//
// Happens-before: a write unlock before every later lock, a read unlock before every later write
// lock. State lies in the program's own pthread_rwlock_t, zero while free.
// Whom it prefers: glibc's default is readers; PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP lets a
// waiting writer hold new readers back.
#include <pthread.h>

#include <cerrno>
#include <cstdint>

#include "engine/engine.h"
#include "interpose/clock.h"
#include "interpose/real.h"
#include "interpose/tsan_hooks.h"

CHICANE_REAL(int, pthread_rwlock_rdlock, (pthread_rwlock_t*))
CHICANE_REAL(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t*))
CHICANE_REAL(int, pthread_rwlock_timedrdlock, (pthread_rwlock_t*, const timespec*))
CHICANE_REAL(int, pthread_rwlock_clockrdlock, (pthread_rwlock_t*, clockid_t, const timespec*))
CHICANE_REAL(int, pthread_rwlock_wrlock, (pthread_rwlock_t*))
CHICANE_REAL(int, pthread_rwlock_trywrlock, (pthread_rwlock_t*))
CHICANE_REAL(int, pthread_rwlock_timedwrlock, (pthread_rwlock_t*, const timespec*))
CHICANE_REAL(int, pthread_rwlock_clockwrlock, (pthread_rwlock_t*, clockid_t, const timespec*))
CHICANE_REAL(int, pthread_rwlock_unlock, (pthread_rwlock_t*))
CHICANE_REAL(int, pthread_rwlock_destroy, (pthread_rwlock_t*))

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;
using engine::Time;

struct RwState {
  std::uint32_t readers;
  std::int32_t writer;  // a thread's id + 1
  std::uint32_t waiting_writers;
  std::uint32_t generation;
};

RwState& state_of(const Engine& engine, pthread_rwlock_t* lock) {
  auto& state = *reinterpret_cast<RwState*>(lock);
  if (state.generation != engine.generation()) state = {};
  return state;
}

// What begins a change of the state.
RwState& own(const Engine& engine, pthread_rwlock_t* lock) {
  RwState& state = state_of(engine, lock);
  state.generation = engine.generation();
  return state;
}

void settle(RwState& state) {
  if (state.readers == 0 && state.writer == 0 && state.waiting_writers == 0) state = {};
}

bool prefers_writer(const pthread_rwlock_t& lock) {
  return lock.__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

pthread_rwlock_t* lock_of(const Operation& operation) {
  return static_cast<pthread_rwlock_t*>(const_cast<void*>(operation.object));
}

bool can_read(const Operation& operation) {
  pthread_rwlock_t* lock = lock_of(operation);
  const RwState& state = state_of(Engine::instance(), lock);
  return state.writer == 0 && (state.waiting_writers == 0 || !prefers_writer(*lock));
}

bool can_write(const Operation& operation) {
  const RwState& state = state_of(Engine::instance(), lock_of(operation));
  return state.writer == 0 && state.readers == 0;
}

std::int32_t self(Engine& engine) { return static_cast<std::int32_t>(engine.self().id()) + 1; }

void take(Engine& engine, pthread_rwlock_t* lock, OpKind kind, bool shared, const void* site) {
  RwState& state = own(engine, lock);
  if (shared) {
    ++state.readers;
  } else {
    state.writer = self(engine);
  }
  engine.acquire(lock);
  // Readers release to a place of their own: two readers are not ordered by their locks.
  if (!shared) engine.acquire(reinterpret_cast<const char*>(lock) + 1);
  tsan_locked(lock, shared);
  engine.emit(kind, Outcome::kDone, lock, site, shared);
}

// The writer locks it again. glibc says so (and std::shared_mutex throws std::system_error), other
// systems wait for ever: a mistake, whatever the program makes of the error.
int refuse(Engine& engine, pthread_rwlock_t* lock, OpKind kind, const void* site) {
  engine.perform({.kind = kind, .object = lock, .site = site});
  engine.emit(kind, Outcome::kAlreadyOwned, lock, site);
  return EDEADLK;
}

int lock_shared(Engine& engine, pthread_rwlock_t* lock, Time deadline, const void* site) {
  if (state_of(engine, lock).writer == self(engine)) {
    return refuse(engine, lock, OpKind::kReadLock, site);
  }
  const bool ready = engine.perform({.kind = OpKind::kReadLock,
                                     .object = lock,
                                     .site = site,
                                     .ready = &can_read,
                                     .deadline = deadline});
  if (!ready) {
    engine.emit(OpKind::kReadLock, Outcome::kTimedOut, lock, site);
    return ETIMEDOUT;
  }
  take(engine, lock, OpKind::kReadLock, true, site);
  return 0;
}

int lock_exclusive(Engine& engine, pthread_rwlock_t* lock, Time deadline, const void* site) {
  if (state_of(engine, lock).writer == self(engine)) {
    return refuse(engine, lock, OpKind::kLock, site);
  }
  ++own(engine, lock).waiting_writers;
  const bool ready = engine.perform({.kind = OpKind::kLock,
                                     .object = lock,
                                     .site = site,
                                     .ready = &can_write,
                                     .deadline = deadline,
                                     .queues = prefers_writer(*lock)});
  RwState& state = own(engine, lock);
  --state.waiting_writers;
  if (!ready) {
    settle(state);
    engine.emit(OpKind::kLock, Outcome::kTimedOut, lock, site);
    return ETIMEDOUT;
  }
  take(engine, lock, OpKind::kLock, false, site);
  return 0;
}

int try_lock(Engine& engine, pthread_rwlock_t* lock, bool shared, const void* site) {
  const OpKind kind = shared ? OpKind::kTryReadLock : OpKind::kTryLock;
  const Operation operation{.kind = kind, .object = lock, .site = site};
  engine.perform(operation);
  if (shared ? !can_read(operation) : !can_write(operation)) {
    engine.emit(kind, Outcome::kWouldBlock, lock, site);
    return EBUSY;
  }
  take(engine, lock, kind, shared, site);
  return 0;
}

bool holds_shared(Engine& engine, const pthread_rwlock_t* lock) {
  for (const engine::HeldLock& held : engine.self().held()) {
    if (held.object == lock && held.shared) return true;
  }
  return false;
}

int unlock(Engine& engine, pthread_rwlock_t* lock, const void* site) {
  const bool shared = state_of(engine, lock).writer == 0;
  const OpKind kind = shared ? OpKind::kReadUnlock : OpKind::kUnlock;
  engine.perform({.kind = kind, .object = lock, .site = site});
  RwState& state = state_of(engine, lock);
  if (state.readers == 0 && state.writer == 0) {
    engine.emit(kind, Outcome::kNotLocked, lock, site);
    tsan_unlocked(lock, shared);
    return 0;
  }
  const bool owner = shared ? holds_shared(engine, lock) : state.writer == self(engine);
  engine.emit(kind, owner ? Outcome::kDone : Outcome::kNotOwner, lock, site);
  tsan_unlocked(lock, shared);
  if (!owner && !shared) {
    engine.drop_held(*engine.threads()[static_cast<std::size_t>(state.writer - 1)], lock);
  }
  if (shared) {
    engine.release(reinterpret_cast<const char*>(lock) + 1);
    --state.readers;
  } else {
    engine.release(lock);
    state.writer = 0;
  }
  settle(state);
  return 0;
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
using chicane::engine::kNever;
using chicane::engine::OpKind;
using chicane::engine::Outcome;
namespace interpose = chicane::interpose;

extern "C" {

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_rdlock()(lock);
  return interpose::lock_shared(*engine, lock, kNever, CHICANE_SITE());
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t* lock, const timespec* time) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_timedrdlock()(lock, time);
  return interpose::lock_shared(*engine, lock, interpose::virtual_time(CLOCK_REALTIME, *time),
                                CHICANE_SITE());
}

int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock,
                               const timespec* time) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_clockrdlock()(lock, clock, time);
  return interpose::lock_shared(*engine, lock, interpose::virtual_time(clock, *time),
                                CHICANE_SITE());
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_tryrdlock()(lock);
  return interpose::try_lock(*engine, lock, true, CHICANE_SITE());
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_wrlock()(lock);
  return interpose::lock_exclusive(*engine, lock, kNever, CHICANE_SITE());
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t* lock, const timespec* time) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_timedwrlock()(lock, time);
  return interpose::lock_exclusive(*engine, lock, interpose::virtual_time(CLOCK_REALTIME, *time),
                                   CHICANE_SITE());
}

int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock,
                               const timespec* time) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_clockwrlock()(lock, clock, time);
  return interpose::lock_exclusive(*engine, lock, interpose::virtual_time(clock, *time),
                                   CHICANE_SITE());
}

int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_trywrlock()(lock);
  return interpose::try_lock(*engine, lock, false, CHICANE_SITE());
}

int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_unlock()(lock);
  return interpose::unlock(*engine, lock, CHICANE_SITE());
}

int pthread_rwlock_destroy(pthread_rwlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_rwlock_destroy()(lock);
  const interpose::RwState& state = interpose::state_of(*engine, lock);
  const bool held = state.readers != 0 || state.writer != 0;
  engine->emit(OpKind::kMutexDestroy, held ? Outcome::kDestroyedBusy : Outcome::kDone, lock,
               CHICANE_SITE());
  return held ? EBUSY : 0;
}

}  // extern "C"
