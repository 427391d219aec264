// SPDX-License-Identifier: Apache-2.0
//
// Delay bounding (Emmi, Qadeer, Rakamaric: "Delay-bounded scheduling", POPL 2011) and preemption
// bounding (Musuvathi, Qadeer: "Iterative context bounding for systematic testing of multithreaded
// programs", PLDI 2007), iterated 0, 1, 2, ...: all schedules of cost 0 first, then all of cost 1,
// and so on, each exactly once. Most bugs show at a low cost.
//
// Both are deviations from a schedule without any choice: it stays with the running thread, and
// goes on with the next id, cyclically, when that is not enabled.
//   delay       a deviation passes over k threads in that order, and costs k
//   preemption  a deviation costs 1 when the running thread could have gone on, nothing otherwise
// An outcome other than the first (a select's case) costs 1 with delays, nothing with preemptions.
//
// Of several parts each has the runs whose first deviation falls to it by a hash, and the first has
// the run without any; the others make that one, too, to learn where deviations are: a repetition.
//
// A run is known by its deviations; it is kept, with how many alternatives each of its later
// choices had, and each of these is one further run. That is some bytes per choice and run: when
// kMostBytes are used, later runs are not followed up, and `describe` says so.
#include <algorithm>

#include "strategies/mix.h"
#include "strategies/parts.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

class Bounded final : public engine::Strategy, public Searching {
 public:
  Bounded(bool delays, const Parameters& with) : delays_(delays), with_(with) {}
  const char* name() const override { return delays_ ? "delay" : "preemption"; }

  // Where races were found, more accesses are choices: the search begins anew.
  void use_racy_sites(std::size_t count) override {
    if (count == racy_sites_) return;
    racy_sites_ = count;
    nodes_.clear();
    alternatives_.clear();
    current_ = {};
    running_ = dearer_ = finished_ = limited_ = full_ = false;
    bound_ = node_ = offset_ = 0;
    alternative_ = 1;
    executions_ = without_ = 0;
  }

  bool begin_run(std::uint64_t) override {
    if (running_) end_run(0);  // the last run's process died in it
    if (!nodes_.empty() && !advance()) return false;
    plan_.clear();
    for (const Node* node = &current_; node->parent != kNone; node = &nodes_[node->parent]) {
      plan_.push_back({node->position, node->alternative});
    }
    std::reverse(plan_.begin(), plan_.end());
    next_ = choices_ = 0;
    current_.first = static_cast<std::uint32_t>(alternatives_.size());
    running_ = true;
    return true;
  }

  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    const auto count = static_cast<unsigned>(choice.enabled.size());
    unsigned first = 0;
    while (first < count && choice.enabled[first]->id() < choice.current) ++first;
    return (first + decide(count, choice.current_index >= 0 ? kCosts : 0)) % count;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return decide(count, kOutcome);
  }

  void end_run(std::uint64_t) override {
    running_ = false;
    current_.length = static_cast<std::uint32_t>(alternatives_.size()) - current_.first;
    nodes_.push_back(current_);
    const bool mine = current_.parent != kNone || with_.shard == 0;
    executions_ += mine ? 1 : 0;
    without_ += mine && current_.cost == 0 ? 1 : 0;
  }

  Bounds bounds() const override {
    return {.deviation = name(),
            .reached = static_cast<std::int64_t>(bound_) - (finished_ ? 0 : 1),
            .without = without_,
            .whole = finished_ && !limited_ && !full_,
            .full = full_,
            .incomplete = full_ || limited_};
  }
  /// Without an estimate until it is whole.
  bool statistics(engine::SearchStatistics* to) const override {
    const Bounds reached = bounds();
    *to = {.executions = executions_,
           .blocked = 0,
           .estimate = reached.whole ? static_cast<double>(executions_) : 0,
           .incomplete = reached.incomplete};
    return true;
  }
  void describe(engine::StrategyReport* report) const override {
    const Bounds reached = bounds();
    report->incomplete |= reached.incomplete;
    report_bounds(reached, false, report);
  }

 private:
  static constexpr std::uint32_t kNone = ~0u;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  // A choice: how many alternatives it had, and which sort of choice it was.
  static constexpr std::uint8_t kCosts = 0x80, kOutcome = 0x40, kCount = 0x3f;

  struct Node {
    std::uint32_t parent = kNone;
    std::uint32_t position = 0;           // of its last deviation, which its parent does not have
    std::uint32_t first = 0, length = 0;  // the choices after that, in alternatives_
    std::uint16_t alternative = 0, cost = 0;
  };
  struct Deviation {
    std::uint32_t position;
    std::uint16_t alternative;
  };

  unsigned decide(unsigned count, std::uint8_t sort) {
    const std::uint32_t position = choices_++;
    if (next_ < plan_.size() && plan_[next_].position == position) {
      return std::min<unsigned>(plan_[next_++].alternative, count - 1);
    }
    if (next_ < plan_.size()) return 0;
    if (alternatives_.size() + nodes_.size() * sizeof(Node) > kMostBytes) {
      full_ = true;
    } else {
      alternatives_.push_back(static_cast<std::uint8_t>(std::min<unsigned>(count, kCount)) | sort);
    }
    return 0;
  }
  unsigned cost_of(std::uint8_t choice, unsigned alternative) const {
    if ((choice & kOutcome) != 0) return delays_ ? 1 : 0;
    if (delays_) return alternative;
    return (choice & kCosts) != 0 ? 1 : 0;
  }
  std::uint32_t first_position(const Node& node) const {
    return node.parent == kNone ? 0 : node.position + 1;
  }

  // Finds the next run: the next alternative of the next kept run, of the cost that is due.
  bool advance() {
    for (;;) {
      for (; node_ < nodes_.size(); ++node_, offset_ = 0, alternative_ = 1) {
        if (advance_within(nodes_[node_])) return true;
      }
      if (!dearer_) finished_ = true;
      if (!dearer_ || bound_ == with_.bound) {
        limited_ = dearer_;
        finished_ = true;
        return false;
      }
      ++bound_;
      node_ = offset_ = 0;
      alternative_ = 1;
      dearer_ = false;
    }
  }
  bool advance_within(const Node& node) {
    for (; offset_ < node.length; ++offset_, alternative_ = 1) {
      const std::uint8_t choice = alternatives_[node.first + offset_];
      while (alternative_ < (choice & kCount)) {
        const unsigned alternative = alternative_++;
        const unsigned cost = node.cost + cost_of(choice, alternative);
        dearer_ |= cost > bound_;
        if (cost != bound_ || !is_own(node, alternative)) continue;
        current_ = {.parent = node_,
                    .position = first_position(node) + offset_,
                    .alternative = static_cast<std::uint16_t>(alternative),
                    .cost = static_cast<std::uint16_t>(cost)};
        return true;
      }
    }
    return false;
  }

  // Which part a run belongs to, its first deviation says.
  bool is_own(const Node& node, unsigned alternative) const {
    return node.parent != kNone || with_.shards == 1 ||
           mix((offset_ << 8) + alternative) % with_.shards == with_.shard;
  }

  bool delays_;
  Parameters with_;
  engine::SharedVector<Node> nodes_;
  engine::SharedVector<std::uint8_t> alternatives_;
  engine::SharedVector<Deviation> plan_;
  std::size_t next_ = 0;
  std::uint32_t choices_ = 0;
  Node current_;
  bool running_ = false;
  std::size_t racy_sites_ = 0;
  std::uint64_t executions_ = 0, without_ = 0;  // any deviation that costs
  // Where the search stands: next is this alternative of this choice of this run.
  unsigned bound_ = 0;
  std::uint32_t node_ = 0, offset_ = 0;
  unsigned alternative_ = 1;
  bool dearer_ = false, finished_ = false, limited_ = false, full_ = false;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_delay(const Parameters& with) {
  return std::make_unique<Bounded>(true, with);
}

std::unique_ptr<engine::Strategy> make_preemption(const Parameters& with) {
  return std::make_unique<Bounded>(false, with);
}

}  // namespace chicane::strategies
