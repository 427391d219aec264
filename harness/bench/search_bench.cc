// SPDX-License-Identifier: Apache-2.0
//
// Strategy by program: in how many of the seeds the bug was found, and the mean number of schedules
// until then. The figures are counts, the same on every machine; the times are of no interest.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/search_programs.h"
#include "chicane/chicane.h"

namespace chicane::bench {
namespace {

constexpr std::uint64_t kSeeds = 20;
constexpr std::uint64_t kSchedules = 1000;

struct Bug {
  const char* name;
  void (*program)();
  const char* kind;
};

constexpr Bug kBugs[] = {{"reorder_3", &reorder_3, "assertion-failed"},
                         {"reorder_10", &reorder_10, "assertion-failed"},
                         {"reorder_20", &reorder_20, "assertion-failed"},
                         {"plain_reorder_3", &plain_reorder_3, "assertion-failed"},
                         {"plain_reorder_10", &plain_reorder_10, "assertion-failed"},
                         {"plain_reorder_20", &plain_reorder_20, "assertion-failed"},
                         {"opposite_locks", &opposite_locks, "deadlock"},
                         {"two_stages", &two_stages, "assertion-failed"},
                         {"work_stealing", &work_stealing, "assertion-failed"},
                         {"transfers", &transfers, "assertion-failed"}};

void search(benchmark::State& state, const Bug& bug, Strategy strategy) {
  double found = 0, schedules = 0;
  for (auto _ : state) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      Options with;
      with.strategy = strategy;
      with.seed = seed;
      with.schedules = kSchedules;
      with.shrink = false;
      with.bad_runs = 1;
      const Result result = explore(bug.program, with);
      for (const Diagnosis& diagnosis : result.diagnoses) {
        if (diagnosis.kind != bug.kind) continue;
        ++found;
        schedules += static_cast<double>(diagnosis.run) + 1;
        break;
      }
    }
  }
  state.counters["found"] = found;
  state.counters["of"] = kSeeds;
  state.counters["schedules"] = found == 0 ? 0 : schedules / found;
}

const bool kRegistered = [] {
  for (const Bug& bug : kBugs) {
    for (int i = 0; i <= static_cast<int>(Strategy::kPreemption); ++i) {
      const auto strategy = static_cast<Strategy>(i);
      const std::string name = std::string("search/") + bug.name + "/" + to_string(strategy);
      benchmark::RegisterBenchmark(name.c_str(), &search, bug, strategy)->Iterations(1);
    }
  }
  return true;
}();

}  // namespace
}  // namespace chicane::bench
