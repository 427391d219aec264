// SPDX-License-Identifier: Apache-2.0
//
// Answers from a schedule. A choice fits when the named thread is enabled and announces the kind of
// operation that the schedule has, or when an operation of that kind has such an outcome. How many
// alternatives there were is not compared: the shrinker leaves choices out, and then other threads
// may be enabled as well.
#include <algorithm>

#include "strategies/strategies.h"

namespace chicane::strategies {

bool Replay::begin_run(std::uint64_t) {
  next_ = 0;
  status_ = {};
  return true;
}

namespace {

/// "thread 0 before join, thread 2 before lock", "thread 1 before unlock".
std::string in_words(std::span<engine::Thread* const> enabled) {
  constexpr std::size_t kMost = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, enabled.size()); ++i) {
    if (i > 0) text += ", ";
    text += "thread " + std::to_string(enabled[i]->id()) + " before " +
            to_string(enabled[i]->pending().kind);
  }
  return text + (enabled.size() > kMost ? ", ..." : "");
}

}  // namespace

unsigned Replay::pick_thread(const engine::ThreadChoice& choice) {
  if (status_.diverged) return 0;
  if (next_ == choices_.size()) {
    return choice.current_index >= 0 ? static_cast<unsigned>(choice.current_index) : 0;
  }
  const engine::ChoiceRecord& record = choices_[next_];
  if (record.is_outcome != 0) {
    diverge(choice.step, "a choice between " + in_words(choice.enabled));
    return 0;
  }
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    if (choice.enabled[i]->id() != record.chosen) continue;
    const engine::Operation& pending = choice.enabled[i]->pending();
    if (pending.kind != record.kind) {
      diverge(choice.step, in_words(choice.enabled.subspan(i, 1)), pending.site);
      return 0;
    }
    ++next_;
    return i;
  }
  diverge(choice.step, "only " + in_words(choice.enabled));
  return 0;
}

unsigned Replay::pick_outcome(const engine::Operation& operation, unsigned count) {
  if (status_.diverged || next_ == choices_.size()) return 0;
  const engine::ChoiceRecord& record = choices_[next_];
  if (record.is_outcome == 0 || record.kind != operation.kind || record.chosen >= count) {
    diverge(
        0,
        "a choice between " + std::to_string(count) + " outcomes of " + to_string(operation.kind),
        operation.site);
    return 0;
  }
  ++next_;
  return record.chosen;
}

void Replay::end_run(std::uint64_t steps) {
  if (!status_.diverged && next_ < choices_.size()) diverge(steps, "the end of the run");
}

void Replay::diverge(std::uint64_t step, std::string found, const void* site) {
  status_ = {.diverged = true,
             .position = next_,
             .step = step,
             .expected = choices_[next_],
             .found = std::move(found),
             .site = site};
}

}  // namespace chicane::strategies
