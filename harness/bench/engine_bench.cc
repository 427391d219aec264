// SPDX-License-Identifier: Apache-2.0
//
// Runs per second of small programs: under the engine with all monitors of the sched leg, and the
// same code on native threads beside it (their quotient is what the engine gains); the cost of one
// plain access and of one pair of lock and unlock.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "bench/programs.h"
#include "engine/engine.h"
#include "engine/journal.h"
#include "monitors/monitors.h"
#include "strategies/strategies.h"

namespace chicane::bench {
namespace {

class Bench {
 public:
  explicit Bench(bool with_monitors) {
    if (!with_monitors) return;
    owned_.push_back(monitors::make_deadlock_monitor());
    owned_.push_back(monitors::make_race_monitor());
    owned_.push_back(monitors::make_misuse_monitor());
    owned_.push_back(monitors::make_leak_monitor());
    owned_.push_back(monitors::make_livelock_monitor());
    for (const auto& monitor : owned_) monitors_.push_back(monitor.get());
  }

  void run(const std::function<void()>& program, benchmark::State& state) {
    strategy_->begin_run(run_);
    journal_->begin_run(run_++);
    const engine::RunEnd end =
        engine::Engine::instance().run(program, *strategy_, monitors_, *journal_, options_);
    journal_->end_run(end, 0);
    if (end != engine::RunEnd::kFinished || !journal_->findings().empty()) {
      state.SkipWithError("the program is clean, and yet something was found");
    }
  }

 private:
  engine::Journal* journal_ = engine::Journal::create();
  std::unique_ptr<engine::Strategy> strategy_ = strategies::make_random(1);
  std::vector<std::unique_ptr<engine::Monitor>> owned_;
  std::vector<engine::Monitor*> monitors_;
  engine::RunOptions options_{.step_limit = 1 << 20, .access_limit = 1 << 20};
  std::uint64_t run_ = 0;
};

void explore(benchmark::State& state, void (*program)(), bool with_monitors) {
  Bench bench(with_monitors);
  const std::function<void()> body = program;
  for (auto _ : state) bench.run(body, state);
  state.SetItemsProcessed(state.iterations());
}

void native(benchmark::State& state, void (*program)()) {
  for (auto _ : state) program();
  state.SetItemsProcessed(state.iterations());
}

void accesses(benchmark::State& state, bool with_monitors) {
  Bench bench(with_monitors);
  const std::function<void()> body = &plain_accesses_program;
  for (auto _ : state) bench.run(body, state);
  state.SetItemsProcessed(state.iterations() * kPlainAccesses);
}

void lock_pairs(benchmark::State& state) {
  Bench bench(true);
  const std::function<void()> body = &lock_pairs_program;
  for (auto _ : state) bench.run(body, state);
  state.SetItemsProcessed(state.iterations() * kLockPairs);
}

BENCHMARK_CAPTURE(explore, locked_counter_3x3, &locked_counter_program, true);
BENCHMARK_CAPTURE(explore, locked_counter_3x3_without_monitors, &locked_counter_program, false);
BENCHMARK_CAPTURE(native, locked_counter_3x3, &locked_counter_program)->UseRealTime();
BENCHMARK_CAPTURE(explore, atomic_counter_3x3, &atomic_counter_program, true);
BENCHMARK_CAPTURE(native, atomic_counter_3x3, &atomic_counter_program)->UseRealTime();
BENCHMARK_CAPTURE(accesses, plain, true);
BENCHMARK_CAPTURE(accesses, plain_without_monitors, false);
BENCHMARK(lock_pairs);

}  // namespace
}  // namespace chicane::bench

BENCHMARK_MAIN();
