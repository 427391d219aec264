// SPDX-License-Identifier: Apache-2.0
//
// The search of an exploration.
#include "runner/explorer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "monitors/lock_order.h"

namespace chicane::runner {
namespace {

using engine::Finding;
using engine::FindingSite;
using engine::RunEnd;

// The lockorder leg looks at few runs, and steers so often into each cycle that it predicts.
constexpr std::uint64_t kPredictionRuns = 24;
constexpr std::uint64_t kSteeredRuns = 24;
// Runs without end are long: after so many steps of bad runs without anything new, it is enough.
constexpr std::uint64_t kBadSteps = 150'000;

// Cycles on their way from the child that predicted them, in shared memory.
struct SharedCycles {
  static constexpr std::size_t kMaxCycles = 32;
  struct Cycle {
    bool steered;
    std::uint32_t role_count;
    strategies::SteerRole roles[monitors::LockOrderMonitor::kMaxLength];
  };
  std::uint32_t count;
  Cycle cycles[kMaxCycles];

  static SharedCycles* create() {
    void* memory = mmap(nullptr, sizeof(SharedCycles), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<SharedCycles*>(memory);
  }

  bool has(const monitors::LockCycle& cycle) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      bool same = cycles[i].role_count == cycle.roles.size();
      for (std::size_t k = 0; same && k < cycle.roles.size(); ++k) {
        same = cycles[i].roles[k].held == cycle.roles[k].held &&
               cycles[i].roles[k].wanted == cycle.roles[k].wanted &&
               cycles[i].roles[k].wanted_site == cycle.roles[k].wanted_site;
      }
      if (same) return true;
    }
    return false;
  }

  void add(const monitors::LockCycle& cycle) {
    if (!cycle.feasible || count == kMaxCycles || has(cycle)) return;
    Cycle& to = cycles[count++];
    to.role_count = 0;
    for (const monitors::LockCycleRole& role : cycle.roles) {
      if (to.role_count == monitors::LockOrderMonitor::kMaxLength) break;
      to.roles[to.role_count++] = {role.held, role.held_site, role.wanted, role.wanted_site};
    }
  }
};

bool has_role(const Found& found, const char* role) {
  return std::any_of(found.sites.begin(), found.sites.end(),
                     [&](const FindingSite& site) { return std::strcmp(site.role, role) == 0; });
}

}  // namespace

Explorer::Explorer(const std::function<void()>& program, const Options& options)
    : program_(program), options_(options), journal_(engine::Journal::create()) {}

Explorer::~Explorer() {
  if (journal_ != nullptr) journal_->destroy();
}

// The tsan leg says what ThreadSanitizer says, and the lockorder leg speaks of locks: how else a
// run may end badly is the sched leg's to tell.
bool Explorer::admits(const Found& found) const {
  const std::string kind = found.finding.kind;
  if (options_.leg == "tsan") {
    return kind != "assertion-failed" && kind != "uncaught-panic" && kind != "crash" &&
           kind != "livelock";
  }
  if (options_.leg != "lockorder") return true;
  if (kind == "deadlock") return has_role(found, "holds");
  return kind == "self-deadlock" || kind == "rwlock-upgrade" || kind == "lock-order-inversion";
}

// Copies what the last child found. True when there was something.
bool Explorer::take_findings(bool stuck) {
  const std::size_t before = found_.size();
  for (const engine::WitnessRecord& witness : journal_->witnesses()) {
    const auto choices = journal_->choices(witness);
    const auto racy = journal_->racy_sites().first(witness.racy_count);
    for (std::uint32_t i = 0; i < witness.finding_count; ++i) {
      const Finding& finding = journal_->findings()[witness.finding + i];
      const auto sites = journal_->sites(finding);
      Found found{.finding = finding,
                  .sites = {sites.begin(), sites.end()},
                  .choices = {choices.begin(), choices.end()},
                  .racy_sites = {racy.begin(), racy.end()},
                  .stuck = stuck};
      if (admits(found)) found_.push_back(std::move(found));
    }
  }
  journal_->clear(false);
  return found_.size() != before;
}

void Explorer::search() {
  std::uint64_t next = 0;
  unsigned bad_runs = 0;
  std::uint64_t bad_steps = 0;
  while (next < options_.schedules) {
    const ChildTask task{.program = &program_,
                         .options = &options_,
                         .strategy = strategy_.get(),
                         .first_run = next,
                         .end_run = options_.schedules};
    const ChildEnd end = run_child(task, *journal_);
    if (end == ChildEnd::kNoChild) {
      error_ = "the system refuses a further process (fork failed)";
      return;
    }
    const bool bad = end != ChildEnd::kRan || journal_->counters().last_end != RunEnd::kFinished;
    exhausted_ = journal_->counters().exhausted != 0;
    next = journal_->counters().run + 1;
    const std::uint64_t steps = journal_->counters().step;
    const bool news = take_findings(end == ChildEnd::kStuck);
    if (!bad || end == ChildEnd::kStuck) return;
    bad_runs = news ? 0 : bad_runs + 1;
    bad_steps = news ? 0 : bad_steps + steps;
    if (bad_runs >= options_.bad_runs || bad_steps > kBadSteps) return;
  }
}

// Each run in a child of its own, so that the locks of one have the addresses of the other.
void Explorer::predict_and_steer() {
  SharedCycles* cycles = SharedCycles::create();
  if (cycles == nullptr) {
    error_ = "the system refuses shared memory";
    return;
  }
  const auto collect = [cycles](const std::vector<engine::Monitor*>& monitors) {
    for (engine::Monitor* monitor : monitors) {
      const auto* lock_order = dynamic_cast<monitors::LockOrderMonitor*>(monitor);
      if (lock_order == nullptr) continue;
      for (const monitors::LockCycle& cycle : lock_order->cycles()) cycles->add(cycle);
    }
  };
  const std::uint64_t runs = std::min(kPredictionRuns, options_.schedules);
  for (std::uint64_t run = 0; run < runs; ++run) {
    const ChildEnd end = run_child({.program = &program_,
                                    .options = &options_,
                                    .strategy = strategy_.get(),
                                    .first_run = run,
                                    .end_run = run + 1,
                                    .after_runs = collect},
                                   *journal_);
    take_findings(end == ChildEnd::kStuck);
    if (end == ChildEnd::kStuck) break;
  }
  for (std::uint32_t i = 0; i < cycles->count; ++i) {
    const SharedCycles::Cycle& cycle = cycles->cycles[i];
    const std::vector<strategies::SteerRole> roles(cycle.roles, cycle.roles + cycle.role_count);
    for (std::uint64_t run = 0; run < kSteeredRuns; ++run) {
      const ChildEnd end = run_child({.program = &program_,
                                      .options = &options_,
                                      .first_run = run,
                                      .end_run = run + 1,
                                      .steer = &roles},
                                     *journal_);
      take_findings(false);
      if (end == ChildEnd::kStuck || journal_->counters().last_end == RunEnd::kStuck) break;
    }
  }
  munmap(cycles, sizeof *cycles);
}

Result Explorer::explore() {
  Result result;
  result.strategy = to_string(options_.strategy);
  result.seed = options_.seed;
  if (journal_ == nullptr) {
    result.error = "the system refuses shared memory for the journal";
    return result;
  }
  strategy_ = std::make_unique<SharedStrategy>(options_);
  if (strategy_->get() == nullptr) {
    result.error = "the system refuses shared memory for the strategy";
    return result;
  }
  journal_->clear(true);
  if (options_.leg == "lockorder") {
    predict_and_steer();
  } else {
    search();
  }
  runs_ = journal_->counters().runs_done;
  nanoseconds_ = journal_->counters().run_nanoseconds;
  result.runs = runs_;
  result.exhausted = exhausted_;
  result.error = error_;
  if (nanoseconds_ != 0) {
    result.runs_per_second = static_cast<double>(runs_) * 1e9 / static_cast<double>(nanoseconds_);
  }
  return finish(std::move(result));
}

}  // namespace chicane::runner

namespace chicane {

const char* to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::kPortfolio:
      return "portfolio";
    case Strategy::kRandom:
      return "random";
    case Strategy::kPct:
      return "pct";
  }
  return "?";
}

bool parse_strategy(const std::string& name, Strategy* strategy) {
  for (const Strategy candidate : {Strategy::kPortfolio, Strategy::kRandom, Strategy::kPct}) {
    if (name != to_string(candidate)) continue;
    *strategy = candidate;
    return true;
  }
  return false;
}

Result explore(const std::function<void()>& program, const Options& options) {
  return runner::Explorer(program, options).explore();
}

Result replay(const std::function<void()>& program, const Schedule& schedule) {
  return runner::Explorer(program, Options{}).replay(schedule.text);
}

Result replay(const std::function<void()>& program, const Options& options,
              const Schedule& schedule) {
  return runner::Explorer(program, options).replay(schedule.text);
}

}  // namespace chicane
