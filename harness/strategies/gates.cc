// SPDX-License-Identifier: Apache-2.0
#include "strategies/gates.h"

#include <algorithm>
#include <utility>

namespace chicane::strategies {
namespace {

// So many parts for each shard: they are not equally large.
constexpr std::uint64_t kPartsPerShard = 8;
constexpr std::size_t kMostGates = 16;
// Of the run, where pairs are looked for.
constexpr std::uint32_t kMostSteps = 256;

bool is_done(const Trace& trace, Tid tid, std::uint32_t number) {
  return trace.steps_of(tid) >= number;
}

/// Whether two steps are dependent not by their gate only.
bool depend(const Footprint& a, const Footprint& b) {
  if (a.everything() || b.everything()) return true;
  for (unsigned i = 0; i < a.size(); ++i) {
    for (unsigned k = 0; k < b.size(); ++k) {
      if (a[i].object == b[k].object && !is_gate(a[i].object) && conflict(a[i].mode, b[k].mode)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void Gates::clear() {
  gates_.clear();
  set(0);
}

void Gates::set(std::uint64_t part) {
  part_ = part;
  waiting_ = any_ = 0;
  for (std::size_t i = 0; i < gates_.size(); ++i) {
    waiting_ |= bit_of(waiting(i).tid);
    any_ |= bit_of(waiting(i).tid) | bit_of(awaited(i).tid);
  }
}

void Gates::choose(const Trace& trace, const engine::SharedVector<Race>& races, unsigned shards) {
  clear();
  choose_alike(trace, shards);
  const std::uint64_t enough = parts() < shards ? kPartsPerShard * shards : shards;
  for (const Race& race : races) {
    if (race.second == kNone) continue;
    if (gates_.size() == kMostGates || parts() >= enough) return;
    const TraceStep& first = trace.step(race.first);
    const TraceStep& second = trace.step(race.second);
    // Steps that wait for no gate yet, so that the gates are as independent as can be.
    const bool used = std::any_of(gates_.begin(), gates_.end(), [&](const Gate& gate) {
      return gate.second.tid == second.tid && gate.second.number == second.number;
    });
    if (!used) gates_.push_back({{first.tid, first.number}, {second.tid, second.number}});
  }
}

/// Pairs that do the same to one object: of threads that are alike as many behaviours have the one
/// first as the other. Each thread is in one pair at most, so that pairs decide nothing for others;
/// where these are too few, any two threads are.
void Gates::choose_alike(const Trace& trace, unsigned shards) {
  engine::SharedVector<Pair> pairs;
  const std::uint32_t steps = std::min(trace.size(), kMostSteps);
  for (std::uint32_t b = 0; b < steps; ++b) {
    for (std::uint32_t a = 0; a < b; ++a) {
      if (is_alike(trace, a, b)) pairs.push_back({a, b});
    }
  }
  // What comes early in its thread is there in all behaviours, and has met nothing yet that could
  // make it another step.
  const auto rank = [&trace](const Pair& pair) {
    const std::uint32_t a = trace.step(pair.a).number, b = trace.step(pair.b).number;
    return std::pair{a + b, std::max(a, b) - std::min(a, b)};
  };
  std::stable_sort(pairs.begin(), pairs.end(),
                   [&](const Pair& a, const Pair& b) { return rank(a) < rank(b); });
  for (const bool alone : {true, false}) {
    for (const Pair& pair : pairs) {
      if (parts() >= shards || gates_.size() == kMostGates) return;
      const TraceStep &a = trace.step(pair.a), &b = trace.step(pair.b);
      const bool used = std::any_of(gates_.begin(), gates_.end(), [&](const Gate& gate) {
        const bool first = gate.has(a.tid), second = gate.has(b.tid);
        return alone ? first || second : first && second;
      });
      if (!used) gates_.push_back({{a.tid, a.number}, {b.tid, b.number}});
    }
  }
}

bool Gates::is_alike(const Trace& trace, std::uint32_t a, std::uint32_t b) {
  const TraceStep &first = trace.step(a), &second = trace.step(b);
  if (first.silent || second.silent || first.tid == second.tid || first.kind != second.kind ||
      !first.footprint.depends_on(second.footprint)) {
    return false;
  }
  // Unlocks that the one waits for are no choice; nor is what was over before the other began.
  if (first.kind == engine::OpKind::kUnlock || first.kind == engine::OpKind::kReadUnlock)
    return false;
  const Step begin{second.tid, 1};
  return !trace.happens_before(a, trace.step_of(begin.tid, begin.number));
}

// By the sum of its digits to the base `shards`: whichever gates divide unequally, each shard has
// as many of either side.
unsigned Gates::owner(std::uint64_t part, unsigned shards) {
  std::uint64_t sum = 0;
  for (; part != 0; part /= std::max(2U, shards)) sum += part % std::max(2U, shards);
  return static_cast<unsigned>(sum % shards);
}

bool Gates::next(unsigned shard, unsigned shards, std::uint64_t* part) const {
  while (*part < parts() && (owner(*part, shards) != shard || is_empty(*part))) ++*part;
  return *part < parts();
}

/// Whether some gates would wait for one another in that part. None of their steps could be made
/// there, and a run without them is that of a part in which all gates stand as in the first run.
bool Gates::is_empty(std::uint64_t part) const {
  std::uint32_t after[kMostGates] = {};  // by gate: those that are passed later
  for (std::size_t i = 0; i < gates_.size(); ++i) {
    const Step& passing = waiting(i, part);
    for (std::size_t k = 0; k < gates_.size(); ++k) {
      const Step& step = awaited(k, part);
      if (step.tid == passing.tid && passing.number <= step.number) after[i] |= 1U << k;
    }
  }
  for (std::size_t via = 0; via < gates_.size(); ++via) {
    for (std::size_t i = 0; i < gates_.size(); ++i) {
      if ((after[i] >> via & 1) != 0) after[i] |= after[via];
    }
  }
  for (std::size_t i = 0; i < gates_.size(); ++i) {
    if ((after[i] >> i & 1) != 0) return true;
  }
  return false;
}

const Gates::Step& Gates::waiting(std::size_t gate, std::uint64_t part) const {
  return (part >> gate & 1) != 0 ? gates_[gate].first : gates_[gate].second;
}

const Gates::Step& Gates::awaited(std::size_t gate, std::uint64_t part) const {
  return (part >> gate & 1) != 0 ? gates_[gate].second : gates_[gate].first;
}

bool Gates::is_held_back(const Trace& trace, Tid tid) const {
  for (std::size_t i = 0; i < gates_.size(); ++i) {
    if (waiting(i).tid != tid || trace.steps_of(tid) + 1 != waiting(i).number) continue;
    if (!is_done(trace, awaited(i).tid, awaited(i).number)) return true;
  }
  return false;
}

void Gates::mark(Tid tid, std::uint32_t number, Footprint* footprint) const {
  if ((any_ & bit_of(tid)) == 0) return;
  for (std::size_t i = 0; i < gates_.size(); ++i) {
    const Gate& gate = gates_[i];
    if (!gate.has(tid)) continue;
    const Step& of = gate.first.tid == tid ? gate.first : gate.second;
    if (of.number == number) footprint->add(ObjectKey{1} << 61 | i, Mode::kWrite);
  }
}

void Gates::mark_waiting(Trace* trace) const {
  for (Waiting& waiting : trace->waiting()) {
    mark(waiting.tid, trace->steps_of(waiting.tid) + 1, &waiting.footprint);
  }
}

bool Gates::belongs(const Trace& trace) const {
  engine::SharedVector<std::size_t> either;  // gates whose steps nothing orders
  std::uint64_t sides = 0;                   // of these, in this part
  for (std::size_t i = 0; i < gates_.size(); ++i) {
    const Gate& gate = gates_[i];
    const bool swapped = (part_ >> i & 1) != 0;
    const bool first = is_done(trace, gate.first.tid, gate.first.number);
    const bool second = is_done(trace, gate.second.tid, gate.second.number);
    if (!first && !second && swapped) return false;
    if (!first || !second) continue;
    const std::uint32_t before = trace.step_of(awaited(i).tid, awaited(i).number);
    const std::uint32_t after = trace.step_of(waiting(i).tid, waiting(i).number);
    if (depend(trace.step(before).footprint, trace.step(after).footprint)) continue;
    if (trace.steps_after(before, &is_gate)[after] != 0) continue;
    sides |= std::uint64_t{swapped ? 1U : 0U} << either.size();
    either.push_back(i);
  }
  for (std::uint64_t other = 0; other < sides; ++other) {
    if (fits(trace, either, other)) return false;
  }
  return true;
}

std::uint64_t Gates::part_of(const Trace& trace) const {
  engine::SharedVector<std::size_t> either;
  std::uint64_t part = 0;
  for (std::size_t i = 0; i < gates_.size(); ++i) {
    const Gate& gate = gates_[i];
    const bool first = is_done(trace, gate.first.tid, gate.first.number);
    const bool second = is_done(trace, gate.second.tid, gate.second.number);
    const std::uint64_t swapped = std::uint64_t{1} << i;
    if (second && !first) part |= swapped;
    if (!first || !second) continue;
    const std::uint32_t a = trace.step_of(gate.first.tid, gate.first.number);
    const std::uint32_t b = trace.step_of(gate.second.tid, gate.second.number);
    if (!trace.happens_before(std::min(a, b), std::max(a, b))) {
      either.push_back(i);
    } else if (b < a) {
      part |= swapped;
    }
  }
  std::uint64_t sides = 0;
  while (!fits(trace, either, sides)) ++sides;  // the order of the run does
  for (std::size_t k = 0; k < either.size(); ++k) part |= (sides >> k & 1) << either[k];
  return part;
}

Gates Gates::renumbered(const Trace& from, const Trace& to) const {
  Gates same = *this;
  for (Gate& gate : same.gates_) {
    for (Step* step : {&gate.first, &gate.second}) step->tid = from.number_in(to, step->tid);
  }
  same.set(part_);
  return same;
}

/// Whether the trace has an order in which the gates `either` stand at these sides, whatever they
/// do in this part, and all others as they do: that is, whether nothing then comes before itself.
bool Gates::fits(const Trace& trace, const engine::SharedVector<std::size_t>& either,
                 std::uint64_t sides) const {
  engine::SharedVector<std::uint32_t> from(either.size()), to(either.size());
  for (std::size_t i = 0; i < either.size(); ++i) {
    const Gate& gate = gates_[either[i]];
    from[i] = trace.step_of(gate.first.tid, gate.first.number);
    to[i] = trace.step_of(gate.second.tid, gate.second.number);
    if ((sides >> i & 1) != 0) std::swap(from[i], to[i]);
  }
  // From one gate's waiting step to another's awaited one: one gate after the other.
  const std::size_t count = either.size();
  engine::SharedVector<std::uint8_t> leads(count * count, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const auto after = trace.steps_after(to[i], &is_gate);
    for (std::size_t k = 0; k < count; ++k) leads[i * count + k] = after[from[k]];
  }
  for (std::size_t via = 0; via < count; ++via) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < count; ++k) {
        leads[i * count + k] |= leads[i * count + via] & leads[via * count + k];
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (leads[i * count + i] != 0) return false;
  }
  return true;
}

}  // namespace chicane::strategies
