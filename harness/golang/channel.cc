// SPDX-License-Identifier: Apache-2.0
#include "golang/channel.h"

#include <limits>
#include <new>

#include "chicane/golang/time.h"

namespace chicane::golang::internal {

void Queue::push(Waiter* waiter) {
  waiter->previous = last;
  waiter->next = nullptr;
  (last != nullptr ? last->next : first) = waiter;
  last = waiter;
}

void Queue::remove(Waiter* waiter) {
  (waiter->previous != nullptr ? waiter->previous->next : first) = waiter->next;
  (waiter->next != nullptr ? waiter->next->previous : last) = waiter->previous;
}

Channel::Channel(std::size_t slot_count, void (*destroy_box)(void*))
    : capacity(slot_count),
      destroy(destroy_box),
      slots(capacity != 0 ? new Slot[capacity] : nullptr) {}

Channel::~Channel() {
  for (; count != 0; --count, head = (head + 1) % capacity) {
    edge_acquire(&slots[head].sent);
    destroy(slots[head].box);
  }
  delete[] slots;
}

bool Channel::ready_alone(bool is_send, Time now) const {
  if (is_send) return closed || count < capacity;
  return count != 0 || closed || (alarm != Alarm::kNone && due_by(now));
}

Waiter* Channel::partner(bool is_send, const Selection* self) const {
  if (capacity != 0 || closed) return nullptr;
  Waiter* waiter = is_send ? receivers.first : senders.first;
  while (waiter != nullptr && (waiter->selection == self || waiter->selection->completed)) {
    waiter = waiter->next;
  }
  return waiter;
}

namespace {

/// Of several channels, when asked for `operation.object` alone, that one, whatever the time.
bool may_go_on(const Operation& operation) {
  const auto* self = static_cast<const Selection*>(operation.context);
  const bool alone = self->count > 1 && operation.object_at == nullptr;
  const auto is_asked = [&](const Waiter& waiter) {
    return waiter.channel != nullptr && (!alone || waiter.channel == operation.object);
  };
  if (self->completed && is_asked(self->waiters[self->chosen])) return true;
  for (std::size_t i = 0; i < self->count; ++i) {
    const Waiter& waiter = self->waiters[i];
    if (!is_asked(waiter)) continue;
    Time now = self->engine != nullptr ? self->engine->now() : native_now();
    if (alone) now = std::numeric_limits<Time>::min();
    if (waiter.channel->ready_alone(waiter.is_send, now) ||
        waiter.channel->partner(waiter.is_send, self) != nullptr ||
        waiter.channel->timer_epoch != waiter.timer_epoch) {
      return true;
    }
  }
  return false;
}

[[noreturn]] void send_on_closed(Section& section, OpKind kind, Channel* channel,
                                 const void* site) {
  section.emit(kind == OpKind::kSelect ? OpKind::kSend : kind, Outcome::kClosed, channel, site,
               Section::as_value(channel->close_site), Section::as_other(channel->closer));
  throw_panic("send on closed channel", "send-on-closed");
}

void meet(Section& section, Waiter* partner) {
  Selection* other = partner->selection;
  section.acquire(&other->announced);
  other->completed = true;
  other->chosen = static_cast<std::size_t>(partner - other->waiters);
  section.release_store(&other->completed_edge);
}

void commit_send(Section& section, OpKind kind, Waiter& self, const void* site) {
  Channel* channel = self.channel;
  if (channel->closed) send_on_closed(section, kind, channel, site);
  if (channel->capacity == 0) {
    Waiter* receiver = channel->partner(true, self.selection);
    receiver->selection->box = self.box;
    meet(section, receiver);
    return;
  }
  Slot& slot = channel->slots[(channel->head + channel->count) % channel->capacity];
  section.acquire(&slot.received);
  slot.box = self.box;
  section.release_store(&slot.sent);
  ++channel->count;
}

/// What a timer's channel holds once it is due.
void* ring(Channel* channel, Time now) {
  if (channel->period > 0) {
    channel->due += ((now - channel->due) / channel->period + 1) * channel->period;
  } else {
    channel->due = kNever;
  }
  return new TimePoint(Duration(now));
}

void* commit_receive(Section& section, Waiter& self) {
  Channel* channel = self.channel;
  if (channel->count != 0) {
    Slot& slot = channel->slots[channel->head];
    section.acquire(&slot.sent);
    section.release_store(&slot.received);
    channel->head = (channel->head + 1) % channel->capacity;
    --channel->count;
    return slot.box;
  }
  if (channel->closed) {
    section.acquire(&channel->close_edge);
    return nullptr;
  }
  if (Waiter* sender = channel->partner(false, self.selection)) {
    meet(section, sender);
    return sender->box;
  }
  return channel->alarm == Channel::Alarm::kValue ? ring(channel, section.now()) : nullptr;
}

/// Keeps channels alive (I3). Outlives the Section: the last reference may run the program's code.
class Holder {
 public:
  Holder(SelectCase* cases, std::size_t count) : cases_(cases), count_(count) {
    for (std::size_t i = 0; i < count; ++i) channel_share(cases[i].channel);
  }
  Holder(const Holder&) = delete;
  ~Holder() {
    for (std::size_t i = 0; i < count_; ++i) {
      if (cases_[i].channel != nullptr) channel_drop(cases_[i].channel);
    }
  }

 private:
  SelectCase* cases_;
  std::size_t count_;
};

/// A call of `transact`: its cases, standing in their queues as long as it lasts.
class Transaction {
 public:
  Transaction(Section& section, OpKind kind, SelectCase* cases, std::size_t count, bool blocking,
              const void* site)
      : section_(section), kind_(kind), cases_(cases), blocking_(blocking), site_(site) {
    self_.engine = section.engine();
    self_.waiters = count <= kFew ? few_ : new Waiter[count];
    self_.count = count;
    for (std::size_t i = 0; i < count; ++i) {
      Channel* channel = cases[i].channel;
      self_.waiters[i] = {&self_, channel, cases[i].is_send, cases[i].box, 0, nullptr, nullptr};
      if (first_ == nullptr) first_ = channel;
      if (blocking && queues(self_.waiters[i])) {
        if (!announced_) section.release_store(&self_.announced);
        announced_ = true;
        queue_of(self_.waiters[i]).push(&self_.waiters[i]);
      }
    }
  }
  Transaction(const Transaction&) = delete;
  ~Transaction() {
    for (std::size_t i = 0; i < self_.count; ++i) {
      Waiter& waiter = self_.waiters[i];
      if (blocking_ && queues(waiter)) queue_of(waiter).remove(&waiter);
    }
    if (self_.waiters != few_) delete[] self_.waiters;
  }

  std::size_t run() {
    for (;;) {
      const Operation operation = announce();
      section_.wait(operation);
      if (self_.completed) {
        section_.acquire(&self_.completed_edge);
        cases_[self_.chosen].box = cases_[self_.chosen].is_send ? nullptr : self_.box;
        return self_.chosen;
      }
      const std::size_t chosen = pick(operation);
      if (chosen != kNoCase) {
        commit(chosen);
        return chosen;
      }
      if (!blocking_) return kNoCase;
      // A timer was set anew, or its deadline passed and another thread took its value.
    }
  }

  const void* object_of(std::size_t chosen) const {
    return chosen == kNoCase ? first_ : self_.waiters[chosen].channel;
  }

 private:
  static constexpr std::size_t kFew = 8;

  /// Its channels but nil ones, in the order of the cases.
  static const void* channel_at(const Operation& operation, unsigned index) {
    const auto* selection = static_cast<const Selection*>(operation.context);
    for (std::size_t i = 0; i < selection->count; ++i) {
      const Channel* channel = selection->waiters[i].channel;
      if (channel != nullptr && index-- == 0) return channel;
    }
    return nullptr;
  }
  static bool queues(const Waiter& waiter) {
    return waiter.channel != nullptr && waiter.channel->capacity == 0;
  }
  static Queue& queue_of(const Waiter& waiter) {
    return waiter.is_send ? waiter.channel->senders : waiter.channel->receivers;
  }

  Operation announce() {
    Operation operation{kind_, first_, site_, blocking_ ? &may_go_on : nullptr, &self_};
    operation.queues = announced_;
    if (self_.count > 1) operation.object_at = &channel_at;
    for (std::size_t i = 0; i < self_.count; ++i) {
      Waiter& waiter = self_.waiters[i];
      if (waiter.channel == nullptr) continue;
      waiter.timer_epoch = waiter.channel->timer_epoch;
      if (waiter.channel->due < operation.deadline) operation.deadline = waiter.channel->due;
    }
    // Who polls a timer sees time pass.
    if (!blocking_ && operation.deadline != kNever) section_.read_clock(site_);
    if (!blocking_) operation.deadline = kNever;
    return operation;
  }

  /// One of the cases that can go on. Those that need a partner may find it not yet there: a try
  /// then has one outcome more.
  std::size_t pick(const Operation& operation) {
    const Time now = section_.now();
    unsigned ready = 0, alone = 0;
    for (std::size_t i = 0; i < self_.count; ++i) {
      const bool by_itself = ready_alone(i, now);
      alone += by_itself ? 1 : 0;
      ready += by_itself || meets(i) ? 1 : 0;
    }
    if (ready == 0) return kNoCase;
    const unsigned none = !blocking_ && alone == 0 && !section_.native() ? 1 : 0;
    unsigned index = section_.choose(operation, ready + none);
    for (std::size_t i = 0; i < self_.count; ++i) {
      if ((ready_alone(i, now) || meets(i)) && index-- == 0) return i;
    }
    return kNoCase;
  }
  bool ready_alone(std::size_t i, Time now) const {
    const Waiter& waiter = self_.waiters[i];
    return waiter.channel != nullptr && waiter.channel->ready_alone(waiter.is_send, now);
  }
  bool meets(std::size_t i) const {
    const Waiter& waiter = self_.waiters[i];
    return waiter.channel != nullptr && waiter.channel->partner(waiter.is_send, &self_) != nullptr;
  }

  void commit(std::size_t chosen) {
    Waiter& waiter = self_.waiters[chosen];
    if (waiter.is_send) {
      commit_send(section_, kind_, waiter, site_);
    } else {
      cases_[chosen].box = commit_receive(section_, waiter);
    }
  }

  Section& section_;
  OpKind kind_;
  SelectCase* cases_;
  bool blocking_;
  bool announced_ = false;
  const void* site_;
  Channel* first_ = nullptr;
  Selection self_{};
  Waiter few_[kFew];
};

}  // namespace

std::size_t transact(OpKind kind, SelectCase* cases, std::size_t count, bool blocking,
                     const void* site) {
  Holder holder(cases, count);
  Section section;
  Transaction transaction(section, kind, cases, count, blocking, site);
  const std::size_t chosen = transaction.run();
  std::uint64_t value = chosen;
  if (kind != OpKind::kSelect && chosen != kNoCase) value = cases[chosen].box != nullptr ? 1 : 0;
  section.emit(kind, chosen == kNoCase ? Outcome::kWouldBlock : Outcome::kDone,
               transaction.object_of(chosen), site, value);
  return chosen;
}

Channel* channel_make(std::size_t capacity, void (*destroy)(void*)) {
  return new Channel(capacity, destroy);
}

Channel* channel_share(Channel* channel) {
  if (channel != nullptr) channel->references.add();
  return channel;
}

void channel_drop(Channel* channel) {
  if (!channel->references.drop()) return;
  if (channel->notified) forget_notified(channel);
  delete channel;
}

void channel_send(Channel* channel, void* box) {
  SelectCase one{channel, true, false, box};
  transact(OpKind::kSend, &one, 1, true, CHICANE_GOLANG_SITE());
}

void* channel_receive(Channel* channel) {
  SelectCase one{channel, false, false, nullptr};
  transact(OpKind::kRecv, &one, 1, true, CHICANE_GOLANG_SITE());
  return one.box;
}

bool channel_try_send(Channel* channel, void* box) {
  SelectCase one{channel, true, false, box};
  return transact(OpKind::kTrySend, &one, 1, false, CHICANE_GOLANG_SITE()) != kNoCase;
}

void* channel_try_receive(Channel* channel) {
  SelectCase one{channel, false, false, nullptr};
  transact(OpKind::kTryRecv, &one, 1, false, CHICANE_GOLANG_SITE());
  return one.box;
}

std::size_t select_case(SelectCase* cases, std::size_t count) {
  std::size_t otherwise = kNoCase;
  for (std::size_t i = 0; i < count; ++i) {
    if (cases[i].is_otherwise) otherwise = i;
  }
  const bool blocking = otherwise == kNoCase;
  const std::size_t chosen =
      transact(OpKind::kSelect, cases, count, blocking, CHICANE_GOLANG_SITE());
  return chosen != kNoCase ? chosen : otherwise;
}

void close_now(Section& section, Channel* channel, const void* site) {
  channel->closed = true;
  channel->close_site = site;
  channel->closer = section.thread();
  section.release_store(&channel->close_edge);
}

void channel_close(Channel* channel) {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  section.wait({OpKind::kClose, channel, site});
  if (channel == nullptr) {
    section.emit(OpKind::kClose, Outcome::kNil, nullptr, site);
    throw_panic("close of nil channel", "close-of-nil");
  }
  if (channel->closed) {
    section.emit(OpKind::kClose, Outcome::kClosed, channel, site,
                 Section::as_value(channel->close_site), Section::as_other(channel->closer));
    throw_panic("close of closed channel", "close-of-closed");
  }
  close_now(section, channel, site);
  section.emit(OpKind::kClose, Outcome::kDone, channel, site);
}

std::size_t channel_size(Channel* channel) {
  if (channel == nullptr) return 0;
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  section.wait({OpKind::kAtomicLoad, channel, site});
  std::size_t size = channel->count;
  if (channel->alarm == Channel::Alarm::kValue && channel->due_by(section.now())) ++size;
  section.emit(OpKind::kAtomicLoad, Outcome::kDone, channel, site, size);
  return size;
}

std::size_t channel_capacity(Channel* channel) {
  return channel != nullptr ? channel->capacity : 0;
}

Channel* alarm_make(Channel::Alarm alarm, Time due, Time period, void (*destroy)(void*)) {
  Channel* channel = new Channel(1, destroy);
  channel->alarm = alarm;
  channel->due = due;
  channel->period = period;
  return channel;
}

}  // namespace chicane::golang::internal
