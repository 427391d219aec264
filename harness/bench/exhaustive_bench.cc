// SPDX-License-Identifier: Apache-2.0
//
// Exhaustive search by partial order reduction, as `explore` does it, all monitors watching:
// executions per second of processor time (`per_cpu_second`, which other work on the machine
// changes little), of wall time with one job and with two, and of the search's own wall time
// (`searched_per_second`): without the runs that look for differences before it, and those that
// make witnesses of what it has found, of which lost_update has some dozens.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <string>

#include "chicane/chicane.h"
#include "tests/reference_programs.h"

namespace chicane::bench {
namespace {

struct Searched {
  const char* name;
  void (*program)();
  double executions;
};

constexpr Searched kSearched[] = {
    {"readers_13", [] { tests::readers(13); }, 8192},
    {"lost_update_5", [] { tests::lost_update(5); }, 14400},
    {"mutex_3_3", [] { tests::locked_increments(3, 3); }, 1680},
    {"indexer_15", [] { tests::indexer(15); }, 4096},
    // Of half a second: where to begin is little of it.
    {"readers_16", [] { tests::readers(16); }, 65536},
};

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void search(benchmark::State& state, const Searched& searched, unsigned jobs) {
  Options with;
  with.strategy = Strategy::kDpor;
  with.schedules = ~std::uint64_t{0};
  with.jobs = jobs;
  double executions = 0, searching = 0;
  const double before = processor_seconds();
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    const Result result = explore(searched.program, with);
    if (!result.exhausted || result.estimate != searched.executions) {
      state.SkipWithError(("not all: " + result.summary + result.error).c_str());
      return;
    }
    executions += result.estimate;
    searching += static_cast<double>(result.runs) / result.runs_per_second;
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  state.counters["executions"] = searched.executions;
  state.counters["per_cpu_second"] = executions / (processor_seconds() - before);
  state.counters["per_second"] = executions / wall.count();
  state.counters["searched_per_second"] = executions / searching;
}

const bool kRegistered = [] {
  for (const Searched& searched : kSearched) {
    for (const unsigned jobs : {1U, 2U}) {
      const std::string name =
          std::string("exhaustive/") + searched.name + "/jobs:" + std::to_string(jobs);
      benchmark::RegisterBenchmark(name.c_str(), &search, searched, jobs)->UseRealTime();
    }
  }
  return true;
}();

}  // namespace
}  // namespace chicane::bench
