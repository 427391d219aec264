// SPDX-License-Identifier: Apache-2.0
//
// Random programs against brute force; see README.md.
//
//   differential_sched [--programs N] [--seed FIRST] [--verbose]
//
// Every kPerProcess programs go into a process of their own: a thread of ThreadSanitizer's has a
// clock for 16,383 releases. Then it gets another one, and the stacks of its next accesses are not
// found again: what races with them is dropped. In one process that hit program 10052, at the 15th
// change of a clock (in a debugger: SlotAttachAndLock, then RestoreStack fails).
//
// Exit: 0 no disagreement, 1 a disagreement (the smallest program that shows it is printed),
// 2 usage.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/journal.h"
#include "monitors/monitors.h"
#include "strategies/strategies.h"
#include "tests/differential/happens_before.h"
#include "tests/differential/machine.h"
#include "tests/differential/program.h"

namespace chicane::monitors {
std::unique_ptr<engine::Monitor> make_tsan_monitor() __attribute__((weak));
}

namespace chicane::differential {
namespace {

/// What the detector said, as accesses: the one that was reported (it came second), and the other.
struct Report {
  std::uint16_t late, early;
};

/// Which access a stack ends in; ThreadSanitizer's atomics have a frame of their own below it.
std::uint16_t access_of(const engine::Stack& stack) {
  for (unsigned i = 0; i < stack.depth; ++i) {
    const std::uint16_t access = access_at(stack.pcs[i]);
    if (access != kNoAccess) return access;
  }
  return kNoAccess;
}

/// What programs came to, together. The sum does not depend on which of them shared a process.
struct Tally {
  std::uint64_t races = 0, excused = 0, schedules = 0;

  void add(const Tally& other) {
    races += other.races;
    excused += other.excused;
    schedules += other.schedules;
  }
};

class Bench {
 public:
  Bench() : journal_(engine::Journal::create()), is_tsan_(monitors::make_tsan_monitor != nullptr) {
    monitor_ = is_tsan_ ? monitors::make_tsan_monitor() : monitors::make_race_monitor();
  }
  bool ready() const { return journal_ != nullptr; }

  /// Runs `program` under the schedule of `seed`. What is wrong with the answer; empty: nothing.
  std::string disagreement(const Program& program, std::uint64_t seed) {
    const bool ended = run(program, seed);
    if (!ended) return "the program did not come to its end";
    return compare(find_races(log()), reports());
  }

  const Tally& tally() const { return tally_; }

 private:
  bool run(const Program& program, std::uint64_t seed) {
    const auto strategy = strategies::make_random(seed);
    strategy->begin_run(0);
    journal_->clear(true);
    journal_->begin_run(0);
    engine::Monitor* const watching[] = {monitor_.get()};
    const auto end = engine::Engine::instance().run([&] { execute(program); }, *strategy, watching,
                                                    *journal_, {});
    std::uint64_t digest = 0xcbf29ce484222325ull;
    for (const LogEntry& e : log()) {
      const auto what = static_cast<unsigned>(e.what) * 256 * 256 + e.thread * 256u + e.object;
      digest = (digest ^ what) * 0x100000001b3ull;
    }
    tally_.schedules += digest;
    return end == engine::RunEnd::kFinished;
  }

  std::vector<Report> reports() const {
    std::vector<Report> found;
    for (const engine::Finding& finding : journal_->findings()) {
      if (std::strcmp(finding.kind, "data-race") != 0) continue;
      const auto sites = journal_->sites(finding);
      if (sites.size() < 2) continue;
      found.push_back({access_of(sites[0].stack), access_of(sites[1].stack)});
    }
    return found;
  }

  std::string compare(const Truth& truth, const std::vector<Report>& reports) {
    std::set<std::uint16_t> named;
    for (const Report& report : reports) {
      const AccessPair pair = std::minmax(report.late, report.early);
      if (!truth.races.contains(pair) && !(is_tsan_ && truth.tsan_claims.contains(pair))) {
        return std::string("reports a race that is none: ") + access_name(report.late) + " with " +
               access_name(report.early);
      }
      named.insert({report.late, report.early});
    }
    tally_.races += truth.late.size();
    for (const std::uint16_t access : truth.late) {
      if (named.contains(access)) continue;
      if (!is_tsan_ || truth.tsan_must_see.contains(access)) {
        return std::string("does not report the race of ") + access_name(access);
      }
      ++tally_.excused;
    }
    return {};
  }

  engine::Journal* journal_;
  const bool is_tsan_;
  std::unique_ptr<engine::Monitor> monitor_;
  Tally tally_;
};

bool locks(StepKind kind) {
  return kind == StepKind::kLock || kind == StepKind::kTryLock || kind == StepKind::kWriteLock ||
         kind == StepKind::kReadLock;
}
bool unlocks(StepKind kind) {
  return kind == StepKind::kUnlock || kind == StepKind::kWriteUnlock ||
         kind == StepKind::kReadUnlock;
}
bool is_memory(StepKind kind) { return kind <= StepKind::kFence; }

/// The program without step `at` of `thread`, with its other half where it has one; false when it
/// cannot go alone (messages).
bool without(Program* program, std::size_t thread, std::size_t at) {
  std::vector<Step>& steps = program->threads[thread];
  const Step step = steps[at];
  if (!is_memory(step.kind) && !locks(step.kind)) return false;
  if (locks(step.kind)) {
    std::size_t end = at + 1;
    while (!unlocks(steps[end].kind) || steps[end].object != step.object) ++end;
    steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(end));
  }
  steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

/// The smallest program with a disagreement under one of a few schedules that leaving out single
/// steps comes to.
Program minimize(Bench& bench, Program program, std::uint64_t* seed) {
  constexpr std::uint64_t kSchedules = 50;
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t thread = 0; thread < program.threads.size(); ++thread) {
      for (std::size_t at = program.threads[thread].size(); at-- > 0;) {
        Program candidate = program;
        if (!without(&candidate, thread, at)) continue;
        for (std::uint64_t i = 0; i < kSchedules; ++i) {
          if (bench.disagreement(candidate, *seed + i).empty()) continue;
          *seed += i;
          program = candidate;
          smaller = true;
          break;
        }
      }
    }
  }
  return program;
}

void show(const Program& program, std::uint64_t seed, const std::string& problem) {
  std::printf("seed %llu: the detector %s\n%sin the run:\n", (unsigned long long)seed,
              problem.c_str(), to_string(program).c_str());
  for (const LogEntry& e : log()) {
    std::printf("  thread %u: event %u of object %u%s%s\n", e.thread, static_cast<unsigned>(e.what),
                e.object, e.access == kNoAccess ? "" : ": ",
                e.access == kNoAccess ? "" : access_name(e.access));
  }
}

/// Programs `first` and following, in this process. 0, 1 or 2, as the command's exit.
int run(std::uint64_t first, std::uint64_t programs, bool verbose, Tally* tally) {
  Bench bench;
  if (!bench.ready()) {
    std::fprintf(stderr, "differential: error: the system refuses shared memory\n");
    return 2;
  }
  for (std::uint64_t seed = first; seed < first + programs; ++seed) {
    const Program program = make_program(seed);
    const std::string problem = bench.disagreement(program, seed);
    if (verbose) std::printf("seed %llu\n%s", (unsigned long long)seed, to_string(program).c_str());
    if (problem.empty()) continue;
    std::uint64_t schedule = seed;
    const Program smallest = minimize(bench, program, &schedule);
    const std::string again = bench.disagreement(smallest, schedule);
    show(smallest, seed, again.empty() ? problem + ", once: not when it runs again" : again);
    return 1;
  }
  *tally = bench.tally();
  return 0;
}

/// The same in a new process.
int run_apart(std::uint64_t first, std::uint64_t programs, bool verbose, Tally* tally) {
  int ends[2];
  if (pipe(ends) != 0) return 2;
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    Tally own;
    const int status = run(first, programs, verbose, &own);
    std::fflush(stdout);
    const bool told = write(ends[1], &own, sizeof own) == sizeof own;
    _exit(told ? status : 2);
  }
  close(ends[1]);
  Tally childs;
  const bool told = read(ends[0], &childs, sizeof childs) == sizeof childs;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!told || !WIFEXITED(status)) {
    std::fprintf(stderr, "differential: error: the programs from %llu on ended their process\n",
                 (unsigned long long)first);
    return 1;
  }
  tally->add(childs);
  return WEXITSTATUS(status);
}

int run_all(std::uint64_t first, std::uint64_t programs, bool verbose) {
  constexpr std::uint64_t kPerProcess = 500;
  Tally tally;
  for (std::uint64_t done = 0; done < programs; done += kPerProcess) {
    const int status =
        run_apart(first + done, std::min(kPerProcess, programs - done), verbose, &tally);
    if (status != 0) return status;
  }
  std::printf(
      "%llu programs, %llu racing accesses, %llu of them beyond the detector's limits, "
      "no disagreement; schedules %016llx\n",
      (unsigned long long)programs, (unsigned long long)tally.races,
      (unsigned long long)tally.excused, (unsigned long long)tally.schedules);
  return 0;
}

}  // namespace
}  // namespace chicane::differential

int main(int argc, char** argv) {
  CLI::App app("Holds a race detector against brute force on random programs");
  std::uint64_t first = 1, programs = 1000;
  bool verbose = false;
  app.add_option("--seed", first, "the first program's number");
  app.add_option("--programs", programs, "how many")->check(CLI::PositiveNumber);
  app.add_flag("--verbose", verbose, "print every program");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return chicane::differential::run_all(first, programs, verbose);
}
