// SPDX-License-Identifier: Apache-2.0
//
// Front door: Abseil's Mutex and CondVar. The library is rarely compiled with the instrumentation,
// and locks by atomics of its own; so the header that stands before Abseil's where a program is
// instrumented (include/chicane/overrides/absl/synchronization/mutex.h) defines the members of the
// two classes, and they come here in a run.
//
//   | state          | reader lock   | lock                       | unlock                 |
//   |----------------|---------------|----------------------------|------------------------|
//   | free           | read by 1     | written                    | misuse                 |
//   | read by n      | read by n + 1 | waits (also a reader)      | read by n - 1          |
//   | written        | waits         | waits (the writer: forever)| free; by another misuse|
//
//   await  = while the condition is false: unlock, and wait until another thread has unlocked
//   wait   = unlock and wait in the CondVar's list -> woken, timed out or spurious -> lock
//   signal = one of the waiting threads, a choice; lost when none waits
//
// Happens-before: an unlock before every later lock, a reader's before every later lock that is no
// reader's. State lies in the program's own Mutex, zero while free; who waits is in a list of the
// run's.
#include <dlfcn.h>

#include <cstdint>
#include <string>

#include "engine/engine.h"
#include "engine/journal.h"
#include "interpose/tsan_hooks.h"

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;
using engine::Time;

/// In the place of Mutex::mu_.
struct State {
  std::uint32_t generation;
  std::uint16_t writer;  // a thread's id + 1
  std::uint16_t readers;
};

State& state_of(const Engine& engine, const void* mutex) {
  State& state = *static_cast<State*>(const_cast<void*>(mutex));
  if (state.generation != engine.generation()) state = {};
  return state;
}

void settle(State& state) {
  if (state.readers == 0 && state.writer == 0) state = {};
}

/// A thread that waits in a CondVar, or, by a condition, for a Mutex.
struct Waiter {
  const void* object;
  const void* mutex;
  engine::ThreadId thread;
  bool woken;
  Waiter* next;
};

struct Waiters {
  Waiter* first = nullptr;
  std::uint64_t generation = 0;
};
Waiters g_waiters;

Waiter*& waiters(const Engine& engine) {
  if (g_waiters.generation != engine.generation()) g_waiters = {nullptr, engine.generation()};
  return g_waiters.first;
}

void enqueue(const Engine& engine, Waiter& waiter) {
  Waiter** last = &waiters(engine);
  while (*last != nullptr) last = &(*last)->next;
  *last = &waiter;
}

/// Takes those of `object` off the list and wakes them: all, or the one before which there are
/// `skip` others of it. Returns the last one, and how many.
const Waiter* wake(const Engine& engine, const void* object, bool all, unsigned skip,
                   std::uint64_t* count) {
  const Waiter* last = nullptr;
  *count = 0;
  for (Waiter** link = &waiters(engine); *link != nullptr;) {
    Waiter* waiter = *link;
    if (waiter->object != object || (!all && skip-- > 0)) {
      link = &waiter->next;
      continue;
    }
    *link = waiter->next;
    waiter->woken = true;
    last = waiter;
    ++*count;
    if (!all) break;
  }
  return last;
}

void remove(const Engine& engine, const Waiter& waiter) {
  for (Waiter** link = &waiters(engine); *link != nullptr; link = &(*link)->next) {
    if (*link != &waiter) continue;
    *link = waiter.next;
    return;
  }
}

bool can_read(const Operation& operation) {
  return state_of(Engine::instance(), operation.object).writer == 0;
}
bool can_write(const Operation& operation) {
  const State& state = state_of(Engine::instance(), operation.object);
  return state.writer == 0 && state.readers == 0;
}
bool is_woken(const Operation& operation) {
  return static_cast<const Waiter*>(operation.context)->woken;
}

std::uint16_t self(Engine& engine) { return static_cast<std::uint16_t>(engine.self().id() + 1); }

const char* of_readers(const void* mutex) { return static_cast<const char*>(mutex) + 1; }

void take(Engine& engine, const void* mutex, OpKind kind, bool shared, const void* site) {
  State& state = state_of(engine, mutex);
  state.generation = static_cast<std::uint32_t>(engine.generation());
  if (shared) {
    ++state.readers;
  } else {
    state.writer = self(engine);
  }
  engine.acquire(mutex);
  if (!shared) engine.acquire(of_readers(mutex));
  tsan_locked(mutex, shared);
  engine.emit(kind, Outcome::kDone, mutex, site, shared);
}

void lock(Engine& engine, const void* mutex, bool shared, const void* site) {
  const OpKind kind = shared ? OpKind::kReadLock : OpKind::kLock;
  engine.perform(
      {.kind = kind, .object = mutex, .site = site, .ready = shared ? &can_read : &can_write});
  take(engine, mutex, kind, shared, site);
}

bool try_lock(Engine& engine, const void* mutex, bool shared, const void* site) {
  const OpKind kind = shared ? OpKind::kTryReadLock : OpKind::kTryLock;
  const Operation operation{.kind = kind, .object = mutex, .site = site};
  engine.perform(operation);
  if (shared ? can_read(operation) : can_write(operation)) {
    take(engine, mutex, kind, shared, site);
    return true;
  }
  engine.emit(kind, Outcome::kWouldBlock, mutex, site);
  return false;
}

bool holds(Engine& engine, const void* mutex) {
  for (const engine::HeldLock& held : engine.self().held()) {
    if (held.object == mutex) return true;
  }
  return false;
}

/// The effect of an unlock; the threads whose conditions it may have made true look again, unless
/// its thread has done nothing but look itself (`changed`).
void release(Engine& engine, const void* mutex, const void* site, bool changed = true) {
  State& state = state_of(engine, mutex);
  const bool shared = state.writer == 0;
  const OpKind kind = shared ? OpKind::kReadUnlock : OpKind::kUnlock;
  if (state.readers == 0 && state.writer == 0) {
    engine.emit(kind, Outcome::kNotLocked, mutex, site);
    tsan_unlocked(mutex, shared);
    return;
  }
  const bool owner = shared ? holds(engine, mutex) : state.writer == self(engine);
  engine.emit(kind, owner ? Outcome::kDone : Outcome::kNotOwner, mutex, site);
  tsan_unlocked(mutex, shared);
  if (!owner && !shared) {
    engine.drop_held(*engine.threads()[static_cast<std::size_t>(state.writer - 1)], mutex);
  }
  engine.release(shared ? of_readers(mutex) : mutex);
  if (shared) {
    --state.readers;
  } else {
    state.writer = 0;
  }
  settle(state);
  std::uint64_t woken = 0;
  if (changed) wake(engine, mutex, true, 0, &woken);
}

/// Gives the mutex up until `object` wakes the running thread; false when its time is up first.
/// `changed`: whether what the mutex guards may have changed since the thread took it.
bool wait(Engine& engine, const void* object, const void* mutex, Time deadline,
          bool may_be_spurious, bool changed, const void* site) {
  engine.perform({.kind = OpKind::kCondWait, .object = object, .site = site, .context = mutex});
  const bool locked = holds(engine, mutex);
  const bool shared = state_of(engine, mutex).writer == 0;
  if (!locked) engine.emit(OpKind::kCondWait, Outcome::kWaitWithoutLock, object, site, 0, mutex);
  Waiter waiter{object, mutex, engine.self().id(), false, nullptr};
  if (locked) release(engine, mutex, site, changed);
  enqueue(engine, waiter);
  engine.emit(OpKind::kCondWait, Outcome::kDone, object, site, 0, mutex);
  const bool spurious =
      may_be_spurious && engine.options().spurious_wakeups &&
      engine.choose({.kind = OpKind::kCondWake, .object = object, .site = site}, 2) != 0;
  engine.perform({.kind = OpKind::kCondWake,
                  .object = object,
                  .site = site,
                  .ready = spurious ? nullptr : &is_woken,
                  .context = &waiter,
                  .deadline = deadline});
  const bool timed_out = !waiter.woken && !spurious;
  if (!waiter.woken) remove(engine, waiter);
  engine.emit(OpKind::kCondWake, timed_out ? Outcome::kTimedOut : Outcome::kDone, object, site,
              waiter.woken, mutex);
  if (locked) lock(engine, mutex, shared, site);
  return !timed_out;
}

/// `nanoseconds` from now; less than 0: never.
Time deadline_in(const Engine& engine, std::int64_t nanoseconds) {
  if (nanoseconds < 0) return engine::kNever;
  const Time now = engine.now(), after = now + static_cast<Time>(nanoseconds);
  return after < now ? engine::kNever : after;
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
using chicane::engine::OpKind;
using chicane::engine::Outcome;
namespace interpose = chicane::interpose;

// What the header calls. `site` is where the program called Abseil.
extern "C" {
bool chicane_absl_in_run();
void* chicane_absl_real(const char* name_space, const char* mangled);
void chicane_absl_lock(void* mutex, bool shared, const void* site);
bool chicane_absl_try_lock(void* mutex, bool shared, const void* site);
void chicane_absl_unlock(void* mutex, const void* site);
void chicane_absl_expect_held(const void* mutex, const void* site);
void chicane_absl_destroy(void* mutex, const void* site);
bool chicane_absl_await(void* mutex, bool (*holds)(const void*), const void* condition,
                        std::int64_t nanoseconds, const void* site);
bool chicane_absl_wait(void* cond, void* mutex, std::int64_t nanoseconds, const void* site);
void chicane_absl_signal(void* cond, bool all, const void* site);

bool chicane_absl_in_run() { return Engine::active() != nullptr; }

/// Abseil's own member of this name (mangled, behind its inline namespace; K before it: a const
/// one), for outside of runs.
void* chicane_absl_real(const char* name_space, const char* mangled) {
  const bool constant = mangled[0] == 'K';
  const std::string space = name_space;
  const std::string name = (constant ? "_ZNK4absl" : "_ZN4absl") + std::to_string(space.size()) +
                           space + (constant ? mangled + 1 : mangled);
  return dlsym(RTLD_NEXT, name.c_str());
}

void chicane_absl_lock(void* mutex, bool shared, const void* site) {
  interpose::lock(*Engine::active(), mutex, shared, site);
}

bool chicane_absl_try_lock(void* mutex, bool shared, const void* site) {
  return interpose::try_lock(*Engine::active(), mutex, shared, site);
}

void chicane_absl_unlock(void* mutex, const void* site) {
  Engine& engine = *Engine::active();
  const bool shared = interpose::state_of(engine, mutex).writer == 0;
  engine.perform(
      {.kind = shared ? OpKind::kReadUnlock : OpKind::kUnlock, .object = mutex, .site = site});
  interpose::release(engine, mutex, site);
}

void chicane_absl_expect_held(const void* mutex, const void* site) {
  Engine& engine = *Engine::active();
  if (interpose::holds(engine, mutex)) return;
  chicane::engine::Finding* finding =
      engine.report("assertion-failed", "the thread should hold the Mutex %o, and does not", mutex);
  if (finding != nullptr) finding->fatal = true;
  engine.add_site(finding, "asserts", engine.self().id(), site, true);
  engine.end_run(chicane::engine::RunEnd::kFatal);
}

void chicane_absl_destroy(void* mutex, const void* site) {
  Engine& engine = *Engine::active();
  const interpose::State& state = interpose::state_of(engine, mutex);
  const bool held = state.readers != 0 || state.writer != 0;
  engine.emit(OpKind::kMutexDestroy, held ? Outcome::kDestroyedBusy : Outcome::kDone, mutex, site);
}

// The condition is the program's code, and sees what the mutex guards.
bool chicane_absl_await(void* mutex, bool (*holds)(const void*), const void* condition,
                        std::int64_t nanoseconds, const void* site) {
  Engine& engine = *Engine::active();
  const chicane::engine::Time deadline = interpose::deadline_in(engine, nanoseconds);
  for (bool first = true; !holds(condition); first = false) {
    if (!interpose::wait(engine, mutex, mutex, deadline, false, first, site)) {
      return holds(condition);
    }
  }
  return true;
}

/// Whether its time was up.
bool chicane_absl_wait(void* cond, void* mutex, std::int64_t nanoseconds, const void* site) {
  Engine& engine = *Engine::active();
  return !interpose::wait(engine, cond, mutex, interpose::deadline_in(engine, nanoseconds), true,
                          true, site);
}

void chicane_absl_signal(void* cond, bool all, const void* site) {
  Engine& engine = *Engine::active();
  const OpKind kind = all ? OpKind::kCondBroadcast : OpKind::kCondSignal;
  const chicane::engine::Operation operation{.kind = kind, .object = cond, .site = site};
  engine.perform(operation);
  unsigned count = 0;
  for (const auto* waiter = interpose::waiters(engine); waiter != nullptr; waiter = waiter->next) {
    if (waiter->object == cond) ++count;
  }
  const unsigned chosen = !all && count > 0 ? engine.choose(operation, count) : 0;
  std::uint64_t woken = 0;
  const interpose::Waiter* last = interpose::wake(engine, cond, all, chosen, &woken);
  const std::uintptr_t whom = last != nullptr && !all ? last->thread + std::uintptr_t{1} : 0;
  engine.emit(kind, Outcome::kDone, cond, site, woken, reinterpret_cast<const void*>(whom));
}

}  // extern "C"
