// SPDX-License-Identifier: Apache-2.0
//
// What comes of a race, where the exploration shows it: another end of the variable than without a
// forced switch, or a program that fails in a run in which it happened.
//
// Thread safety: one thread; outside of runs.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "chicane/chicane.h"
#include "engine/journal.h"
#include "report/race_facts.h"
#include "report/symbolizer.h"

namespace chicane::runner {

/// The code addresses of a race's accesses, the lower one first.
using RacePair = std::pair<std::uint64_t, std::uint64_t>;

/// A diagnosis, and what its recorded run showed besides.
struct Told {
  Diagnosis diagnosis;
  std::uint8_t telling = 0;  // Finding::telling
  RacePair race;             // of a data-race: its own
  std::set<RacePair> races;  // all in the run
  std::string failure;       // how the program failed in it: "the assertion at bad.cc:22 fails"
};

/// Notes what the journal's recorded run showed.
void note_run(const engine::Journal& journal, const engine::Finding& finding,
              report::Symbolizer& symbolizer, Told* told);

/// What a race's object held in the end of its run; `value` is empty when that cannot be told.
struct RaceEnd {
  report::RunObject object;
  std::string value;
};

/// Of a finding of the journal's recorded run; empty of what is no race.
RaceEnd end_of(engine::Journal& journal, const engine::Finding& finding);

/// Gives each race the failure that a run with it had, if it has none of its own.
void share_failures(std::vector<Told>* all);

}  // namespace chicane::runner
