// SPDX-License-Identifier: Apache-2.0
//
// Runs per second of small programs: under the engine with all monitors of the sched leg, and the
// same code on native threads beside it (their quotient is what the engine gains); the cost of one
// plain access and of one pair of lock and unlock.
#include <benchmark/benchmark.h>

#include "bench/programs.h"
#include "bench/runs.h"

namespace chicane::bench {
namespace {

void run(Runs& runs, const std::function<void()>& program, benchmark::State& state) {
  if (!runs.run(program)) state.SkipWithError("the program is clean, and yet something was found");
}

void explore(benchmark::State& state, void (*program)(), bool with_monitors) {
  Runs runs(with_monitors);
  const std::function<void()> body = program;
  for (auto _ : state) run(runs, body, state);
  state.SetItemsProcessed(state.iterations());
}

void native(benchmark::State& state, void (*program)()) {
  for (auto _ : state) program();
  state.SetItemsProcessed(state.iterations());
}

void accesses(benchmark::State& state, bool with_monitors) {
  Runs runs(with_monitors);
  const std::function<void()> body = &plain_accesses_program;
  for (auto _ : state) run(runs, body, state);
  state.SetItemsProcessed(state.iterations() * kPlainAccesses);
}

void lock_pairs(benchmark::State& state) {
  Runs runs(true);
  const std::function<void()> body = &lock_pairs_program;
  for (auto _ : state) run(runs, body, state);
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
