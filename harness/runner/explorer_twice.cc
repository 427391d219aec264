// SPDX-License-Identifier: Apache-2.0
//
// Schedules are run again, each time in a fresh copy of the same process, and the traces are
// compared step by step.
//
//   | second run    | what is the same in the program    | what must be the same in the runs      |
//   |---------------|------------------------------------|----------------------------------------|
//   | as the first  | all that it has in memory          | threads, operations, accesses, places, |
//   |               |                                    | outcomes and values                    |
//   | disturbed     | all but addresses of the heap, and | the same but for values                |
//   |               | what was never written             |                                        |
//
// Values that look like addresses or like two process ids are let pass, and so
// is what comes after the first wait for a descriptor or a process: others may have their hands in
// it.
#include "runner/explorer_twice.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "report/source_map.h"
#include "runner/explorer.h"
#include "runner/explorer_child.h"

namespace chicane::runner {

unsigned g_schedules_run_twice = 2;

namespace {

using engine::Finding;
using engine::FindingSite;
using engine::Journal;
using engine::TraceRecord;

// A loop without end would be recorded round by round.
constexpr std::uint64_t kSteps = 2000;

bool looks_like_address(std::uint64_t value) {
  constexpr unsigned kRegionBits = 40;
  static char in_data;
  const char on_stack = 0;
  const void* const in_library = stdout;
  const auto region = [](const void* at) {
    return reinterpret_cast<std::uintptr_t>(at) >> kRegionBits;
  };
  // Mappings, heaps of threads among them, lie from the stack down to somewhat below the libraries.
  const std::uint64_t at = value >> kRegionBits;
  const bool in_mapping = at + 1 >= region(in_library) && at <= region(&on_stack);
  return at != 0 && (at == region(&in_data) || in_mapping);
}

/// Process ids and the like: the kernel counts them up.
bool looks_like_id(std::uint64_t value) { return value >= 300 && value <= (1 << 22); }

bool same_value(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kNear = 1 << 16;
  if (a == b || (looks_like_address(a) && looks_like_address(b))) return true;
  return looks_like_id(a) && looks_like_id(b) && b - a + kNear < 2 * kNear;
}

bool same_step(const TraceRecord& a, const TraceRecord& b) {
  return a.thread == b.thread && a.kind == b.kind && a.outcome == b.outcome &&
         (a.stack.depth == 0) == (b.stack.depth == 0) &&
         (a.stack.depth == 0 || a.stack.pcs[0] == b.stack.pcs[0]);
}

/// What the step left or found: what a write overwrites may never have been written before.
std::uint64_t value_of(const TraceRecord& record) {
  return record.kind == engine::OpKind::kWrite ? record.value_after : record.value;
}

/// "thread 1's write"
std::string step_text(const TraceRecord& record) {
  return (record.thread == engine::kMainThread ? "main"
                                               : "thread " + std::to_string(record.thread)) +
         "'s " + engine::to_string(record.kind);
}

void add_site(Found* found, const TraceRecord& record, const char* detail) {
  FindingSite site{};
  std::snprintf(site.role, sizeof site.role, "differs");
  std::snprintf(site.detail, sizeof site.detail, "%s", detail);
  site.thread = record.thread;
  site.step = record.step;
  site.stack = record.stack;
  found->sites.push_back(site);
}

/// The first step that is not the same; null when a run has ended there.
struct Difference {
  const TraceRecord *first = nullptr, *again = nullptr;
  bool value = false;
};

Difference compare(std::span<const TraceRecord> a, std::span<const TraceRecord> b, bool values) {
  const std::size_t both = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (a[i].kind == engine::OpKind::kIo || b[i].kind == engine::OpKind::kIo) return {};
    if (!same_step(a[i], b[i])) return {&a[i], &b[i]};
    if (values && !same_value(value_of(a[i]), value_of(b[i]))) {
      return {&a[i], &b[i], true};
    }
  }
  if (a.size() == b.size()) return {};
  return {a.size() > both ? &a[both] : nullptr, b.size() > both ? &b[both] : nullptr};
}

void tell(const Difference& difference, bool disturbed, Found* found) {
  const TraceRecord *first = difference.first, *again = difference.again;
  std::string text = "step " + std::to_string((first != nullptr ? first : again)->step) +
                     " differs when the same schedule is run again";
  if (disturbed) text += " with other addresses and unwritten bytes";
  if (difference.value) {
    text += ": " + step_text(*first) + " had " + std::to_string(value_of(*first)) + ", and then " +
            std::to_string(value_of(*again));
  } else {
    text += ": expected " + (first != nullptr ? step_text(*first) : "the end of the run") +
            ", there came " + (again != nullptr ? step_text(*again) : "the end of the run");
  }
  Finding& finding = found->finding;
  std::snprintf(finding.kind, sizeof finding.kind, "nondeterminism");
  std::snprintf(finding.message, sizeof finding.message, "%s", text.c_str());
  finding.step = (first != nullptr ? first : again)->step;
  if (first != nullptr)
    add_site(found, *first, difference.value ? "with another value" : "expected");
  if (again != nullptr && !difference.value) add_site(found, *again, "came instead");
  finding.site_count = static_cast<std::uint32_t>(found->sites.size());
  found->differs = true;
}

/// What the parent allocates between two forks must leave its heap as it was, or the second run
/// would have other addresses.
void warm_heap() {
  constexpr std::size_t kFew = 6, kSmall = 24;
  void* blocks[kFew];
  for (void*& block : blocks) block = std::malloc(kSmall);
  for (void* block : blocks) std::free(block);
}

}  // namespace

/// Runs the `run`-th schedule of a random walk, and then that schedule three times more: the first
/// of these is what the others are held against, as all three are led in the same way.
bool Explorer::differs(std::uint64_t run, Journal& first, Journal& again) {
  Options options = options_;
  options.strategy = Strategy::kRandom;
  options.step_limit = std::min(options.step_limit, kSteps);
  options.sample_spurious_wakeups = false;
  options.isolate_runs = false;
  const SharedStrategy strategy(options);
  if (strategy.get() == nullptr) return false;
  const auto run_into = [&](Journal& journal, ChildTask task) {
    journal.clear(true);
    journal.set_recording(true);
    task.program = &program_;
    task.options = &options;
    task.hosting = hosting();
    const ChildEnd end = run_child(task, journal);
    journal.set_recording(false);
    return (end == ChildEnd::kRan || end == ChildEnd::kKilled) && journal.counters().truncated == 0;
  };
  std::vector<engine::ChoiceRecord> choices;
  choices.reserve(std::size_t{1} << 14);
  warm_heap();
  if (!run_into(first, {.strategy = &strategy, .first_run = run, .end_run = run + 1})) return false;
  const auto made = first.current_choices();
  choices.assign(made.begin(), made.end());
  if (!run_into(first, {.replay = &choices})) return false;
  for (const bool disturbed : {false, true}) {
    if (!run_into(again, {.replay = &choices, .disturbed = disturbed})) return false;
    const Difference difference = compare(first.trace(), again.trace(), !disturbed);
    if (difference.first == nullptr && difference.again == nullptr) continue;
    Found found{.finding = {}, .sites = {}, .choices = choices, .racy_sites = {}};
    tell(difference, disturbed, &found);
    found_.push_back(std::move(found));
    return true;
  }
  return false;
}

void Explorer::look_for_differences() {
  if (options_.leg != "sched" || options_.shard != 0 || g_schedules_run_twice == 0) return;
  Journal* again = Journal::create();
  if (again == nullptr) {
    error_ = refusal_of_memory("the journal");
    return;
  }
  // Of a short time most is the search's.
  constexpr double kShare = 0.1;
  const auto late = [this] {
    return should_stop() || (options_.time_limit > 0 && seconds() > kShare * options_.time_limit);
  };
  bool found = false;
  for (std::uint64_t run = 0; run < g_schedules_run_twice && !found && !late(); ++run) {
    found = differs(run, *journal_, *again);
  }
  again->destroy();
  journal_->clear(true);
}

}  // namespace chicane::runner
