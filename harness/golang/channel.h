// SPDX-License-Identifier: Apache-2.0
//
// The core of channels: rendezvous, buffer, closing, timers, and `transact`, the one operation that
// send, receive, their tries and select are forms of. It moves boxes (void*) and never looks into
// one.
//
// A thread that waits on an unbuffered channel stands in the channel's queue from before it
// announces its operation until after it was let go. A partner that comes to run completes the
// waiting operation for it (`Selection::completed`); both orders of the two thus exist, and each
// makes the same two edges: announced -> partner, partner -> completed.
//
// Thread safety: any thread; state is touched inside Sections only.
// Invariants:
//   I1. A buffered channel has empty queues: its readiness is a matter of its buffer.
//   I2. A Selection is completed at most once, and by another thread.
//   I3. A channel lives while an operation on it is under way, whatever the program does with its
//       handles.
#pragma once

#include <cstddef>
#include <cstdint>

#include "chicane/golang/chan.h"
#include "chicane/golang/select.h"
#include "golang/core.h"

namespace chicane::golang::internal {

struct Waiter;

/// One call of `transact`; on the stack of its thread.
struct Selection {
  const Engine* engine;  // null natively
  Waiter* waiters;
  std::size_t count;
  bool completed = false;
  std::size_t chosen = 0;
  void* box = nullptr;      // received
  char announced = 0;       // edge: what this thread did before it came here
  char completed_edge = 0;  // edge: what the completing partner did before it did so
};

/// One case of a Selection, and its place in a channel's queue.
struct Waiter {
  Selection* selection;
  Channel* channel;
  bool is_send;
  void* box;
  std::uint32_t timer_epoch;
  Waiter* previous;
  Waiter* next;
};

struct Queue {
  Waiter* first = nullptr;
  Waiter* last = nullptr;
  void push(Waiter* waiter);
  void remove(Waiter* waiter);
};

/// A place in the buffer, with the edges of its present value and of the receive before it (H1,
/// H2).
struct Slot {
  void* box = nullptr;
  char sent = 0;
  char received = 0;
};

class Channel {
 public:
  /// What happens at `due`: the channel holds the time (and again every `period`), or closes.
  enum class Alarm : std::uint8_t { kNone, kValue, kClose };

  Channel(std::size_t capacity, void (*destroy)(void*));
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  bool due_by(Time now) const { return due <= now; }
  bool closed_by(Time now) const { return closed || (alarm == Alarm::kClose && due_by(now)); }
  /// Whether this case could go on without a partner.
  bool ready_alone(bool is_send, Time now) const;
  /// The thread to meet in an unbuffered channel, or null.
  Waiter* partner(bool is_send, const Selection* self) const;

  References references;
  const std::size_t capacity;
  void (*const destroy)(void*);
  Slot* slots;
  std::size_t head = 0;
  std::size_t count = 0;
  bool closed = false;
  bool notified = false;  // os/signal knows it
  char close_edge = 0;
  std::uint32_t closer = 0;
  const void* close_site = nullptr;
  Queue senders, receivers;
  Alarm alarm = Alarm::kNone;
  Time due = kNever;
  Time period = 0;
  std::uint32_t timer_epoch = 0;  // changes when the alarm is set anew
};

inline constexpr std::size_t kNoCase = ~std::size_t{0};

/// The chosen case's index, with its communication done; kNoCase when none can go on and
/// `blocking` is false.
std::size_t transact(OpKind kind, SelectCase* cases, std::size_t count, bool blocking,
                     const void* site);

/// Closes an open channel.
void close_now(Section& section, Channel* channel, const void* site);
/// A channel with an alarm.
Channel* alarm_make(Channel::Alarm alarm, Time due, Time period, void (*destroy)(void*));
/// Forgets a channel that is going away.
void forget_notified(const Channel* channel);

}  // namespace chicane::golang::internal
