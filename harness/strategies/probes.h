// SPDX-License-Identifier: Apache-2.0
//
// How large an exhaustive search will be, from its start. The tree that it has seen of itself tells
// little: whole branches come up only while others are explored. So now and then a run is a
// *probe*, which draws at each step who goes on.
//
// Let q be the probability of what a probe drew, and L the number of orders in which its trace can
// be run (linear_orders.h). Each order of each trace is drawn with its own q, and counts 1 / (q L):
// the mean over many probes is the number of traces. (For the tree of all interleavings L is 1, and
// this is what Knuth's "Estimating the efficiency of backtrack programs", 1975, does.) Threads are
// drawn by how many steps they have left, as far as probes before have shown: then q is much the
// same for all orders, and what is averaged varies least. For the same reason operations on objects
// where no two threads have met so far are made as soon as they can be, as silent steps are; if
// they meet after all, the counting begins anew.
//
// The error is such that the number lies within it in nine cases of ten. Where what a thread reads
// decides how much it does, a few draws have most of the number, and most have hardly any of it:
// the error is then many times what is told, which says that it is not known yet (`beyond`;
// tests/exhaustive_estimate_test.cc).
//
// Thread safety: engine context. Lives in shared memory.
// Invariants:
//   I1. Probes are no executions of the search and change nothing of what it does.
//   I2. There is no probe before kFirst executions; afterwards there are kAtOnce, and then one in
//       kEvery of them, at first one in kEveryWhileVague.
// Cost: a probe, some 20 us beyond its run.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "engine/engine.h"
#include "strategies/dependence.h"
#include "strategies/linear_orders.h"
#include "strategies/search.h"

namespace chicane::strategies {

class Probes final : public engine::Strategy {
 public:
  Probes(std::unique_ptr<Search> search, std::uint64_t seed);
  const char* name() const override { return search_->name(); }
  void use_racy_sites(std::size_t count) override;
  bool begin_run(std::uint64_t run) override;
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    return probing_ ? pick_probe(choice) : search_->pick_thread(choice);
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override;
  bool wants_every_step() const override { return probing_ || search_->wants_every_step(); }
  std::uint64_t event_kinds() const override {
    return probing_ ? kNotOfLives : search_->event_kinds();
  }
  void on_event(const engine::Event& event) override {
    if (!probing_) return search_->on_event(event);
    trace_.on_event(event);
  }
  bool wants_memory() const override { return probing_ || search_->wants_memory(); }
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override {
    if (!probing_) return search_->on_allocate(thread, start, size);
    trace_.on_allocate(thread, start, size);
  }
  void end_run(std::uint64_t steps) override;
  bool statistics(engine::SearchStatistics* to) const override;
  void describe(engine::StrategyReport* report) const override { search_->describe(report); }

 private:
  static constexpr std::uint64_t kFirst = 8, kEvery = 128;
  /// So many at once at the beginning, of which the first only learn what to draw by.
  static constexpr std::uint64_t kAtOnce = 24, kLearning = 2;
  /// So few tell nothing.
  static constexpr std::uint64_t kFew = 4;
  /// A share of the estimate: no probes are made when the error is below.
  static constexpr double kPrecise = 0.03;
  /// More of them, up to so many, while it is above.
  static constexpr double kVague = 0.25;
  /// Of the values, as many at most as tell how the largest are spread.
  static constexpr std::size_t kMostOfTail = 20;
  static constexpr std::uint64_t kEveryWhileVague = 4, kMostWhileVague = 256;

  unsigned pick_probe(const engine::ThreadChoice& choice);
  bool is_held(const engine::Thread& thread) const;
  void note_choice(const engine::ThreadChoice& choice, unsigned pick);
  bool is_due() const;
  void start_anew();
  void finish_probe();
  void weigh();
  void note_users();
  bool is_private(const engine::Thread& thread) const;
  int given_index(const engine::ThreadChoice& choice) const;
  unsigned draw(const engine::ThreadChoice& choice);
  double beyond() const;

  std::unique_ptr<Search> search_;
  std::uint64_t seed_;
  RandomBits random_;
  Trace trace_;
  LinearOrders orders_;
  engine::SharedVector<unsigned> choices_;  // of this probe
  /// Who used an object, in any probe so far.
  struct Users {
    Tid first = kNone;
    bool several = false, changed = false;
    bool meet() const { return several && changed; }
  };
  std::unordered_map<ObjectKey, Users, std::hash<ObjectKey>, std::equal_to<>,
                     engine::SharedAllocator<std::pair<const ObjectKey, Users>>>
      users_;
  engine::SharedVector<std::uint32_t> private_steps_;  // of this probe
  engine::SharedVector<double> weights_;               // of this choice
  engine::SharedVector<std::uint32_t> made_;           // by thread: steps drawn in this probe
  engine::SharedVector<double> expected_;              // by thread: on average in those before
  double log2_q_ = 0;
  std::uint64_t last_step_ = 0, probes_ = 0;
  struct Mean {
    std::uint64_t count = 0;
    double mean = 0, squares = 0;  // squares of differences from the mean
    void add(double value);
    double error() const;
  };
  // Of the values; of its part of the search, and of all of it, of which other parts have the same
  // draws: how many are made is a matter of what all of them know together.
  Mean own_, all_;
  engine::SharedVector<double> largest_;  // of its own, the largest first; no 0
  std::size_t racy_sites_ = 0;
  bool probing_ = false;
  bool over_ = false;        // this probe, but for threads that are held
  bool news_ = false;        // two threads met at an object for the first time
  bool endless_ = false;     // a probe came to the step limit: there is no number
  bool announcing_ = false;  // what a thread is about to do matters: no step comes of itself
};

}  // namespace chicane::strategies
