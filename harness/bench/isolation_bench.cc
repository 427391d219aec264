// SPDX-License-Identifier: Apache-2.0
//
// A whole program (tests/whole_programs/counter.c: C, 3 threads x 3 locked increments, state in
// globals) as a user explores it, by the command: a process for each run, and many runs in one
// process. Each time is told twice: by the clock, and in processor time of all processes together,
// which is what remains comparable on a machine that does something else besides.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace chicane::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double processor_seconds_of_children() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void isolation(benchmark::State& state, const char* kind, int schedules) {
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::string command = (folder / "chicane").string() + " explore --strategy random " +
                              "--isolate " + kind + " --schedules " + std::to_string(schedules) +
                              " -- " + (folder / "../whole_programs/counter").string() +
                              " good > /dev/null";
  double clock = 0, processor = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    const double before = processor_seconds_of_children();
    if (std::system(command.c_str()) != 0) {
      state.SkipWithError(("failed: " + command).c_str());
      return;
    }
    processor += processor_seconds_of_children() - before;
    clock += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  const double runs = static_cast<double>(state.iterations()) * schedules;
  state.counters["runs_per_s"] = runs / clock;
  state.counters["cpu_us_per_run"] = processor * 1e6 / runs;
}

BENCHMARK_CAPTURE(isolation, run, "run", 6'000)->Iterations(1)->UseRealTime();
BENCHMARK_CAPTURE(isolation, batch, "batch", 300'000)->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace chicane::bench
