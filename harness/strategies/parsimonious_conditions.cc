// SPDX-License-Identifier: Apache-2.0
//
// What must be so that a step which is to be tried belongs to the reversals for which it is.
#include <algorithm>
#include <utility>

#include "strategies/parsimonious.h"

namespace chicane::strategies {

/// That the head touches what is delayed, and, of what is made for it, what nothing else there
/// needs.
void Parsimonious::add_needs(const Race& race, const Attempt& attempt,
                             Conditions* conditions) const {
  conditions->touches.push_back(attempt.reversal.delayed);
  const auto loud = trace_.loud();
  const std::uint32_t origin =
      race.second != kNone ? trace_.origin(race.second) : trace_.waiting()[race.waiting].previous;
  const std::uint32_t by = race.second != kNone ? trace_.released_by(race.second) : kNone;
  const auto comes_before = [&](std::uint32_t step, std::uint32_t other) {
    return other != kNone && trace_.happens_before(step, other);
  };
  for (const std::uint32_t place : attempt.before_head) {
    const std::uint32_t step = loud[place];
    const bool needed = comes_before(step, origin) || comes_before(step, by) ||
                        std::any_of(attempt.before_head.begin(), attempt.before_head.end(),
                                    [&](std::uint32_t other) {
                                      return other > place && comes_before(step, loud[other]);
                                    });
    if (!needed) conditions->touches.push_back(trace_.step(step).footprint);
  }
}

/// With virtual time, where who waits until a deadline is no part of the step's past: for the end
/// of a thread.
Footprint Parsimonious::with_time(Footprint footprint) const {
  bool ends = false;
  for (unsigned i = 0; i < footprint.size(); ++i) {
    ends = ends || (is_end(footprint[i].object) && trace_.has_entry(footprint[i]));
  }
  if (ends && known_.has_deadlines()) footprint.add(kVirtualTime, Mode::kWrite);
  return footprint;
}

/// Whether what a race's second step needs may be made under a reversal from before, and it, as far
/// as its operation tells; `*conditions`: what else must be so.
bool Parsimonious::may_head(const Reversal& upper, const Race& race, std::uint32_t place,
                            Conditions* conditions) const {
  if (upper.tid == kNone) return true;
  const auto loud = trace_.loud();
  const auto is_against = [&](Tid tid, const Footprint& footprint) {
    return tid < upper.tid && tid != upper.delayed_tid && footprint.depends_on(upper.delayed);
  };
  const Tid tid =
      race.second != kNone ? trace_.step(race.second).tid : trace_.waiting()[race.waiting].tid;
  bool against = false, follows_head = false, uncertain = false, goes_on_after = false;
  Footprint after;
  for (std::uint32_t i = upper.from; i < loud.size(); ++i) {
    const bool needed = past_[loud[i]] != 0;
    if (i >= place && !needed) continue;
    const TraceStep& step = trace_.step(loud[i]);
    const bool comes_after = follows(upper, loud[i]);
    against = against || (i >= place && is_against(step.tid, step.footprint) && !comes_after);
    follows_head = follows_head || (needed && counts(upper, loud[i]));
    if (!comes_after && !counts(upper, loud[i])) continue;
    uncertain = uncertain || may_be_met(step.footprint);
    goes_on_after = goes_on_after || step.tid == tid;
    after.add_all(step.footprint);
  }
  if (tid < upper.tid && tid != upper.delayed_tid && !goes_on_after) {
    conditions->unless.push_back({upper.delayed, std::move(after)});
  }
  // Of what it touches only what its operation tells is certain.
  const bool waits = race.second == kNone;
  const bool lock = waits ? trace_.waiting()[race.waiting].lock : trace_.step(race.second).lock;
  const Footprint& touched =
      waits ? trace_.waiting()[race.waiting].footprint : trace_.step(race.second).footprint;
  const bool locks = lock && !touched.touches(kVirtualTime);  // and cannot fail
  if (locks || (!waits && !may_fail(trace_.step(race.second).kind))) {
    against = against || (is_against(tid, touched) && !follows_head);
  }
  return !against || uncertain;
}

/// Whether steps may turn out to depend on this one for more than their operations tell: what they
/// announce, or whom they let go on.
bool Parsimonious::may_be_met(const Footprint& footprint) {
  return footprint.meets_announcements() || footprint.touches(kVirtualTime);
}

/// Of the step at that place, with other outcomes: what must be so that it belongs here.
void Parsimonious::add_conditions(std::uint32_t place, Conditions* conditions) const {
  const auto loud = trace_.loud();
  const TraceStep& step = trace_.step(loud[place]);
  const std::uint32_t origin = trace_.origin(loud[place]);
  for (const Reversal& reversal : now_.reversals) {
    if (reversal.tid == kNone || place < reversal.from) continue;
    const auto since = loud.subspan(reversal.from, place - reversal.from);
    const auto precedes = [&](std::uint32_t before) {
      return origin != kNone && trace_.happens_before(before, origin);
    };
    Footprint all;
    bool goes_on_after = false;
    for (const std::uint32_t before : since) {
      const bool matters =
          step.tid == reversal.delayed_tid || counts(reversal, before) || follows(reversal, before);
      if (!matters) continue;
      goes_on_after = goes_on_after || precedes(before);
      all.add_all(trace_.step(before).footprint);
    }
    if (place == reversal.head) {
      conditions->touches.push_back(reversal.delayed);
      for (const std::uint32_t before : since) {
        const bool by_others = std::any_of(since.begin(), since.end(), [&](std::uint32_t other) {
          return other > before && trace_.happens_before(before, other);
        });
        if (!by_others && !precedes(before)) {
          conditions->touches.push_back(trace_.step(before).footprint);
        }
      }
    } else if (step.tid == reversal.delayed_tid) {
      if (reversal.several && !goes_on_after) conditions->touches.push_back(std::move(all));
    } else if (step.tid < reversal.tid && !goes_on_after) {
      conditions->unless.push_back({reversal.delayed, std::move(all)});
    }
  }
}

bool Parsimonious::Conditions::are_met(const Footprint& head, const Footprint& at_most) const {
  return std::all_of(touches.begin(), touches.end(),
                     [&](const Footprint& other) { return at_most.depends_on(other); }) &&
         std::all_of(unless.begin(), unless.end(), [&](const Condition& condition) {
           return !head.depends_on(condition.touched) || at_most.depends_on(condition.after);
         });
}

}  // namespace chicane::strategies
