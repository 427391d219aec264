// SPDX-License-Identifier: Apache-2.0
//
// The lockorder leg: cycles of locks that a few runs foretell, and runs that are steered into each.
#include <sys/mman.h>

#include <algorithm>

#include "monitors/lock_order.h"
#include "runner/explorer.h"

namespace chicane::runner {
namespace {

using engine::RunEnd;

// The leg looks at so many runs, and steers so often into each cycle that they foretell.
constexpr std::uint64_t kPredictionRuns = 24;
constexpr std::uint64_t kSteeredRuns = 24;

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

  /// Null: whoever comes to what is wanted.
  static const void* held_by(const monitors::LockCycleRole& role) {
    return role.holds_lock ? role.held : nullptr;
  }

  bool has(const monitors::LockCycle& cycle) const {
    for (std::uint32_t i = 0; i < count; ++i) {
      bool same = cycles[i].role_count == cycle.roles.size();
      for (std::size_t k = 0; same && k < cycle.roles.size(); ++k) {
        same = cycles[i].roles[k].held == held_by(cycle.roles[k]) &&
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
      to.roles[to.role_count++] = {held_by(role), role.held_site, role.wanted, role.wanted_site,
                                   cycle.writer};
    }
  }
};

}  // namespace

// Each run in a child of its own, so that the locks of one have the addresses of the other.
void Explorer::predict_and_steer() {
  SharedCycles* cycles = SharedCycles::create();
  if (cycles == nullptr) {
    error_ = "the system refuses shared memory";
    return;
  }
  const SharedStrategy strategy(options_);
  if (strategy.get() == nullptr) {
    error_ = "the system refuses shared memory for the strategy";
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
                                    .hosting = hosting(),
                                    .strategy = &strategy,
                                    .first_run = run,
                                    .end_run = run + 1,
                                    .after_runs = collect},
                                   *journal_);
    take_findings(*journal_, end == ChildEnd::kStuck);
    if (end == ChildEnd::kStuck || should_stop()) break;
  }
  for (std::uint32_t i = 0; i < cycles->count && !should_stop(); ++i) {
    const SharedCycles::Cycle& cycle = cycles->cycles[i];
    const std::vector<strategies::SteerRole> roles(cycle.roles, cycle.roles + cycle.role_count);
    for (std::uint64_t run = 0; run < kSteeredRuns; ++run) {
      const ChildEnd end = run_child({.program = &program_,
                                      .options = &options_,
                                      .hosting = hosting(),
                                      .first_run = run,
                                      .end_run = run + 1,
                                      .steer = &roles},
                                     *journal_);
      take_findings(*journal_, false);
      if (end == ChildEnd::kStuck || should_stop() ||
          journal_->counters().last_end == RunEnd::kStuck)
        break;
    }
  }
  munmap(cycles, sizeof *cycles);
  runs_ = journal_->counters().runs_done;
  nanoseconds_ = journal_->counters().run_nanoseconds;
  if (ended_by_.empty()) ended_by_ = "schedules";
}

}  // namespace chicane::runner
