// SPDX-License-Identifier: Apache-2.0
#include "strategies/parts.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "strategies/spins.h"

namespace chicane::strategies {
namespace {

const char* shard_text(bool of_shard) { return of_shard ? " of this shard" : ""; }

void report_all(const std::string& divided_by, bool of_shard, engine::StrategyReport* report) {
  const std::string shard = of_shard ? " of this shard (by " + divided_by + ")" : "";
  std::snprintf(report->guarantee, sizeof report->guarantee, "all interleavings%s were run",
                shard.c_str());
}

Bounds together(const Bounds& a, const Bounds& b) {
  if (a.deviation == nullptr || b.deviation == nullptr) return {};
  // A part that is whole has reached every bound.
  Bounds both = a.whole ? b : a;
  if (!a.whole && !b.whole) both.reached = std::min(a.reached, b.reached);
  both.without = a.without + b.without;
  both.full = a.full || b.full;
  both.incomplete = a.incomplete || b.incomplete;
  return both;
}

}  // namespace

void report_bounds(const Bounds& bounds, bool of_shard, engine::StrategyReport* report) {
  if (bounds.deviation == nullptr) return;
  if (bounds.whole) return report_all(std::string(bounds.deviation) + "s", of_shard, report);
  if (bounds.reached < 0) {
    if (bounds.without == 0) return;
    // Who goes on when a thread cannot is no deviation: there may be many of these.
    std::snprintf(
        report->guarantee, sizeof report->guarantee, "%llu of the schedules%s with 0 %ss were run",
        static_cast<unsigned long long>(bounds.without), shard_text(of_shard), bounds.deviation);
    return;
  }
  std::snprintf(report->guarantee, sizeof report->guarantee,
                "all schedules%s with at most %lld %s%s were run%s", shard_text(of_shard),
                static_cast<long long>(bounds.reached), bounds.deviation,
                bounds.reached == 1 ? "" : "s",
                bounds.full ? ", but for those that memory was too small for" : "");
}

void report_proof(bool of_shard, engine::StrategyReport* report) {
  report->incomplete = false;
  report_all("behaviours", of_shard, report);
}

engine::StrategyReport describe_parts(std::span<const engine::Strategy* const> parts,
                                      bool of_shard) {
  engine::StrategyReport all;
  Bounds bounds;
  bool reduced = !parts.empty(), spins = false;
  for (const engine::Strategy* part : parts) {
    engine::StrategyReport one;
    part->describe(&one);
    spins = spins || one.but_for_spins;
    all.behaviours.merge(one.behaviours);
    all.more_behaviours |= one.more_behaviours;
    all.incomplete |= one.incomplete;
    // None is lower than any.
    if (part == parts.front() || one.bound < all.bound) {
      all.bound = one.bound;
      std::memcpy(all.guarantee, one.guarantee, sizeof all.guarantee);
    }
    const Searching* searching = as_searching(*part);
    const Bounds its = searching != nullptr ? searching->bounds() : Bounds{};
    bounds = part == parts.front() ? its : together(bounds, its);
    reduced = reduced && searching != nullptr && searching->reduced();
  }
  if (reduced) {
    report_proof(of_shard, &all);
    if (spins) Spins::add_exception_to(&all);
  } else if (bounds.deviation != nullptr) {
    all.incomplete = bounds.incomplete;
    all.guarantee[0] = '\0';
    report_bounds(bounds, of_shard, &all);
  }
  return all;
}

}  // namespace chicane::strategies
