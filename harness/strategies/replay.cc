// SPDX-License-Identifier: Apache-2.0
//
// Answers from a schedule. A choice fits when the named thread is enabled and announces the kind of
// operation that the schedule has, or when an operation of that kind has such an outcome. How many
// alternatives there were is not compared: the shrinker leaves choices out, and then other threads
// may be enabled as well.
#include "strategies/strategies.h"

namespace chicane::strategies {

bool Replay::begin_run(std::uint64_t) {
  next_ = 0;
  status_ = {};
  return true;
}

unsigned Replay::pick_thread(const engine::ThreadChoice& choice) {
  if (status_.diverged) return 0;
  if (next_ == choices_.size()) {
    return choice.current_index >= 0 ? static_cast<unsigned>(choice.current_index) : 0;
  }
  const engine::ChoiceRecord& record = choices_[next_];
  if (record.is_outcome != 0) {
    diverge(choice.step, "the program chooses a thread here");
    return 0;
  }
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    if (choice.enabled[i]->id() != record.chosen) continue;
    const engine::OpKind kind = choice.enabled[i]->pending().kind;
    if (kind != record.kind) {
      diverge(choice.step, "thread " + std::to_string(record.chosen) + " is at " + to_string(kind));
      return 0;
    }
    ++next_;
    return i;
  }
  diverge(choice.step, "thread " + std::to_string(record.chosen) + " cannot go on here");
  return 0;
}

unsigned Replay::pick_outcome(const engine::Operation& operation, unsigned count) {
  if (status_.diverged || next_ == choices_.size()) return 0;
  const engine::ChoiceRecord& record = choices_[next_];
  if (record.is_outcome == 0 || record.kind != operation.kind) {
    diverge(0, std::string("the program chooses an outcome of ") + to_string(operation.kind));
    return 0;
  }
  if (record.chosen >= count) {
    diverge(0, std::string(to_string(operation.kind)) + " has only " + std::to_string(count) +
                   " outcomes");
    return 0;
  }
  ++next_;
  return record.chosen;
}

void Replay::diverge(std::uint64_t step, std::string found) {
  status_.diverged = true;
  status_.position = next_;
  status_.step = step;
  status_.expected = choices_[next_];
  const engine::ChoiceRecord& record = status_.expected;
  status_.message = "choice " + std::to_string(next_ + 1) + ": expected " +
                    (record.is_outcome != 0 ? "outcome " : "thread ") +
                    std::to_string(record.chosen) + (record.is_outcome != 0 ? " of " : " at ") +
                    to_string(record.kind) + "; " + std::move(found);
}

}  // namespace chicane::strategies
