// SPDX-License-Identifier: Apache-2.0
//
// A search that knows nothing of threads that wait actively, kept from being trapped by them: those
// that are held (spins.h) are not among the enabled that it is shown. Where spins.h says that the
// search begins anew, another one is made.
#include <utility>

#include "engine/engine.h"
#include "strategies/dependence.h"
#include "strategies/parts.h"
#include "strategies/search.h"
#include "strategies/spins.h"

namespace chicane::strategies {
namespace {

using engine::ThreadChoice;

class Held final : public Search {
 public:
  Held(MakeSearch* make, unsigned shard, unsigned shards)
      : make_(make), shard_(shard), shards_(shards), search_(make(shard, shards)) {}
  const char* name() const override { return search_->name(); }

  void use_racy_sites(std::size_t count) override {
    racy_sites_ = count;
    search_->use_racy_sites(count);
  }
  bool begin_run(std::uint64_t run) override {
    if (in_run_) finish_run();  // its process has died
    trace_.truncate(0);
    trace_.begin_run(spins_.needs_writes());
    spins_.begin_run();
    over_ = judging_ = false;
    return in_run_ = search_->begin_run(run);
  }
  bool wants_every_step() const override { return true; }
  unsigned pick_thread(const ThreadChoice& choice) override {
    if (over_) return Spins::pick_in_rest(choice);
    if (!trace_.look(choice)) return search_->pick_thread(choice);
    const int judged = spins_.judge(trace_, choice);
    judging_ = judged >= 0;
    over_ = judged == Spins::kJudged || spins_.holds_all(trace_, choice);
    if (over_) return Spins::pick_in_rest(choice);
    const unsigned pick = judging_ ? static_cast<unsigned>(judged) : pick_among_free(choice);
    trace_.begin_step(choice, pick);
    return pick;
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
    unsigned pick = spins_.is_judging() ? count - 1 : 0;
    if (!over_ && !judging_) pick = search_->pick_outcome(operation, count);
    if (!over_) trace_.add_outcome({pick, count});
    return pick;
  }
  std::uint64_t event_kinds() const override { return kNotOfLives | search_->event_kinds(); }
  void on_event(const engine::Event& event) override {
    if (!over_) trace_.on_event(event);
    if (search_->wants(event)) search_->on_event(event);
  }
  bool wants_memory() const override { return true; }
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override {
    trace_.on_allocate(thread, start, size);
    if (search_->wants_memory()) search_->on_allocate(thread, start, size);
  }
  void end_run(std::uint64_t steps) override {
    search_->end_run(steps);
    finish_run();
  }

  bool counts_traces() const override { return search_->counts_traces(); }
  bool owns(const Trace& trace, std::span<const unsigned> choices) override {
    return search_->owns(trace, choices);
  }
  std::uint64_t executions() const override { return search_->executions(); }
  bool ended() const override { return search_->ended(); }
  const Spins* spins() const override { return &spins_; }
  bool statistics(engine::SearchStatistics* to) const override { return search_->statistics(to); }
  void describe(engine::StrategyReport* report) const override {
    search_->describe(report);
    if (!search_->ended() || shards_ > 1 || !spins_.any()) return;
    report_proof(false, report);
    spins_.add_exception(report);
  }

 private:
  unsigned pick_among_free(const ThreadChoice& choice) {
    ThreadChoice free = choice;
    free.current_index = -1;
    free_.clear();
    indices_.clear();
    for (unsigned i = 0; i < choice.enabled.size(); ++i) {
      if (spins_.holds(trace_, trace_.tid_of(choice.enabled[i]->id()))) continue;
      if (static_cast<int>(i) == choice.current_index) {
        free.current_index = static_cast<int>(free_.size());
      }
      free_.push_back(choice.enabled[i]);
      indices_.push_back(i);
    }
    free.enabled = free_;
    const bool asks = free_.size() > 1 || search_->wants_every_step();
    return indices_[asks ? search_->pick_thread(free) : 0];
  }

  void finish_run() {
    in_run_ = false;
    if (!spins_.end_run()) return;
    search_ = make_(shard_, shards_);
    search_->use_racy_sites(racy_sites_);
  }

  MakeSearch* make_;
  unsigned shard_, shards_;
  std::unique_ptr<Search> search_;
  std::size_t racy_sites_ = 0;
  Trace trace_;
  Spins spins_;
  bool in_run_ = false;
  bool judging_ = false;
  bool over_ = false;  // for the search, which is told nothing of the rest of the run
  engine::SharedVector<engine::Thread*> free_;
  engine::SharedVector<unsigned> indices_;
};

}  // namespace

std::unique_ptr<Search> make_held(MakeSearch* make, unsigned shard, unsigned shards) {
  return std::make_unique<Held>(make, shard, shards);
}

}  // namespace chicane::strategies
