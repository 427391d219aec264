// SPDX-License-Identifier: Apache-2.0
#include "runner/race_details.h"

#include <algorithm>
#include <vector>

#include "report/source_map.h"

namespace chicane::runner {
namespace {

bool same_line(const Site& one, const Site& other) {
  const Frame* a = report::user_frame(one.stack);
  const Frame* b = report::user_frame(other.stack);
  return a != nullptr && b != nullptr && a->file == b->file && a->line == b->line;
}

/// For each site of `race` the site of `known` that speaks of the same access; empty when they are
/// not the same race. Of two at one line, those with the same role belong together.
std::vector<const Site*> same_accesses(const Diagnosis& race, const Diagnosis& known) {
  if (known.kind != race.kind || race.sites.size() != 2 || known.sites.size() != 2) return {};
  std::vector<const Site*> best;
  int best_roles = -1;
  for (const bool crosswise : {false, true}) {
    const Site &first = known.sites[crosswise], &second = known.sites[!crosswise];
    if (!same_line(race.sites[0], first) || !same_line(race.sites[1], second)) continue;
    const int roles = (race.sites[0].role == first.role) + (race.sites[1].role == second.role);
    if (roles <= best_roles) continue;
    best_roles = roles;
    best = {&first, &second};
  }
  return best;
}

/// The threads of two runs have the same numbers where those that are known do.
bool same_threads(const Diagnosis& race, const std::vector<const Site*>& sites) {
  for (std::size_t i = 0; i < sites.size(); ++i) {
    if (race.sites[i].thread >= 0 && race.sites[i].thread != sites[i]->thread) return false;
  }
  return true;
}

void complete(Diagnosis* race, const Diagnosis& known, const std::vector<const Site*>& sites,
              const std::string& leg) {
  if (race->declared_file.empty()) {
    race->message = known.message;
    race->object = known.object;
    race->declared_file = known.declared_file;
    race->declared_line = known.declared_line;
    race->storage = known.storage;
  }
  const bool threads = same_threads(*race, sites);
  for (std::size_t i = 0; i < sites.size(); ++i) {
    Site& site = race->sites[i];
    if (site.thread < 0 && threads) site.thread = sites[i]->thread;
    if (site.detail.empty()) site.detail = sites[i]->detail;
    if (site.role == sites[i]->role && site.value.empty()) site.value = sites[i]->value;
    if (site.object.empty()) site.object = sites[i]->object;
  }
  // What comes of it is not told: that is the other schedule's.
  const std::string source = "values, locks and memory as the leg " + leg + " saw them";
  const bool order = threads && !known.would_order.empty();  // it speaks of threads
  race->would_order = order ? known.would_order + " (" + source + ")" : source;
}

}  // namespace

bool lacks_details(const Diagnosis& race) {
  return race.kind == "data-race" && race.would_order.empty() && !race.sites.empty() &&
         std::all_of(race.sites.begin(), race.sites.end(),
                     [](const Site& site) { return site.detail.empty() && site.value.empty(); });
}

void complete_races(std::span<Diagnosis> to, std::span<const Diagnosis> known,
                    const std::string& leg) {
  for (Diagnosis& race : to) {
    if (!lacks_details(race)) continue;
    for (const Diagnosis& other : known) {
      const std::vector<const Site*> sites = same_accesses(race, other);
      if (sites.empty() || lacks_details(other)) continue;
      complete(&race, other, sites, leg);
      break;
    }
  }
}

}  // namespace chicane::runner
