// SPDX-License-Identifier: Apache-2.0
//
// Making a witness short: witness/straighten.h and then witness/shrink.h, with runs in child
// processes. It ends early when it has cost enough, at an interrupt, and when its time is over.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "runner/explorer.h"
#include "runner/explorer_budgets.h"
#include "runner/explorer_interrupts.h"
#include "witness/shrink.h"
#include "witness/straighten.h"

namespace chicane::runner {
namespace {

using engine::ChoiceRecord;

// What the search for something better may cost, in operations.
constexpr std::uint64_t kShrinkSteps = 1'000'000;
// As dear as so many operations is a process.
constexpr std::uint64_t kProcessWork = 2000;
// ThreadSanitizer's processes begin slowly (10 ms).
constexpr std::size_t kTsanSearch = 40, kTsanAll = 800;
constexpr std::size_t kWithoutEnd = std::size_t{1} << 40;

bool same_choices(const std::vector<ChoiceRecord>& a, const std::vector<ChoiceRecord>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.chosen == other.chosen && one.is_outcome == other.is_outcome;
  });
}

/// Where a child writes its course.
struct Unmap {
  void operator()(engine::CourseLog* log) const { munmap(log, sizeof *log); }
};
std::unique_ptr<engine::CourseLog, Unmap> make_log() {
  void* memory = mmap(nullptr, sizeof(engine::CourseLog), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return std::unique_ptr<engine::CourseLog, Unmap>(new (memory) engine::CourseLog);
}

}  // namespace

// How many runs that took, at most `budget`. A witness with one forced switch, or none, is left to
// the finer search.
std::size_t Explorer::straighten(Found* found, std::size_t budget) {
  if (budget < 2 || witness::cost_of(found->choices).forced < 2) return 0;
  const auto log = make_log();
  if (log == nullptr) return 0;
  if (!rerun(found->choices, found->racy_sites, Mode::kTry, nullptr, log.get())) return 1;
  if (log->truncated || find_again(*found) == nullptr) return 1;
  const witness::CourseTest test = [&](const engine::Course& course) {
    return try_choices(*found, {}, &course);
  };
  const witness::Straightened result =
      witness::straighten(log->course(), found->choices, test, budget - 1);
  found->choices = result.choices;
  return 1 + result.tests;
}

// A livelock (and most starvation) is seen at the step limit, but was there before: the shortest
// beginning after which a fair schedule makes no progress is enough to show it.
void Explorer::end_sooner(Found* found) {
  const std::uint64_t before = options_.step_limit;
  for (std::uint64_t limit = 16; limit < before && !ends_shortening(); limit *= 4) {
    options_.step_limit = limit;
    if (rerun(found->choices, found->racy_sites, Mode::kTry) && take_run(found)) {
      found->step_limit = limit;
      return;
    }
  }
  options_.step_limit = before;
}

/// Whether that run again, with less, could tell anything. Of a run that was cut it is the length
/// that tells: only who asks for it gets it with fewer switches.
bool Explorer::shortens(const Found& found) const {
  const bool cut = std::strcmp(found.finding.kind, "step-limit") == 0;
  return options_.shrink && !found.stuck && !found.differs && (!cut || thorough_);
}

/// What takes longer than that is left as far as it came.
void Explorer::begin_to_shorten(double seconds) {
  const auto time = std::chrono::duration<double>(seconds);
  shorten_until_ =
      g_budgets.now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(time);
}

bool Explorer::ends_shortening() const {
  return Interrupts::signal() != 0 || (shorten_until_ && g_budgets.now() >= *shorten_until_);
}

void Explorer::shorten(Found* found) {
  if (!shortens(*found) || ends_shortening()) return;
  const bool at_the_limit = found->finding.step >= options_.step_limit;
  const bool starves = std::strcmp(found->finding.kind, "starvation") == 0 && at_the_limit;
  if (std::strcmp(found->finding.kind, "livelock") == 0 || starves) end_sooner(found);
  const auto test = [&](const std::vector<ChoiceRecord>& candidate) {
    return try_choices(*found, candidate);
  };
  const bool tsan = options_.leg == "tsan";
  const std::uint64_t steps = found->finding.step;
  witness::ShrinkLimits limits;
  limits.search =
      std::clamp<std::size_t>(kShrinkSteps / (steps + 1), 20, tsan ? kTsanSearch : limits.search);
  limits.all = thorough_ ? kWithoutEnd
               : tsan    ? kTsanAll
                         : g_budgets.shortening / (steps + kProcessWork);
  limits.stop = [this] { return ends_shortening(); };
  const std::size_t spent = straighten(found, limits.all / 2);
  limits.search -= std::min(spent, limits.search);
  limits.all -= spent;
  const witness::ShrinkResult result = witness::shrink(found->choices, test, limits);
  found->choices = result.choices;
  found->minimal = result.minimal;
  // In the shorter run the other access may have come first, and what was found after other runs in
  // its process (a static was initialized) may need other choices in a fresh one: from here on the
  // sites and choices are those of this run.
  if (!rerun(found->choices, found->racy_sites, Mode::kTry) || !take_run(found)) return;
  found->minimal = found->minimal && same_choices(found->choices, result.choices);
}

}  // namespace chicane::runner
