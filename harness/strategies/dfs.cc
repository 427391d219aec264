// SPDX-License-Identifier: Apache-2.0
//
// Every interleaving, with every outcome, in depth-first order: each choice's first alternative,
// then, from the last choice back, the next ones. What partial order reduction is measured against.
// A shard runs those of the tree's first branches that a hash of their choices gives it; a branch
// that is not its own is passed over, or, when all that are left are not, run once for nothing: it
// is the execution of another shard.
//
// The choices of the current run are all that it keeps.
#include "engine/shared_heap.h"
#include "strategies/mix.h"
#include "strategies/search.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

constexpr std::size_t kSplitChoices = 8;

class Dfs final : public Search {
 public:
  Dfs(unsigned shard, unsigned shards) : shard_(shard), shards_(shards) {}
  const char* name() const override { return "dfs"; }
  std::uint64_t event_kinds() const override { return 0; }

  // Other accesses are operations now: the tree is another.
  void use_racy_sites(std::size_t count) override {
    if (count == racy_sites_) return;
    racy_sites_ = count;
    choices_.clear();
    in_run_ = exhausted_ = incomplete_ = false;
    executions_ = 0;
  }
  bool begin_run(std::uint64_t) override {
    if (in_run_) finish_run();  // its process has died: as complete as it will be
    if (exhausted_) return false;
    in_run_ = true;
    next_ = 0;
    return true;
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    return choose(static_cast<unsigned>(choice.enabled.size()));
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override { return choose(count); }
  void end_run(std::uint64_t) override {
    const auto& engine = engine::Engine::instance();
    incomplete_ = incomplete_ || engine.last_end() == engine::RunEnd::kStepLimit ||
                  engine.left_out_accesses();
    finish_run();
  }
  bool counts_traces() const override { return false; }
  bool owns(const Trace&, std::span<const unsigned> choices) override {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < choices.size() && i < kSplitChoices; ++i) {
      hash = mixed(hash, choices[i] + 1);
    }
    return hash % shards_ == shard_;
  }
  std::uint64_t executions() const override { return executions_; }
  bool ended() const override { return exhausted_; }
  bool statistics(engine::SearchStatistics* to) const override {
    *to = {executions_, 0, static_cast<double>(executions_), 0, incomplete_};
    if (exhausted_ || executions_ == 0) return true;
    // As if all alternatives of a choice were equally large.
    double behind = 0, here = 1;
    for (const Choice& choice : choices_) {
      here /= choice.count;
      behind += here * choice.chosen;
    }
    to->estimate /= behind;
    to->estimate_error = to->estimate * (1 - behind);
    return true;
  }

 private:
  struct Choice {
    unsigned chosen, count;
  };

  unsigned choose(unsigned count) {
    if (next_ == choices_.size()) choices_.push_back({0, count});
    Choice& choice = choices_[next_++];
    if (choice.count != count) {
      incomplete_ = true;  // the program differs under the same choices
      choice.count = count;
      if (choice.chosen >= count) choice.chosen = count - 1;
    }
    while (next_ == kSplitChoices && !is_mine() && choice.chosen + 1 < count) ++choice.chosen;
    return choice.chosen;
  }

  bool is_mine() const {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < choices_.size() && i < kSplitChoices; ++i) {
      hash = mixed(hash, choices_[i].chosen + 1);
    }
    return hash % shards_ == shard_;
  }

  void finish_run() {
    in_run_ = false;
    const bool mine = is_mine();
    if (mine) ++executions_;
    if (!mine && choices_.size() > kSplitChoices) choices_.resize(kSplitChoices);
    while (!choices_.empty() && choices_.back().chosen + 1 == choices_.back().count) {
      choices_.pop_back();
    }
    exhausted_ = choices_.empty();
    if (!exhausted_) ++choices_.back().chosen;
  }

  unsigned shard_, shards_;
  engine::SharedVector<Choice> choices_;
  std::size_t next_ = 0, racy_sites_ = 0;
  bool in_run_ = false, exhausted_ = false, incomplete_ = false;
  std::uint64_t executions_ = 0;
};

}  // namespace

std::unique_ptr<Search> make_dfs(unsigned shard, unsigned shards) {
  return std::make_unique<Dfs>(shard, shards);
}

}  // namespace chicane::strategies
