// SPDX-License-Identifier: Apache-2.0
//
// Which operations the samplers take for dependent: those on one object of which at least one
// changes it. Coarse on purpose: a sampler that takes too many for dependent loses only some of its
// aim, never a schedule.
//
// Thread safety: pure functions. Cost: a few ns.
#pragma once

#include "engine/operation.h"

namespace chicane::strategies {

/// Whether an operation of this kind leaves its object as it is for everybody else.
inline bool only_reads(engine::OpKind kind) {
  switch (kind) {
    case engine::OpKind::kAtomicLoad:
    case engine::OpKind::kRead:
    case engine::OpKind::kReadLock:
    case engine::OpKind::kTryReadLock:
    case engine::OpKind::kReadUnlock:
    case engine::OpKind::kMapRead:
    case engine::OpKind::kWaitGroupWait:
    case engine::OpKind::kStateRead:
      return true;
    default:
      return false;
  }
}

/// Whether an operation of this kind is one by which threads meet, at an object.
inline bool touches_object(engine::OpKind kind) {
  switch (kind) {
    case engine::OpKind::kThreadStart:
    case engine::OpKind::kThreadExit:
    case engine::OpKind::kThreadCreate:
    case engine::OpKind::kThreadJoin:
    case engine::OpKind::kThreadDetach:
    case engine::OpKind::kFence:
    case engine::OpKind::kYield:
    case engine::OpKind::kSleep:
    case engine::OpKind::kClock:
      return false;
    default:
      return true;
  }
}

/// All but threads' births and deaths, and who has waited for these: nothing that a search or a
/// spin is about.
inline constexpr std::uint64_t kNotOfLives =
    ~(engine::bit_of(engine::OpKind::kThreadCreate) | engine::bit_of(engine::OpKind::kThreadStart) |
      engine::bit_of(engine::OpKind::kThreadExit) | engine::bit_of(engine::OpKind::kThreadJoin));
inline bool is_of_lives(const engine::Event& event) {
  return event.outcome == engine::Outcome::kDone && (kNotOfLives & engine::bit_of(event.kind)) == 0;
}

/// Whether the order of the two matters.
inline bool conflict(const engine::Operation& a, const engine::Operation& b) {
  return a.object == b.object && a.object != nullptr && touches_object(a.kind) &&
         touches_object(b.kind) && !(only_reads(a.kind) && only_reads(b.kind));
}

}  // namespace chicane::strategies
