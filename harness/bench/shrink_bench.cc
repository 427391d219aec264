// SPDX-License-Identifier: Apache-2.0
//
// How long a witness of about a thousand steps takes to shorten, from the random walk that found it
// to a schedule that is checked to be 1-minimal; per bug the seeds' mean and worst, in seconds of
// processor time (`_cpu`, which other work on the machine changes little) and of wall time, and in
// runs of the program (`trials`, which are the same on every machine). `forced` is what is left of
// `before` forced switches.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "bench/search_programs.h"
#include "chicane/chicane.h"

namespace chicane::bench {
namespace {

constexpr std::uint64_t kSeeds = 5;

struct LongBug {
  const char* name;
  void (*program)();
  const char* kind;
};

constexpr LongBug kLongBugs[] = {
    {"lost_update", &long_lost_update, "assertion-failed"},
    {"opposite_locks", &long_opposite_locks, "deadlock"},
    {"plain_race", &long_plain_race, "data-race"},
    {"three_stages", &long_three_stages, "assertion-failed"},
    {"many_turns", &many_turns, "assertion-failed"},
    {"many_turns_then_a_race", &many_turns_then_a_race, "data-race"},
    {"many_turns_then_a_deadlock", &many_turns_then_a_deadlock, "deadlock"},
    {"many_turns_in_a_queue", &many_turns_in_a_queue, "assertion-failed"},
};

/// The first witness of this kind, as it was found; its text is empty when there is none.
Diagnosis found(const LongBug& bug, std::uint64_t seed) {
  Options with;
  with.strategy = Strategy::kRandom;
  with.seed = seed;
  with.shrink = false;
  with.bad_runs = 1;
  with.program = bug.name;
  const Result result = explore(bug.program, with);
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind == bug.kind) return diagnosis;
  }
  return {};
}

/// Of this process and its children that have ended.
double processor_seconds() {
  double sum = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    }
  }
  return sum;
}

void shorten(benchmark::State& state, const LongBug& bug) {
  double worst = 0, sum = 0, worst_cpu = 0, sum_cpu = 0, forced = 0, before = 0, steps = 0,
         minimal = 0, count = 0, trials = 0, worst_trials = 0;
  for (auto _ : state) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const Diagnosis found_one = found(bug, seed);
      if (found_one.schedule.empty()) continue;
      Options with;
      with.program = bug.name;
      const double cpu_before = processor_seconds();
      const auto start = std::chrono::steady_clock::now();
      const Result result = shrink(bug.program, with, {found_one.schedule});
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
      const double cpu = processor_seconds() - cpu_before;
      if (result.diagnoses.empty()) {
        state.SkipWithError(result.error.c_str());
        return;
      }
      const Diagnosis& short_one = result.diagnoses.front();
      ++count;
      sum += time.count();
      worst = std::max(worst, time.count());
      sum_cpu += cpu;
      worst_cpu = std::max(worst_cpu, cpu);
      trials += static_cast<double>(result.runs);
      worst_trials = std::max(worst_trials, static_cast<double>(result.runs));
      steps += static_cast<double>(found_one.length);
      before += found_one.forced_switches;
      forced += short_one.forced_switches;
      minimal += short_one.minimal ? 1 : 0;
    }
  }
  count = std::max(count, 1.0);
  state.counters["mean_s"] = sum / count;
  state.counters["worst_s"] = worst;
  state.counters["mean_cpu"] = sum_cpu / count;
  state.counters["worst_cpu"] = worst_cpu;
  state.counters["trials"] = trials / count;
  state.counters["worst_trials"] = worst_trials;
  state.counters["steps"] = steps / count;
  state.counters["before"] = before / count;
  state.counters["forced"] = forced / count;
  state.counters["minimal"] = minimal;
  state.counters["of"] = kSeeds;
}

const bool kRegisteredShrink = [] {
  for (const LongBug& bug : kLongBugs) {
    benchmark::RegisterBenchmark((std::string("shrink/") + bug.name).c_str(), &shorten, bug)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace chicane::bench
