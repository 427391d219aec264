// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_effects.h"

#include <algorithm>
#include <cstring>

#include "runner/explorer_witness.h"

namespace chicane::runner {
namespace {

using engine::Finding;
using engine::Journal;

bool is(const Finding& finding, const char* kind) { return std::strcmp(finding.kind, kind) == 0; }

/// How a finding says that the program failed; null when it says something else.
const char* failure_of(const Finding& finding) {
  if (is(finding, "assertion-failed")) return "the assertion at %s fails";
  if (is(finding, "crash")) return "the program crashes at %s";
  if (is(finding, "uncaught-panic")) return "a panic or exception at %s ends the program";
  if (is(finding, "double-free")) return "a block is freed twice at %s";
  return nullptr;
}

RacePair pair_of(const Journal& journal, const Finding& finding) {
  const auto sites = journal.sites(finding);
  if (sites.size() != 2 || sites[0].stack.depth == 0 || sites[1].stack.depth == 0) return {};
  return std::minmax({sites[0].stack.pcs[0], sites[1].stack.pcs[0]});
}

}  // namespace

void note_run(const Journal& journal, const Finding& finding, report::Symbolizer& symbolizer,
              Told* told) {
  told->race = is(finding, "data-race") ? pair_of(journal, finding) : RacePair{};
  for (const Finding& other : journal.findings()) {
    if (is(other, "data-race")) told->races.insert(pair_of(journal, other));
    const char* failure = failure_of(other);
    const auto sites = journal.sites(other);
    if (failure == nullptr || !told->failure.empty() || sites.empty()) continue;
    const std::string place = place_of(symbolizer.frames(sites.front().stack));
    if (place.empty()) continue;
    told->failure = failure;
    told->failure.replace(told->failure.find("%s"), 2, place);
  }
}

RaceEnd end_of(Journal& journal, const Finding& finding) {
  if (!is(finding, "data-race") || journal.counters().last_end != engine::RunEnd::kFinished) {
    return {};
  }
  RaceEnd end{report::object_of(journal.allocations(), finding.object, finding.step), {}};
  end.value = report::last_value(journal.trace(), journal.allocations(), end.object);
  return end;
}

void share_failures(std::vector<Told>* all) {
  for (Told& race : *all) {
    if (race.race == RacePair{}) continue;
    std::string text;
    if (!race.failure.empty()) {
      text = "with this schedule " + race.failure;
    } else {
      const auto failed = std::find_if(all->begin(), all->end(), [&race](const Told& other) {
        return !other.failure.empty() && other.races.contains(race.race);
      });
      if (failed == all->end()) continue;
      text = "in another schedule with this race, " + failed->failure;
    }
    std::string& effect = race.diagnosis.effect;
    effect += (effect.empty() ? "" : "; ") + text;
  }
}

}  // namespace chicane::runner
