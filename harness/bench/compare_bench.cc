// SPDX-License-Identifier: Apache-2.0
//
// Chicane beside what else runs the same object code: native threads, and the real ThreadSanitizer
// (chicane_bench_tsan, a process of its own). Both are measured in turns, a few milliseconds each,
// so that a busy machine slows both; what is printed is each one's best turn, and their ratio.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "bench/programs.h"
#include "bench/runs.h"

namespace chicane::bench {
namespace {

constexpr int kTurns = 15;
constexpr double kTurnSeconds = 0.02;

/// Nanoseconds of this process per call of `body`, in one turn.
template <class Body>
double turn(const Body& body) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  double spent = 0;
  long calls = 0;
  do {
    body();
    ++calls;
    spent = std::chrono::duration<double>(Clock::now() - start).count();
  } while (spent < kTurnSeconds);
  return spent * 1e9 / static_cast<double>(calls);
}

/// The twin's turn: it prints nanoseconds per call. 0 when it is not there.
double twin_turn(const std::string& program) {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  if (length <= 0) return 0;
  const std::string command = "'" + std::string(self, static_cast<std::size_t>(length)) +
                              "_tsan' " + program + " 2>/dev/null";
  std::FILE* twin = popen(command.c_str(), "r");
  double nanoseconds = 0;
  if (twin == nullptr || std::fscanf(twin, "%lf", &nanoseconds) != 1) nanoseconds = 0;
  if (twin != nullptr) pclose(twin);
  return nanoseconds;
}

void against_tsan(benchmark::State& state, void (*program)(), const char* name, int operations) {
  const std::function<void()> body = program;
  double ours = 1e18, tsan = 1e18;
  for (auto _ : state) {
    Runs runs(true);
    for (int i = 0; i < 100; ++i) runs.run(body);  // the recorder has then seen enough
    for (int i = 0; i < kTurns; ++i) {
      ours = std::min(ours, turn([&] { runs.run(body); }));
      const double other = twin_turn(name);
      if (other == 0)
        return state.SkipWithError("chicane_bench_tsan is not there: no ThreadSanitizer");
      tsan = std::min(tsan, other);
    }
  }
  state.counters["chicane_ns"] = ours / operations;
  state.counters["tsan_ns"] = tsan / operations;
  state.counters["ratio"] = ours / tsan;
}

void against_native(benchmark::State& state, void (*program)()) {
  const std::function<void()> body = program;
  double ours = 1e18, native = 1e18;
  for (auto _ : state) {
    Runs runs(true);
    for (int i = 0; i < 100; ++i) runs.run(body);
    for (int i = 0; i < kTurns; ++i) {
      ours = std::min(ours, turn([&] { runs.run(body); }));
      native = std::min(native, turn(program));
    }
  }
  state.counters["runs_per_s"] = 1e9 / ours;
  state.counters["native_per_s"] = 1e9 / native;
  state.counters["ratio"] = native / ours;
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// A million runs in one process: by how much it grows after the first ten thousand.
void memory(benchmark::State& state, void (*program)()) {
  constexpr int kRuns = 1'000'000, kFirst = 10'000;
  const std::function<void()> body = program;
  double before = 0;
  for (auto _ : state) {
    Runs runs(true);
    for (int i = 0; i < kRuns; ++i) {
      if (i == kFirst) before = resident_bytes();
      if (!runs.run(body)) return state.SkipWithError("something was found in a clean program");
    }
  }
  state.counters["grown_bytes"] = resident_bytes() - before;
  state.counters["resident_bytes"] = resident_bytes();
}

BENCHMARK_CAPTURE(against_native, locked_counter_3x3, &locked_counter_program)->Iterations(1);
BENCHMARK_CAPTURE(against_native, atomic_counter_3x3, &atomic_counter_program)->Iterations(1);
BENCHMARK_CAPTURE(against_tsan, plain_access, &plain_accesses_program, "plain", kPlainAccesses)
    ->Iterations(1);
BENCHMARK_CAPTURE(against_tsan, lock_and_unlock, &lock_pairs_program, "locks", kLockPairs)
    ->Iterations(1);
BENCHMARK_CAPTURE(memory, million_runs, &locked_counter_program)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace chicane::bench
