// SPDX-License-Identifier: Apache-2.0
//
// Which operations commute. A step of a thread is one operation with what the thread does until it
// announces its next one; its *footprint* is the set of objects that it touches, each in a mode.
// Two steps of different threads are dependent when they touch one object in modes that conflict.
// The order of all dependent pairs is a run's Mazurkiewicz trace: runs with the same trace are the
// same behaviour.
//
//   | operation                              | object          | mode                            |
//   |----------------------------------------|-----------------|---------------------------------|
//   | start, exit, create, detach, yield,    | none            |                                 |
//   |   fence, panic, join (without deadline)|                 |                                 |
//   | atomic load, failed compare-exchange   | its address     | read                            |
//   | atomic store, other read-modify-writes | its address     | write                           |
//   | plain access that is known to race     | each byte       | read, write                     |
//   | lock, try-lock that got it             | the lock        | acquire                         |
//   | read-lock, try-read-lock that got it   | the lock        | share                           |
//   | try-lock, try-read-lock that failed    | the lock        | read                            |
//   | unlock / read-unlock                   | the lock        | release / unshare               |
//   | wait                                   | cond, its mutex | write, release                  |
//   | wake / with a deadline                 | cond            | woken / write                   |
//   | signal, broadcast                      | cond            | write                           |
//   | wg-wait                                | the group       | read                            |
//   | state-read                             | the state       | read                            |
//   | select                                 | each channel    | write                           |
//   | everything else that has an object     | the object      | write                           |
//   | a thread's last step                   | its end         | write                           |
//   | try-join, join with a deadline         | the other's end | read                            |
//   | sleep, clock, timer, whatever has a    | virtual time    | write                           |
//   |   deadline                             |                 |                                 |
//   | cancel                                 | each scope and  | write                           |
//   |                                        |   its channel   |                                 |
//   | notify, no object                      | the unknown     | write                           |
//
// To announce is to act, too: a deadline that is announced writes virtual time, a queue that is
// joined (Operation::queues) is written, and whoever waits for anything but a lock, a semaphore, a
// thread or a signal reads the object when it announces that it will; of these, too, who waits
// until a deadline. Who announces a plain write may have read the place already: compilers leave
// out the check of a read before it, as of `++x`.
//
//   conflicts      | read | write | acquire | release | share | unshare | woken
//   read           |      |   x   |    x    |    x    |   x   |    x    |
//   share, unshare |  x   |   x   |    x    |    x    |       |         |
//   the others     |  x   |   x   |    x    |    x    |   x   |    x    |
//   woken          |      |       |         |         |       |         |
//
// Who makes a thread ready that waits until a deadline, or no longer ready, writes virtual time:
// the next deadline's turn may come. Of one that waits for channels, ready means by a channel,
// whatever the time is: else it would depend on what had happened to the time which steps touch it.
//
// A step with several outcomes (which of those that wait a signal wakes; whether a try meets who is
// there) is as many steps, of which a thread makes one: each touches what it did, and no more.
//
// When a race is reversed its second step may turn out otherwise, and its thread may then announce
// what it did not before: until that is known, the step depends on all that announcements act on.
//
// An unlock and the lock after it are dependent, but the lock cannot come first: what may be
// reversed is the order of acquisitions. Atomics are told apart by the address of their first byte.
// What this table does not know is dependent.
//
// Thread safety: values; engine context.
#pragma once

#include <cstdint>

#include "engine/engine.h"
#include "engine/shared_heap.h"
#include "strategies/object_names.h"

namespace chicane::strategies {

enum class Mode : std::uint8_t { kRead, kWrite, kAcquire, kRelease, kShare, kUnshare, kWoken };

using ObjectKey = std::uint64_t;
inline constexpr ObjectKey kVirtualTime = 1;
inline constexpr ObjectKey kUnknownObject = 2;

/// A thread's number, from 0; stable across runs.
using Tid = std::uint32_t;
/// The end of a thread, for those who do not just wait for it: no address is as high.
inline ObjectKey end_of(Tid tid) { return ObjectKey{1} << 62 | tid; }
inline bool is_end(ObjectKey object) { return object >> 62 == 1; }

struct Access {
  ObjectKey object;
  Mode mode;
  friend bool operator==(const Access&, const Access&) = default;
};

/// Bit b of entry a. No constant, so that a test can take an entry out and see that it is missed.
inline std::uint8_t g_conflicts[] = {0x3e, 0x3f, 0x3f, 0x3f, 0x0f, 0x0f, 0x00};
inline bool conflict(Mode a, Mode b) {
  return ((g_conflicts[static_cast<unsigned>(a)] >> static_cast<unsigned>(b)) & 1) != 0;
}
/// Conflicts with every mode but kWoken.
inline bool is_exclusive(Mode mode) {
  return mode == Mode::kWrite || mode == Mode::kAcquire || mode == Mode::kRelease;
}
inline bool acquires(Mode mode) { return mode == Mode::kAcquire || mode == Mode::kShare; }

/// The objects that a step touches.
class Footprint {
 public:
  Footprint() = default;
  Footprint(Footprint&&) noexcept = default;
  Footprint& operator=(Footprint&&) noexcept = default;
  // Nearly all have few objects: the vector is left alone.
  Footprint(const Footprint& other) : head_(other.head_) {
    if (!other.more_.empty()) more_ = other.more_;
  }
  Footprint& operator=(const Footprint& other) {
    head_ = other.head_;
    if (!more_.empty() || !other.more_.empty()) more_ = other.more_;
    return *this;
  }
  ~Footprint() = default;

  void clear() {
    head_.size = 0;
    head_.touched = kAnyStep;
    head_.changed = 0;
    if (!more_.empty()) more_.clear();
  }
  void add(ObjectKey object, Mode mode) {
    const std::uint64_t before = head_.touched;
    note({object, mode});
    if (head_.touched == before || head_.size >= kFew) return add_unless_known({object, mode});
    head_.few[head_.size++] = {object, mode};
  }
  /// What is touched in one mode is now touched in another.
  void replace(ObjectKey object, Mode mode, Mode by);
  /// All that was only read is written.
  void write_what_is_read();
  /// Adds what another touches.
  void add_all(const Footprint& other);
  /// Conflicts with every step: of what is not known at all.
  void add_everything() { head_.changed |= kAnyStep; }
  bool everything() const { return (head_.changed & kAnyStep) != 0; }
  /// Of a step that may turn out otherwise: what its thread announces after it is not known.
  void add_any_announcement() { head_.changed |= kAnnouncements; }
  /// Touches something on which announcements act.
  void add_meets_announcements() { head_.touched |= kAnnouncements; }
  bool meets_announcements() const { return (head_.touched & kAnnouncements) != 0; }
  bool touches(ObjectKey object) const {
    for (unsigned i = 0; i < size(); ++i) {
      if ((*this)[i].object == object) return true;
    }
    return false;
  }
  unsigned size() const { return head_.size; }
  const Access& operator[](unsigned i) const { return i < kFew ? head_.few[i] : more_[i - kFew]; }
  /// The same accesses, in the same order.
  friend bool operator==(const Footprint& a, const Footprint& b) {
    if (a.head_.size != b.head_.size || a.head_.touched != b.head_.touched ||
        a.head_.changed != b.head_.changed) {
      return false;
    }
    for (unsigned i = 0; i < a.size(); ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }
  bool depends_on(const Footprint& other) const {
    const Head &a = head_, &b = other.head_;
    return ((a.changed & b.touched) | (a.touched & b.changed)) != 0 && has_conflict(other);
  }

 private:
  static constexpr unsigned kFew = 3;
  // Of the filters: what each step touches; what announcements act on; and the ends of threads, of
  // which each is written but once, so that only who reads one can meet it.
  static constexpr std::uint64_t kAnyStep = std::uint64_t{1} << 61;
  static constexpr std::uint64_t kAnnouncements = std::uint64_t{1} << 62;
  static constexpr std::uint64_t kEnds = std::uint64_t{1} << 63;
  static constexpr unsigned kObjectBits = 61;
  struct Head {
    // Bloom filters of the objects, and of those that are not just read: two reads never conflict.
    std::uint64_t touched = kAnyStep, changed = 0;
    unsigned size = 0;
    Access few[kFew] = {};
  };
  bool has(const Access& access) const;
  void add_unless_known(const Access& access);
  bool has_conflict(const Footprint& other) const {
    const Head &a = head_, &b = other.head_;
    if ((((a.changed & b.touched) | (a.touched & b.changed)) & (kAnyStep | kAnnouncements)) != 0) {
      return true;
    }
    if (a.size == 0 || b.size == 0) return false;
    // What a step is about comes first.
    if (a.few[0].object == b.few[0].object && conflict(a.few[0].mode, b.few[0].mode)) return true;
    return (a.size != 1 || b.size != 1) && has_other_conflict(other);
  }
  bool has_other_conflict(const Footprint& other) const;
  void note_all();
  void note(const Access& access) {
    if (is_end(access.object)) {
      head_.touched |= kEnds;
      if (access.mode == Mode::kRead) head_.changed |= kEnds;
      return;
    }
    const std::uint64_t hash = access.object * 0x9e3779b97f4a7c15u >> 32;
    const std::uint64_t bit = std::uint64_t{1} << (hash * kObjectBits >> 32);
    head_.touched |= bit;
    if (access.mode != Mode::kRead) head_.changed |= bit;
  }
  Access& at(unsigned i) { return i < kFew ? head_.few[i] : more_[i - kFew]; }
  Head head_;
  engine::SharedVector<Access> more_;
};

/// Whether a thread that is at `operation` meets no other there: whenever it goes on, all else is
/// as if it had gone on at once. What it then does up to its next operation may meet others.
inline bool is_silent(const engine::Operation& operation) {
  return operation.kind == engine::OpKind::kThreadStart ||
         (operation.kind == engine::OpKind::kThreadJoin && operation.can_block() &&
          operation.deadline == engine::kNever);
}
/// Whether all that it can touch is its object.
bool touches_one_object(const engine::Operation& operation);
/// Whether a step that may be silent touched something after all.
inline bool touches_others(const Footprint& footprint) {
  if (footprint.everything() || footprint.meets_announcements()) return true;
  for (unsigned i = 0; i < footprint.size(); ++i) {
    if (!is_end(footprint[i].object)) return true;
  }
  return false;
}
/// Adds what `operation` touches when it takes effect, and succeeds: with `by_timeout` by its
/// deadline. To be called before it does: what it refers to may be gone afterwards.
void add_operation(const ObjectNames& names, const engine::Operation& operation, bool by_timeout,
                   Footprint* to);
/// It went without success after all (a try or a compare-exchange) on the object of that name.
void note_failure(engine::OpKind kind, ObjectKey object, Footprint* of);
/// Whether going without success makes a difference to what it touches (`note_failure`).
inline bool may_fail(engine::OpKind kind) {
  using enum engine::OpKind;
  return kind == kAtomicCas || kind == kLock || kind == kTryLock || kind == kReadLock ||
         kind == kTryReadLock;
}
/// Whether it may be a try at channels. Where it misses who is there, that is an outcome.
inline bool is_channel_try(engine::OpKind kind) {
  using enum engine::OpKind;
  return kind == kTrySend || kind == kTryRecv || kind == kSelect;
}
/// Whether it may be by what a thread that waits actively looks whether its time has come.
inline bool may_poll(engine::OpKind kind) {
  using enum engine::OpKind;
  return kind == kAtomicLoad || kind == kAtomicRmw || kind == kAtomicCas || kind == kRead ||
         kind == kTryLock || kind == kTryReadLock || kind == kSemWait || is_channel_try(kind);
}
/// Whether it may be a part of a round of such a thread, by which one round is told from another.
inline bool may_go_round(engine::OpKind kind) {
  using enum engine::OpKind;
  return may_poll(kind) || kind == kLock || kind == kReadLock || kind == kUnlock ||
         kind == kReadUnlock || kind == kCondWait;
}
/// Whether whom it lets through is a matter of a number alone, which the events of its object tell:
/// to announce it is nothing.
inline bool is_counted(engine::OpKind kind, bool timed) {
  return kind == engine::OpKind::kSemWait && !timed;
}
/// Adds what is touched by announcing `operation`.
void add_announcement(const ObjectNames& names, const engine::Operation& operation, Footprint* to);
/// Adds what an event says of another object than its step's operation has.
void add_event(const ObjectNames& names, const engine::Event& event, Footprint* to);

}  // namespace chicane::strategies
