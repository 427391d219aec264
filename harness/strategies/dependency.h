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
//   | select                                 | each channel    | write                           |
//   | everything else that has an object     | the object      | write                           |
//   | a thread's last step                   | its end         | write                           |
//   | try-join, join with a deadline         | the other's end | read                            |
//   | sleep, clock, whatever has a deadline  | virtual time    | write                           |
//   | cancel, timer, notify, no object       | the unknown     | write                           |
//   | send, receive, select, close           | the unknown     | read                            |
//
// To announce is to act, too: a deadline that is announced writes virtual time, a queue that is
// joined (Operation::queues) is written, and whoever waits for anything but a lock, a thread or a
// signal reads the object when it announces that it will; of these, too, who waits until a
// deadline. Who announces a plain write may have read the place already: compilers leave out the
// check of a read before it, as of `++x`.
//
//   conflicts      | read | write | acquire | release | share | unshare | woken
//   read           |      |   x   |    x    |    x    |   x   |    x    |
//   share, unshare |  x   |   x   |    x    |    x    |       |         |
//   the others     |  x   |   x   |    x    |    x    |   x   |    x    |
//   woken          |      |       |         |         |       |         |
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
  void clear() {
    size_ = 0;
    touched_ = changed_ = 0;
    everything_ = may_announce_ = meets_announcements_ = false;
    if (!more_.empty()) more_.clear();
  }
  void add(ObjectKey object, Mode mode);
  void replace(ObjectKey object, Mode mode, Mode by);
  /// Conflicts with every step: of what is not known at all.
  void add_everything() { everything_ = true; }
  bool everything() const { return everything_; }
  /// Of a step that may turn out otherwise: what its thread announces after it is not known.
  void add_any_announcement() { may_announce_ = true; }
  /// Touches something on which announcements act.
  void add_meets_announcements() { meets_announcements_ = true; }
  bool meets_announcements() const { return meets_announcements_; }
  unsigned size() const { return size_; }
  const Access& operator[](unsigned i) const { return i < kFew ? few_[i] : more_[i - kFew]; }
  bool depends_on(const Footprint& other) const {
    if (everything_ || other.everything_) return true;
    if (may_announce_ && other.meets_announcements_) return true;
    if (other.may_announce_ && meets_announcements_) return true;
    if (((changed_ & other.touched_) | (touched_ & other.changed_)) == 0) return false;
    return has_conflict(other);
  }

 private:
  bool has_conflict(const Footprint& other) const;
  void note(const Access& access);
  static constexpr unsigned kFew = 3;
  // Bloom filters of the objects, and of those that are not just read: two reads never conflict.
  std::uint64_t touched_ = 0, changed_ = 0;
  unsigned size_ = 0;
  bool everything_ = false, may_announce_ = false, meets_announcements_ = false;
  Access few_[kFew] = {};
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
/// Adds what `operation` touches when it takes effect, and succeeds: with `by_timeout` by its
/// deadline. To be called before it does: what it refers to may be gone afterwards.
void add_operation(const ObjectNames& names, const engine::Operation& operation, bool by_timeout,
                   Footprint* to);
/// It went without success after all (a try or a compare-exchange) on the object of that name.
void note_failure(engine::OpKind kind, ObjectKey object, Footprint* of);
/// Whether going without success makes a difference to what it touches.
bool may_fail(engine::OpKind kind);
/// Adds what is touched by announcing `operation`.
void add_announcement(const ObjectNames& names, const engine::Operation& operation, Footprint* to);
/// Adds what an event says beyond its step's operation.
void add_event(const ObjectNames& names, const engine::Event& event,
               const engine::Operation& operation, Footprint* to);

}  // namespace chicane::strategies
