// SPDX-License-Identifier: Apache-2.0
//
// Front door: pthread condition variables, and with them std::condition_variable(_any).
//
// The model keeps the waiting threads in a list whose head lies in the program's own
// pthread_cond_t (its first 16 bytes, zero while nobody waits; the clock attribute stays).
//
//   wait   = enqueue and unlock (one operation) -> woken, timed out or (option) spurious -> lock
//   signal = one of the waiting threads, a choice; lost when none waits
//
// Happens-before: none of its own; the mutex has them.
// A wait is a cancellation point: a thread that is cancelled in it has the mutex again first.
#include "interpose/cond.h"

#include <cerrno>

#include "interpose/cancel.h"
#include "interpose/clock.h"
#include "interpose/mutex.h"
#include "interpose/real.h"

CHICANE_REAL(int, pthread_cond_wait, (pthread_cond_t*, pthread_mutex_t*))
CHICANE_REAL(int, pthread_cond_timedwait, (pthread_cond_t*, pthread_mutex_t*, const timespec*))
CHICANE_REAL(int, pthread_cond_clockwait,
             (pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*))
CHICANE_REAL(int, pthread_cond_signal, (pthread_cond_t*))
CHICANE_REAL(int, pthread_cond_broadcast, (pthread_cond_t*))
CHICANE_REAL(int, pthread_cond_destroy, (pthread_cond_t*))

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;
using engine::Time;

struct Waiter {
  engine::ThreadId thread;
  pthread_mutex_t* mutex;
  Waiter* next;
  bool woken;
};

struct CondState {
  Waiter* first;
  std::uint64_t generation;
};

CondState& cond_state(const Engine& engine, pthread_cond_t* cond) {
  auto& state = *reinterpret_cast<CondState*>(cond);
  if (state.generation != engine.generation()) state = {};
  return state;
}

void settle(CondState& state) {
  if (state.first == nullptr) state.generation = 0;
}

void enqueue(Engine& engine, pthread_cond_t* cond, Waiter& waiter) {
  CondState& state = cond_state(engine, cond);
  state.generation = engine.generation();
  Waiter** last = &state.first;
  while (*last != nullptr) last = &(*last)->next;
  *last = &waiter;
}

void remove(Engine& engine, pthread_cond_t* cond, const Waiter& waiter) {
  CondState& state = cond_state(engine, cond);
  for (Waiter** link = &state.first; *link != nullptr; link = &(*link)->next) {
    if (*link != &waiter) continue;
    *link = waiter.next;
    break;
  }
  settle(state);
}

bool is_woken(const Operation& operation) {
  return static_cast<const Waiter*>(operation.context)->woken;
}

// Whether the wait can begin: the caller holds the mutex, and every other waiter came with the
// same one.
bool check_lock(Engine& engine, pthread_cond_t* cond, pthread_mutex_t* mutex, const void* site) {
  if (!holds_mutex(engine, mutex)) {
    engine.emit(OpKind::kCondWait, Outcome::kWaitWithoutLock, cond, site, 0, mutex);
    return false;
  }
  const Waiter* other = cond_state(engine, cond).first;
  if (other != nullptr && other->mutex != mutex) {
    engine.emit(OpKind::kCondWait, Outcome::kWaitWithOtherLock, cond, site, 0, mutex);
  }
  return true;
}

}  // namespace

int wait_cond(Engine& engine, pthread_cond_t* cond, pthread_mutex_t* mutex, Time deadline,
              const void* site) {
  cancellation_point(engine);
  engine.perform({.kind = OpKind::kCondWait, .object = cond, .site = site, .context = mutex});
  const bool locked = check_lock(engine, cond, mutex, site);
  Waiter waiter{engine.self().id(), mutex, nullptr, false};
  enqueue(engine, cond, waiter);
  if (locked) release_mutex(engine, mutex, site);
  engine.emit(OpKind::kCondWait, Outcome::kDone, cond, site, 0, mutex);
  // That this wait returns without a reason is a choice of its own; else it must not, or a program
  // that waits for ever would spin instead.
  const bool spurious =
      engine.options().spurious_wakeups &&
      engine.choose({.kind = OpKind::kCondWake, .object = cond, .site = site}, 2) != 0;
  perform_interruptible(engine, {.kind = OpKind::kCondWake,
                                 .object = cond,
                                 .site = site,
                                 .ready = spurious ? nullptr : &is_woken,
                                 .context = &waiter,
                                 .deadline = deadline});
  const bool timed_out = !waiter.woken && !spurious;
  if (!waiter.woken) remove(engine, cond, waiter);
  engine.emit(OpKind::kCondWake, timed_out ? Outcome::kTimedOut : Outcome::kDone, cond, site,
              waiter.woken, mutex);
  if (locked) lock_mutex(engine, mutex, site);
  if (timed_out) cancellation_point(engine);
  return timed_out ? ETIMEDOUT : 0;
}

void signal_cond(Engine& engine, pthread_cond_t* cond, const void* site) {
  const Operation operation{.kind = OpKind::kCondSignal, .object = cond, .site = site};
  engine.perform(operation);
  unsigned count = 0;
  CondState& state = cond_state(engine, cond);
  for (const Waiter* waiter = state.first; waiter != nullptr; waiter = waiter->next) ++count;
  std::uintptr_t woken = 0;
  if (count > 0) {
    unsigned index = engine.choose(operation, count);
    Waiter** link = &state.first;
    for (; index > 0; --index) link = &(*link)->next;
    (*link)->woken = true;
    woken = (*link)->thread + 1;
    *link = (*link)->next;
    settle(state);
  }
  engine.emit(OpKind::kCondSignal, Outcome::kDone, cond, site, count > 0 ? 1 : 0,
              reinterpret_cast<const void*>(woken));
}

void broadcast_cond(Engine& engine, pthread_cond_t* cond, const void* site) {
  engine.perform({.kind = OpKind::kCondBroadcast, .object = cond, .site = site});
  CondState& state = cond_state(engine, cond);
  std::uint64_t count = 0;
  for (Waiter* waiter = state.first; waiter != nullptr; waiter = waiter->next) {
    waiter->woken = true;
    ++count;
  }
  state = {};
  engine.emit(OpKind::kCondBroadcast, Outcome::kDone, cond, site, count);
}

int destroy_cond(Engine& engine, pthread_cond_t* cond, const void* site) {
  // POSIX allows it once all waiters are woken, though they may not have gone on yet.
  if (cond_state(engine, cond).first != nullptr) {
    engine.emit(OpKind::kMutexDestroy, Outcome::kDestroyedBusy, cond, site);
  }
  return 0;
}

namespace {

// The clock that pthread_condattr_setclock chose, as glibc keeps it.
clockid_t clock_of(const pthread_cond_t& cond) {
  return (cond.__data.__wrefs & 2) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

int pthread_cond_wait(pthread_cond_t* cond, pthread_mutex_t* mutex) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_cond_wait()(cond, mutex);
  return interpose::wait_cond(*engine, cond, mutex, chicane::engine::kNever, CHICANE_SITE());
}

int pthread_cond_timedwait(pthread_cond_t* cond, pthread_mutex_t* mutex, const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_cond_timedwait()(cond, mutex, time);
  const auto deadline = interpose::virtual_time(interpose::clock_of(*cond), *time);
  return interpose::wait_cond(*engine, cond, mutex, deadline, CHICANE_SITE());
}

int pthread_cond_clockwait(pthread_cond_t* cond, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* time) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_cond_clockwait()(cond, mutex, clock, time);
  return interpose::wait_cond(*engine, cond, mutex, interpose::virtual_time(clock, *time),
                              CHICANE_SITE());
}

int pthread_cond_signal(pthread_cond_t* cond) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_cond_signal()(cond);
  interpose::signal_cond(*engine, cond, CHICANE_SITE());
  return 0;
}

int pthread_cond_broadcast(pthread_cond_t* cond) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_cond_broadcast()(cond);
  interpose::broadcast_cond(*engine, cond, CHICANE_SITE());
  return 0;
}

int pthread_cond_destroy(pthread_cond_t* cond) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_cond_destroy()(cond);
  return interpose::destroy_cond(*engine, cond, CHICANE_SITE());
}

}  // extern "C"
