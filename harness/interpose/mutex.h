// SPDX-License-Identifier: Apache-2.0
//
// The model of a pthread mutex under the engine. Its state lives in the program's own
// pthread_mutex_t, so that static initialization, copies and destruction mean what they mean. A
// mutex that was once locked knows its address: who locks a copy of it at another one, free or not,
// is told (POSIX: only the mutex itself may be used).
//
//   | state    | lock by another | lock by owner          | unlock by owner | unlock by another  |
//   |----------|-----------------|------------------------|-----------------|--------------------|
//   | unlocked | locked          | locked                 | misuse          | misuse             |
//   | locked   | waits           | waits for ever (normal)| unlocked        | misuse; unlocked   |
//   |          |                 | EDEADLK (errorcheck)   |                 | (EPERM: errorcheck,|
//   |          |                 | depth + 1 (recursive)  |                 | recursive)         |
//
// Happens-before: an unlock before every later lock of the same mutex.
// Thread safety: program thread, under the engine.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "engine/engine.h"

namespace chicane::interpose {

/// Overlays glibc's struct __pthread_mutex_s; all zero but `kind` and `self` while unlocked.
struct MutexState {
  std::int32_t locked;
  std::uint32_t depth;
  std::int32_t owner;
  std::uint32_t generation;
  std::int32_t kind;
  std::int32_t spins;
  /// Where it was locked last, in a field that glibc uses for robust mutexes only; null: not yet.
  const void* self;

  /// Whether a thread of this run holds it.
  bool held(const engine::Engine& engine) const {
    return locked != 0 && generation == engine.generation();
  }
};

inline MutexState* state_of(pthread_mutex_t* mutex) { return reinterpret_cast<MutexState*>(mutex); }

/// pthread_mutex_lock and its timed forms; `deadline` in virtual time.
int lock_mutex(engine::Engine& engine, pthread_mutex_t* mutex, const void* site,
               engine::Time deadline = engine::kNever);
int try_lock_mutex(engine::Engine& engine, pthread_mutex_t* mutex, const void* site);
int unlock_mutex(engine::Engine& engine, pthread_mutex_t* mutex, const void* site);
int destroy_mutex(engine::Engine& engine, pthread_mutex_t* mutex, const void* site);
/// The effect of an unlock without an operation of its own (a condition wait's).
void release_mutex(engine::Engine& engine, pthread_mutex_t* mutex, const void* site);
/// Whether the running thread holds it.
bool holds_mutex(const engine::Engine& engine, pthread_mutex_t* mutex);

}  // namespace chicane::interpose
