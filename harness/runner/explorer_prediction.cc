// SPDX-License-Identifier: Apache-2.0
//
// Races that a run of the search foretold, but no run had: each is sought in a few steered runs.
// What comes true is a finding as any other; of the rest nobody hears.
#include <algorithm>
#include <cstring>

#include "runner/explorer.h"
#include "runner/explorer_interrupts.h"

namespace chicane::runner {
namespace {

using engine::PredictedRace;

// Runs that are steered into each, and processes for them: a run that ends badly ends its own.
constexpr std::uint64_t kSteeredRuns = 16;
constexpr int kProcesses = 4;
// Of more predictions than these, most are of data that the locks hand over after all.
constexpr std::size_t kMostTried = 24;

bool is_of(const Found& found, const PredictedRace& race) {
  if (std::strcmp(found.finding.kind, "data-race") != 0 || found.sites.size() != 2) return false;
  const auto site = [&found](std::size_t i) {
    return found.sites[i].stack.depth == 0 ? 0 : found.sites[i].stack.pcs[0];
  };
  return std::minmax({site(0), site(1)}) == std::minmax({race.first.site, race.second.site});
}

}  // namespace

void Explorer::collect_predictions(const engine::Journal& journal) {
  const auto predictions = journal.predictions();
  predicted_.insert(predicted_.end(), predictions.begin(), predictions.end());
}

/// Whether a steered run has it.
bool Explorer::confirm(const PredictedRace& race) {
  const auto known = [&] {
    return std::any_of(found_.begin(), found_.end(),
                       [&race](const Found& found) { return is_of(found, race); });
  };
  if (known()) return true;
  const std::size_t before = found_.size();
  std::uint64_t run = 0;
  for (int process = 0; process < kProcesses && run < kSteeredRuns; ++process) {
    const std::vector<std::uint64_t> racy(journal_->racy_sites().begin(),
                                          journal_->racy_sites().end());
    journal_->add_racy_site(race.first.site);
    journal_->add_racy_site(race.second.site);
    const ChildEnd end = run_child({.program = &program_,
                                    .options = &options_,
                                    .hosting = hosting(),
                                    .first_run = run,
                                    .end_run = kSteeredRuns,
                                    .steer_race = &race},
                                   *journal_);
    run = journal_->counters().run + 1;
    take_findings(*journal_, false);
    // Counted as of the run that foretold it.
    for (std::size_t i = before; i < found_.size(); ++i) found_[i].finding.run = race.run;
    if (known()) return true;
    journal_->set_racy_sites(racy);
    if (end == ChildEnd::kStuck || end == ChildEnd::kNoChild) return false;
  }
  return false;
}

void Explorer::confirm_races() {
  std::stable_sort(predicted_.begin(), predicted_.end(),
                   [](const PredictedRace& a, const PredictedRace& b) {
                     return a.sure != b.sure ? a.sure : a.run < b.run;
                   });
  std::size_t tried = 0;
  for (const PredictedRace& race : predicted_) {
    const bool late = options_.time_limit > 0 && seconds() >= options_.time_limit;
    if (tried++ == kMostTried || late || Interrupts::signal() != 0) return;
    confirm(race);
  }
}

}  // namespace chicane::runner
