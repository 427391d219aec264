// SPDX-License-Identifier: Apache-2.0
//
// Follows a schedule as far as it fits, for the shrinker: entry i answers choice i, and where it
// does not fit, or there is none, the default policy does (stay with the running thread, else the
// lowest id; outcome 0).
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Follow final : public engine::Strategy {
 public:
  explicit Follow(std::vector<engine::ChoiceRecord> choices) : choices_(std::move(choices)) {}
  const char* name() const override { return "follow"; }

  bool begin_run(std::uint64_t) override {
    next_ = 0;
    return true;
  }

  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    const engine::ChoiceRecord* record = take();
    if (record != nullptr && record->is_outcome == 0) {
      for (unsigned i = 0; i < choice.enabled.size(); ++i) {
        if (choice.enabled[i]->id() == record->chosen) return i;
      }
    }
    return choice.current_index >= 0 ? static_cast<unsigned>(choice.current_index) : 0;
  }

  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    const engine::ChoiceRecord* record = take();
    const bool fits = record != nullptr && record->is_outcome != 0 && record->chosen < count;
    return fits ? record->chosen : 0;
  }

 private:
  const engine::ChoiceRecord* take() {
    return next_ < choices_.size() ? &choices_[next_++] : nullptr;
  }

  std::vector<engine::ChoiceRecord> choices_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_follow(std::vector<engine::ChoiceRecord> choices) {
  return std::make_unique<Follow>(std::move(choices));
}

}  // namespace chicane::strategies
