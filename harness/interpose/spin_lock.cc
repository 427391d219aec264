// SPDX-License-Identifier: Apache-2.0
//
// Front door: pthread spin locks. They are modelled as locks that are waited for, not spun on.
//
//   | state    | lock by another | lock by owner    | try      | unlock by owner | by another |
//   |----------|-----------------|------------------|----------|-----------------|------------------|
//   | unlocked | locked          | locked           | locked   | misuse          | misuse | |
//   locked   | waits           | waits for ever   | EBUSY    | unlocked        | misuse; unlocked |
//
// Happens-before: an unlock before every later lock of the same spin lock.
// State lies in the program's own pthread_spinlock_t: as glibc has it while unlocked; while locked
// the run and the owner.
#include <pthread.h>

#include <cerrno>
#include <cstdint>

#include "engine/engine.h"
#include "interpose/real.h"
#include "interpose/refuse.h"
#include "interpose/tsan_hooks.h"

CHICANE_REAL(int, pthread_spin_init, (pthread_spinlock_t*, int))
CHICANE_REAL(int, pthread_spin_lock, (pthread_spinlock_t*))
CHICANE_REAL(int, pthread_spin_trylock, (pthread_spinlock_t*))
CHICANE_REAL(int, pthread_spin_unlock, (pthread_spinlock_t*))
CHICANE_REAL(int, pthread_spin_destroy, (pthread_spinlock_t*))

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::OpKind;
using engine::Outcome;

#if defined(__x86_64__)
constexpr int kUnlocked = 1;
#else
constexpr int kUnlocked = 0;
#endif
constexpr std::uint32_t kLocked = 0x8000'0000, kRunMask = 0xffff, kOwnerBits = 15;

// Locked, by `owner`, in this run (a lock that an earlier run left locked is free).
int locked_by(const Engine& engine, engine::ThreadId owner) {
  return static_cast<int>(kLocked | (engine.generation() & kRunMask) << kOwnerBits |
                          (owner & ((1u << kOwnerBits) - 1)));
}
bool is_locked(const Engine& engine, const volatile int* lock) {
  const auto state = static_cast<std::uint32_t>(*lock);
  return (state & kLocked) != 0 &&
         (state >> kOwnerBits & kRunMask) == (engine.generation() & kRunMask);
}
engine::ThreadId owner_of(const volatile int* lock) {
  return static_cast<std::uint32_t>(*lock) & ((1u << kOwnerBits) - 1);
}

bool is_free(const engine::Operation& operation) {
  return !is_locked(Engine::instance(), static_cast<const int*>(operation.object));
}

const void* address(pthread_spinlock_t* lock) { return const_cast<const int*>(lock); }

void take(Engine& engine, pthread_spinlock_t* lock, OpKind kind, const void* site) {
  *lock = locked_by(engine, engine.self().id());
  engine.acquire(address(lock));
  tsan_locked(address(lock), false);
  engine.emit(kind, Outcome::kDone, address(lock), site);
}

int unlock(Engine& engine, pthread_spinlock_t* lock, const void* site) {
  engine.perform({.kind = OpKind::kUnlock, .object = address(lock), .site = site});
  if (!is_locked(engine, lock)) {
    engine.emit(OpKind::kUnlock, Outcome::kNotLocked, address(lock), site);
    tsan_unlocked(address(lock), false);
    return 0;
  }
  const bool mine = owner_of(lock) == engine.self().id();
  engine.emit(OpKind::kUnlock, mine ? Outcome::kDone : Outcome::kNotOwner, address(lock), site,
              mine ? 0 : owner_of(lock));
  tsan_unlocked(address(lock), false);
  if (!mine) engine.drop_held(*engine.threads()[owner_of(lock)], address(lock));
  engine.release(address(lock));
  *lock = kUnlocked;
  return 0;
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
using chicane::engine::OpKind;
using chicane::engine::Outcome;
namespace interpose = chicane::interpose;

extern "C" {

int pthread_spin_init(pthread_spinlock_t* lock, int shared) noexcept {
  Engine* engine = Engine::active();
  if (engine != nullptr && shared == PTHREAD_PROCESS_SHARED) {
    interpose::refuse(*engine, "pthread_spin_init", "a process-shared spin lock has no model",
                      "use PTHREAD_PROCESS_PRIVATE", CHICANE_SITE());
  }
  return interpose::real_pthread_spin_init()(lock, shared);
}

int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_spin_lock()(lock);
  const void* site = CHICANE_SITE();
  engine->perform({.kind = OpKind::kLock,
                   .object = interpose::address(lock),
                   .site = site,
                   .ready = &interpose::is_free});
  interpose::take(*engine, lock, OpKind::kLock, site);
  return 0;
}

int pthread_spin_trylock(pthread_spinlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_spin_trylock()(lock);
  const void* site = CHICANE_SITE();
  engine->perform({.kind = OpKind::kTryLock, .object = interpose::address(lock), .site = site});
  if (interpose::is_locked(*engine, lock)) {
    engine->emit(OpKind::kTryLock, Outcome::kWouldBlock, interpose::address(lock), site);
    return EBUSY;
  }
  interpose::take(*engine, lock, OpKind::kTryLock, site);
  return 0;
}

int pthread_spin_unlock(pthread_spinlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_spin_unlock()(lock);
  return interpose::unlock(*engine, lock, CHICANE_SITE());
}

int pthread_spin_destroy(pthread_spinlock_t* lock) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_spin_destroy()(lock);
  const bool held = interpose::is_locked(*engine, lock);
  engine->emit(OpKind::kMutexDestroy, held ? Outcome::kDestroyedBusy : Outcome::kDone,
               interpose::address(lock), CHICANE_SITE());
  return held ? EBUSY : 0;
}

}  // extern "C"
