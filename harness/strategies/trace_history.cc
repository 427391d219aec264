// SPDX-License-Identifier: Apache-2.0
//
// Looking back at a run: what other parts of a search ask a trace once it is there.
#include <algorithm>

#include "strategies/mix.h"
#include "strategies/trace.h"

namespace chicane::strategies {

using engine::OpKind;

bool Trace::is_enabled(std::uint32_t i, Tid tid, bool in_time) const {
  const engine::ThreadId id = ids_[tid];
  if (id >= steps_[i].threads || tids_[id] != tid) return false;  // not created yet
  const std::uint64_t* enabled = enabled_at(i) + id / 64;
  const std::uint64_t late = in_time ? enabled[words_] : 0;
  return ((enabled[0] & ~late) >> id % 64 & 1) != 0;
}

bool Trace::is_enabled_by(std::uint32_t i, Tid tid, ObjectKey object) const {
  const auto before = [](const Reason& reason, std::uint32_t step) { return reason.step < step; };
  auto at = std::lower_bound(reasons_.begin(), reasons_.end(), i, before);
  for (; at != reasons_.end() && at->step == i; ++at) {
    if (at->tid == tid && at->object == object) return true;
  }
  return false;
}

std::uint64_t Trace::places_before(std::uint32_t i, ObjectKey semaphore) const {
  const TraceStep& step = steps_[i];
  const bool post = step.kind == OpKind::kSemPost;
  if (!step.told || (!post && step.kind != OpKind::kSemWait)) return kUntold;
  unsigned own = 0;  // what it announced may be another's
  while (own < step.own_accesses && step.footprint[own].object != semaphore) ++own;
  if (own == step.own_accesses) return kUntold;
  if (step.failed) return post ? 1 : 0;
  return post ? step.value - 1 : step.value + 1;
}

bool Trace::is_silent_step(std::uint32_t i) const {
  const TraceStep& step = steps_[i];
  return (step.kind == OpKind::kThreadStart ||
          (step.kind == OpKind::kThreadJoin && step.blocking)) &&
         !touches_others(step.footprint) && outcomes_of(i).empty();
}

std::uint64_t Trace::identity(bool silent) const {
  // By step: its number, or that of its thread's last one before it that belongs to the trace.
  engine::SharedVector<std::uint32_t> numbers(size(), 0);
  engine::SharedVector<engine::SharedVector<std::uint32_t>> of_thread(known_.size());
  std::uint64_t sum = 0;  // of the steps: their order in the run does not matter
  for (std::uint32_t i = 0; i < size(); ++i) {
    const TraceStep& step = steps_[i];
    const bool belongs = silent || !is_silent_step(i);
    const std::uint32_t before = step.previous != kNone ? numbers[step.previous] : 0;
    numbers[i] = belongs ? step.number : before;
    of_thread[step.tid].push_back(numbers[i]);
    if (!belongs) continue;
    std::uint64_t hash = mix(step.tid + 1) + static_cast<unsigned>(step.kind);
    for (std::uint32_t t = 0; t < known_.size(); ++t) {
      const std::uint32_t reached = steps_before(i, t);
      const std::uint32_t number = reached != 0 ? of_thread[t][reached - 1] : 0;
      if (number != 0) hash = mix(hash + 0x9e3779b97f4a7c15u * (t + 1) + number);
    }
    for (const StepOutcome& outcome : outcomes_of(i)) hash = mix(hash + outcome.chosen + 1);
    sum += mix(hash);
  }
  return sum;
}

engine::SharedVector<std::uint8_t> Trace::steps_after(std::uint32_t from,
                                                      bool (*ignored)(ObjectKey)) const {
  engine::SharedVector<std::uint8_t> after(size(), 0);
  after[from] = 1;
  const auto is_after = [&after](std::uint32_t k) { return after[k] != 0; };
  for (std::uint32_t i = from + 1; i < size(); ++i) {
    after[i] = for_each_before(i, is_after, ignored) ? 1 : 0;
  }
  return after;
}

std::uint32_t Trace::step_of(Tid tid, std::uint32_t number) const {
  std::uint32_t i = last_of_[tid];
  while (steps_[i].number != number) i = steps_[i].previous;
  return i;
}

}  // namespace chicane::strategies
