// SPDX-License-Identifier: Apache-2.0
//
// Front door: pthread mutexes, and with them std::mutex, std::recursive_mutex, std::timed_mutex.
#include "interpose/mutex.h"

#include <cerrno>

#include "interpose/clock.h"
#include "interpose/real.h"
#include "interpose/signal.h"
#include "interpose/tsan_hooks.h"

CHICANE_REAL(int, pthread_mutex_lock, (pthread_mutex_t*))
CHICANE_REAL(int, pthread_mutex_trylock, (pthread_mutex_t*))
CHICANE_REAL(int, pthread_mutex_timedlock, (pthread_mutex_t*, const timespec*))
CHICANE_REAL(int, pthread_mutex_clocklock, (pthread_mutex_t*, clockid_t, const timespec*))
CHICANE_REAL(int, pthread_mutex_unlock, (pthread_mutex_t*))
CHICANE_REAL(int, pthread_mutex_destroy, (pthread_mutex_t*))

namespace chicane::interpose {

using engine::Engine;
using engine::OpKind;
using engine::Outcome;

namespace {

int kind_of(const MutexState& state) { return state.kind & 3; }

/// Not shared between processes, which may have it at two addresses; and not robust.
bool has_one_address(const MutexState& state) {
  constexpr int kRobust = 16, kShared = 128;
  return (state.kind & (kRobust | kShared)) == 0;
}

std::int32_t self(const Engine& engine) {
  return static_cast<std::int32_t>(const_cast<Engine&>(engine).self().id()) + 1;
}

void take(Engine& engine, pthread_mutex_t* mutex, OpKind kind, const void* site) {
  MutexState& state = *state_of(mutex);
  state.locked = 1;
  state.depth = 1;
  state.owner = self(engine);
  state.generation = engine.generation();
  if (has_one_address(state)) state.self = mutex;
  engine.acquire(mutex);
  tsan_locked(mutex, false);
  engine.emit(kind, Outcome::kDone, mutex, site);
}

/// Of a mutex that nobody holds. The copy of a held one is told when somebody waits for it.
void check_copy(Engine& engine, pthread_mutex_t* mutex, OpKind kind, const void* site) {
  MutexState& state = *state_of(mutex);
  if (state.self == mutex || state.self == nullptr || state.locked != 0) [[likely]]
    return;
  if (!has_one_address(state)) return;
  state.self = nullptr;
  engine.emit(kind, Outcome::kCopied, mutex, site);
}

void clear(MutexState& state) {
  state.locked = 0;
  state.depth = 0;
  state.owner = 0;
  state.generation = 0;
}

}  // namespace

bool holds_mutex(const Engine& engine, pthread_mutex_t* mutex) {
  const MutexState& state = *state_of(mutex);
  return state.held(engine) && state.owner == self(engine);
}

// As part of the front door, not called by it: each return on the way from a switch to the program
// may cost as much as the rest of the operation.
[[gnu::always_inline]] inline int lock_here(Engine& engine, pthread_mutex_t* mutex,
                                            const void* site, engine::Time deadline) {
  MutexState& state = *state_of(mutex);
  if (holds_mutex(engine, mutex)) {
    if (kind_of(state) == PTHREAD_MUTEX_RECURSIVE) {
      ++state.depth;
      return 0;
    }
    if (kind_of(state) == PTHREAD_MUTEX_ERRORCHECK) {
      engine.emit(OpKind::kLock, Outcome::kFailed, mutex, site);
      return EDEADLK;
    }
  }
  if (!state.held(engine)) state.locked = 0;  // a lock of an earlier run, in a static mutex
  check_copy(engine, mutex, OpKind::kLock, site);
  const bool ready = engine.perform({.kind = OpKind::kLock,
                                     .object = mutex,
                                     .site = site,
                                     .deadline = deadline,
                                     .blocked_while = &state.locked});
  if (!ready) {
    engine.emit(OpKind::kLock, Outcome::kTimedOut, mutex, site);
    return ETIMEDOUT;
  }
  take(engine, mutex, OpKind::kLock, site);
  return 0;
}

int lock_mutex(Engine& engine, pthread_mutex_t* mutex, const void* site, engine::Time deadline) {
  return lock_here(engine, mutex, site, deadline);
}

void release_mutex(Engine& engine, pthread_mutex_t* mutex, const void* site) {
  engine.emit(OpKind::kUnlock, Outcome::kDone, mutex, site);
  tsan_unlocked(mutex, false);
  engine.release(mutex);
  clear(*state_of(mutex));
}

[[gnu::always_inline]] inline int unlock_here(Engine& engine, pthread_mutex_t* mutex,
                                              const void* site) {
  MutexState& state = *state_of(mutex);
  if (holds_mutex(engine, mutex) && state.depth > 1) {
    --state.depth;
    return 0;
  }
  engine.perform({.kind = OpKind::kUnlock, .object = mutex, .site = site});
  const bool checks = kind_of(state) != PTHREAD_MUTEX_NORMAL;
  if (!state.held(engine)) {
    engine.emit(OpKind::kUnlock, Outcome::kNotLocked, mutex, site);
    tsan_unlocked(mutex, false);
    return checks ? EPERM : 0;
  }
  if (!holds_mutex(engine, mutex)) {
    engine::Thread* owner = engine.threads()[static_cast<std::size_t>(state.owner - 1)];
    engine.emit(OpKind::kUnlock, Outcome::kNotOwner, mutex, site, owner->id());
    if (checks) return EPERM;
    tsan_unlocked(mutex, false);
    engine.drop_held(*owner, mutex);
    engine.release(mutex);
    clear(state);
    return 0;
  }
  release_mutex(engine, mutex, site);
  return 0;
}

int try_lock_mutex(Engine& engine, pthread_mutex_t* mutex, const void* site) {
  MutexState& state = *state_of(mutex);
  engine.perform({.kind = OpKind::kTryLock, .object = mutex, .site = site});
  if (!state.held(engine)) {
    check_copy(engine, mutex, OpKind::kTryLock, site);
    take(engine, mutex, OpKind::kTryLock, site);
    return 0;
  }
  if (kind_of(state) == PTHREAD_MUTEX_RECURSIVE && holds_mutex(engine, mutex)) {
    ++state.depth;
    return 0;
  }
  engine.emit(OpKind::kTryLock, Outcome::kWouldBlock, mutex, site);
  return EBUSY;
}

int destroy_mutex(Engine& engine, pthread_mutex_t* mutex, const void* site) {
  const bool held = state_of(mutex)->held(engine);
  engine.emit(OpKind::kMutexDestroy, held ? Outcome::kDestroyedBusy : Outcome::kDone, mutex, site);
  if (held) return EBUSY;
  *mutex = pthread_mutex_t{};
  return 0;
}

int unlock_mutex(Engine& engine, pthread_mutex_t* mutex, const void* site) {
  return unlock_here(engine, mutex, site);
}

}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_mutex_lock()(mutex);
  interpose::check_signal_safety(*engine, "pthread_mutex_lock", CHICANE_SITE());
  return interpose::lock_here(*engine, mutex, CHICANE_SITE(), chicane::engine::kNever);
}

int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_mutex_timedlock()(mutex, time);
  return interpose::lock_mutex(*engine, mutex, CHICANE_SITE(),
                               interpose::virtual_time(CLOCK_REALTIME, *time));
}

int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_mutex_clocklock()(mutex, clock, time);
  return interpose::lock_mutex(*engine, mutex, CHICANE_SITE(),
                               interpose::virtual_time(clock, *time));
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_mutex_trylock()(mutex);
  return interpose::try_lock_mutex(*engine, mutex, CHICANE_SITE());
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_mutex_unlock()(mutex);
  return interpose::unlock_here(*engine, mutex, CHICANE_SITE());
}

int pthread_mutex_destroy(pthread_mutex_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_mutex_destroy()(mutex);
  return interpose::destroy_mutex(*engine, mutex, CHICANE_SITE());
}

}  // extern "C"
