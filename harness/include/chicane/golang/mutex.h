// SPDX-License-Identifier: Apache-2.0
//
// Go's sync.Mutex and sync.RWMutex. The zero value is unlocked; neither can be copied. The table
// before each class is its state machine: what it does not list is misuse. They work with
// std::lock_guard and its kin, and with clang's -Wthread-safety.
//
// Thread safety: any thread may call anything, subject to the tables.
// Invariants:
//   I1. Every call is one operation under the engine.
//   I2. State is touched by the runtime only, never by instrumented code: no detector sees it.
//   I3. A lock that is destroyed lets nobody in: who waits for it waits for ever.
//   I4. Under the engine every run begins with the zero value, also of an object that outlives
//   runs.
// Cost: an operation under the engine; outside of it a process-wide lock (meant to be right, not
// fast).
#pragma once

#include <cstdint>

#include "chicane/golang/thread_annotations.h"

namespace chicane::golang {

namespace internal {
struct MutexWaiter;
struct RWWaiter;
class Section;
/// A synchronization address that remembers whether it was released to: an object at a reused
/// address must not inherit the edges of its predecessor.
struct Edge {
  bool used = false;
  void acquire(Section& section) const;
  void release(Section& section);
};
}  // namespace internal

/// To whom a Mutex goes when it is unlocked. The first is every program's: no schedule of the
/// others is left out, but it says nothing of how long a goroutine waits. The others are what
/// runtimes do; with them, `starvation` is a diagnosis.
enum class MutexMode : std::uint8_t {
  /// To whoever the schedule likes, of those that wait and those that come.
  kAny,
  /// An unlock wakes the first that waits, and the lock goes to whoever is there first: that one,
  /// or
  /// another that happens to come by (Go 1.8; most systems' mutexes). Who finds it locked waits.
  kBarging,
  /// An unlock hands the lock to the first that waits: nobody overtakes (Go 1.9, when somebody has
  /// waited for a millisecond).
  kHandOff,
  /// Nobody is woken: who finds it locked tries again.
  kSpinning,
};

//   state    | lock           | try_lock     | unlock
//   ---------|----------------|--------------|--------------------------------------------
//   unlocked | locked         | locked, true | fatal: double-unlock, or unlock-of-unlocked
//   locked   | waits          | false        | unlocked
//
// In mode kHandOff a lock that somebody waits for is never unlocked: try_lock is false.
// It belongs to no goroutine: as in Go, one may lock and another unlock. Not recursive.
// Happens-before: the n-th unlock before the return of every later lock; a failed try_lock gives
// no edge.
class CHICANE_CAPABILITY("mutex") Mutex {
 public:
  constexpr Mutex() = default;
  constexpr explicit Mutex(MutexMode mode) : mode_(mode) {}
  ~Mutex();
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() CHICANE_ACQUIRE();
  void unlock() CHICANE_RELEASE();
  bool try_lock() CHICANE_TRY_ACQUIRE(true);

 private:
  friend class Cond;
  friend struct internal::MutexWaiter;
  void lock_at(const void* site);
  void release(internal::Section& section, const void* site);  // the effect of unlock
  void begin(const internal::Section& section);
  void take(internal::Section& section);
  bool is_free_for(const internal::MutexWaiter* waiter) const;
  void wait_for_turn(internal::Section& section, const void* site);
  void spin(const void* site);
  std::uint32_t generation_ = 0;
  MutexMode mode_ = MutexMode::kAny;
  bool locked_ = false;
  bool was_locked_ = false;
  internal::Edge edge_;
  std::uint32_t owner_ = 0, last_unlocker_ = 0;
  const void* last_unlock_site_ = nullptr;
  internal::MutexWaiter* waiters_ = nullptr;
};

//   state             | lock  | lock_shared           | unlock   | unlock_shared
//   ------------------|-------|-----------------------|----------|---------------------------
//   free              | write | read(1)               | fatal    | fatal
//   read(n)           | waits | read(n+1); waits once | fatal    | read(n-1), after 1: free
//                     |       | a writer waits        |          |
//   write             | waits | waits                 | free     | fatal
//
// A waiting writer blocks readers that come after it; an unlock lets the readers that wait at that
// moment compete with the next writer. Neither upgrades, nor is recursive.
// Happens-before: unlock before every later lock and lock_shared; unlock_shared before the next
// lock.
class CHICANE_CAPABILITY("mutex") RWMutex {
 public:
  constexpr RWMutex() = default;
  ~RWMutex();
  RWMutex(const RWMutex&) = delete;
  RWMutex& operator=(const RWMutex&) = delete;
  void lock() CHICANE_ACQUIRE();
  void unlock() CHICANE_RELEASE();
  bool try_lock() CHICANE_TRY_ACQUIRE(true);
  void lock_shared() CHICANE_ACQUIRE_SHARED();
  void unlock_shared() CHICANE_RELEASE_SHARED();
  bool try_lock_shared() CHICANE_TRY_ACQUIRE_SHARED(true);

 private:
  friend class Cond;
  friend struct internal::RWWaiter;
  void lock_at(const void* site);
  void release(internal::Section& section, const void* site);
  void begin(const internal::Section& section);
  void take(internal::Section& section);
  void take_shared(internal::Section& section);
  std::uint32_t generation_ = 0;
  bool writing_ = false;
  bool was_locked_ = false;
  bool was_read_locked_ = false;
  std::uint32_t owner_ = 0, readers_ = 0;
  internal::Edge written_, read_;
  std::uint64_t tickets_ = 0;
  internal::RWWaiter* waiters_ = nullptr;
};

/// Scoped locks that clang's thread-safety analysis understands (std::lock_guard it does not).
class CHICANE_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) CHICANE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() CHICANE_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};
class CHICANE_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(RWMutex& mutex) CHICANE_ACQUIRE_SHARED(mutex) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~ReaderLock() CHICANE_RELEASE() { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  RWMutex& mutex_;
};
class CHICANE_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(RWMutex& mutex) CHICANE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~WriterLock() CHICANE_RELEASE() { mutex_.unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  RWMutex& mutex_;
};

}  // namespace chicane::golang
