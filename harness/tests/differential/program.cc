// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/program.h"

#include <algorithm>

namespace chicane::differential {
namespace {

constexpr unsigned kNobody = ~0u;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}

  Program make() {
    program_.threads.resize(2 + below(3));
    style_ = below(4);
    const unsigned blocks = 3 + below(10);
    for (unsigned i = 0; i < blocks; ++i) add_block(below(thread_count()));
    finish_waits();
    return std::move(program_);
  }

 private:
  std::uint64_t next() {  // SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  unsigned below(unsigned bound) { return static_cast<unsigned>(next() % bound); }
  bool one_in(unsigned n) { return below(n) == 0; }
  unsigned thread_count() const { return static_cast<unsigned>(program_.threads.size()); }

  void add(unsigned thread, StepKind kind, unsigned object, unsigned order = 5) {
    program_.threads[thread].push_back(
        {kind, static_cast<std::uint8_t>(object), static_cast<std::uint8_t>(order)});
  }

  /// What a program is mostly made of differs, so that every mechanism is sometimes the only one.
  void add_block(unsigned thread) {
    switch (style_ == 3 ? below(3) : style_) {
      case 0:
        return add_critical_section(thread);
      case 1:
        return add_atomics(thread);
      default:
        return one_in(4) ? add_plain(thread) : add_message(thread);
    }
  }

  void add_plain(unsigned thread) {
    const bool write = !one_in(3);
    const unsigned place = one_in(12) ? below(kPlaceCount) : below(kOrdinaryPlaces);
    add(thread, write ? StepKind::kPlainWrite : StepKind::kPlainRead, place);
  }

  void add_few_plain(unsigned thread) {
    for (unsigned i = below(3); i > 0; --i) add_plain(thread);
  }

  void add_critical_section(unsigned thread) {
    add_few_plain(thread);
    if (one_in(3)) {
      const unsigned lock = below(kRWLocks);
      const bool shared = one_in(2);
      add(thread, shared ? StepKind::kReadLock : StepKind::kWriteLock, lock);
      add_few_plain(thread);
      add(thread, shared ? StepKind::kReadUnlock : StepKind::kWriteUnlock, lock);
    } else {
      const unsigned outer = below(kMutexes);
      add(thread, one_in(4) ? StepKind::kTryLock : StepKind::kLock, outer);
      add_few_plain(thread);
      if (outer + 1 < kMutexes && one_in(4)) {
        add(thread, StepKind::kLock, outer + 1);
        add_few_plain(thread);
        add(thread, StepKind::kUnlock, outer + 1);
      }
      add(thread, StepKind::kUnlock, outer);
    }
    add_few_plain(thread);
  }

  void add_atomics(unsigned thread) {
    add_few_plain(thread);
    for (unsigned i = 1 + below(3); i > 0; --i) {
      static constexpr StepKind kKinds[] = {StepKind::kLoad, StepKind::kStore, StepKind::kRmw,
                                            StepKind::kCas, StepKind::kFence};
      static constexpr unsigned kOrders[] = {0, 2, 3, 4, 5};
      const StepKind kind = kKinds[below(5)];
      unsigned order = kOrders[below(5)];
      if (kind == StepKind::kLoad && (order == 3 || order == 4)) order = 2;
      if (kind == StepKind::kStore && (order == 2 || order == 4)) order = 3;
      if (kind == StepKind::kFence && order == 0) order = 5;
      add(thread, kind, below(kAtomics), order);
      if (one_in(2)) add_plain(thread);
    }
    add_few_plain(thread);
  }

  /// Somebody tells somebody else: the telling step goes to the end of one list, the waiting one to
  /// the end of another, as in a sequential execution.
  void add_message(unsigned from) {
    unsigned to = below(thread_count() - 1);
    if (to >= from) ++to;
    add_few_plain(from);
    switch (below(2)) {
      case 0:
        if (const unsigned flag = take_for(flag_waiter_, kFlags, to); flag != kNobody) {
          if (flag_set_[flag]) break;
          flag_set_[flag] = true;
          add(from, StepKind::kSetFlag, flag);
          add(to, StepKind::kWaitFlag, flag);
        }
        break;
      default:
        add_channel_use(from, to);
    }
    add_few_plain(from);
    add_few_plain(to);
  }

  void add_channel_use(unsigned from, unsigned to) {
    const unsigned channel = below(kChannelCount);
    Channel& state = channels_[channel];
    if (state.sender == kNobody) {
      state.sender = from;
      state.receiver = to;
    }
    if (state.closed) return;
    from = state.sender;
    to = state.receiver;
    if (one_in(5)) {
      add(from, StepKind::kClose, channel);
      state.closed = true;
      return;
    }
    // A sequential execution: a full buffer (and any unbuffered send) is received at once.
    add(from, StepKind::kSend, channel);
    ++state.waiting;
    while (state.waiting > kChannels[channel] || (state.waiting > 0 && one_in(2))) {
      add(to, StepKind::kReceive, channel);
      --state.waiting;
      if (one_in(2)) add_plain(to);
    }
  }

  /// What was sent is received, and a close is seen.
  void finish_waits() {
    for (unsigned channel = 0; channel < kChannelCount; ++channel) {
      Channel& state = channels_[channel];
      if (state.sender == kNobody) continue;
      for (; state.waiting > 0; --state.waiting) {
        add(state.receiver, StepKind::kReceive, channel);
        add_plain(state.receiver);
      }
      if (!state.closed || one_in(3)) continue;
      add(state.receiver, StepKind::kReceiveClosed, channel);
      add_plain(state.receiver);
    }
  }

  /// One of `count` objects that only `thread` waits for, or kNobody.
  unsigned take_for(std::vector<unsigned>& waiters, unsigned count, unsigned thread) {
    waiters.resize(count, kNobody);
    const unsigned object = below(count);
    if (waiters[object] == kNobody) waiters[object] = thread;
    return waiters[object] == thread ? object : kNobody;
  }

  struct Channel {
    unsigned sender = kNobody, receiver = kNobody, waiting = 0;
    bool closed = false;
  };
  std::uint64_t state_;
  unsigned style_ = 0;
  Program program_;
  std::vector<unsigned> flag_waiter_;
  bool flag_set_[kFlags] = {};
  Channel channels_[kChannelCount];
};

const char* name_of(StepKind kind) {
  switch (kind) {
#define X(enumerator, name)  \
  case StepKind::enumerator: \
    return name;
    CHICANE_STEPS(X)
#undef X
  }
  return "?";
}

bool has_order(StepKind kind) { return kind >= StepKind::kLoad && kind <= StepKind::kFence; }

std::string object_of(const Step& step) {
  if (step.kind <= StepKind::kPlainWrite) return kPlaces[step.object].name;
  const char letter = step.kind <= StepKind::kCas          ? 'a'
                      : step.kind <= StepKind::kUnlock     ? 'm'
                      : step.kind <= StepKind::kReadUnlock ? 'r'
                      : step.kind <= StepKind::kWaitFlag   ? 'f'
                                                           : 'c';
  return letter + std::to_string(step.object);
}

}  // namespace

std::size_t Program::size() const {
  std::size_t count = 0;
  for (const auto& thread : threads) count += thread.size();
  return count;
}

Program make_program(std::uint64_t seed) { return Generator(seed).make(); }

std::string to_string(const Program& program) {
  static constexpr const char* kOrders[] = {"relaxed", "consume", "acquire",
                                            "release", "acq_rel", "seq_cst"};
  std::string text;
  for (std::size_t i = 0; i < program.threads.size(); ++i) {
    text += "  thread " + std::to_string(i + 1) + ":";
    for (const Step& step : program.threads[i]) {
      text += std::string(" ") + name_of(step.kind);
      if (step.kind != StepKind::kFence) text += " " + object_of(step);
      if (has_order(step.kind)) text += std::string(" ") + kOrders[step.order];
      text += ";";
    }
    text += "\n";
  }
  return text;
}

}  // namespace chicane::differential
