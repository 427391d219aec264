// SPDX-License-Identifier: Apache-2.0
//
// What a run leaves for its parent process: the choices made so far, findings, and (when the run is
// recorded) a trace of its events. All of it is plain data in memory shared with the parent, so
// that a program that dies by SIGSEGV or SIGKILL still leaves its witness.
//
// Thread safety: written in engine context by the child, read by the parent once the child stands
// still.
// Invariants:
//   I1. No pointer to the child's memory is followed by the parent; addresses are numbers to be
//       symbolized (parent and child are forks of one process: same modules, same addresses).
//   I2. Nothing here allocates.
#pragma once

#include <cstdint>
#include <cstring>

#include "engine/operation.h"

namespace chicane::engine {

inline constexpr unsigned kMaxFrames = 24;

/// A call stack, innermost first: return addresses (the first is the call site itself).
struct Stack {
  std::uint32_t depth = 0;
  std::uint64_t pcs[kMaxFrames];
};

/// Where an address lies, as far as the engine can tell.
enum class Region : std::uint8_t { kUnknown, kStatic, kHeap, kStack };
struct Place {
  std::uint64_t address = 0;
  Region region = Region::kUnknown;
  /// For kStack: whose, the frame's base (its frame pointer), and an address in its function.
  ThreadId thread = kNoThread;
  std::uint64_t frame_base = 0;
  std::uint64_t frame_pc = 0;
  /// Any address in that function, for when `frame_pc` lies in a library that it called; or 0.
  std::uint64_t frame_entry = 0;
};

/// One line of a diagnosis: who did what where.
struct FindingSite {
  char role[24];  // "read", "write", "waits", "holds", "locked", "unlocks", ...
  ThreadId thread;
  std::uint64_t step;  // 0: unknown
  Place object;        // what it acted on, if that differs between sites
  Stack stack;
  char detail[120];  // "holding no lock", "waits for a lock that goroutine 2 holds"
};

/// A defect that a monitor (or a crash handler) saw.
struct Finding {
  char kind[32];  // a stable identifier: "data-race"
  char message[200];
  Place object;
  std::uint64_t run;
  std::uint64_t step;
  std::uint32_t first_site;
  std::uint32_t site_count;
  bool fatal;  // the run could not go on after it
  /// Of a race, how much its run shows: 0 that nothing orders the accesses; 1 their order too, as
  /// they are operations; 2 that a write was lost, as another thread stood before one of its own.
  std::uint8_t telling;
};

/// A choice, as the schedule file keeps it.
struct ChoiceRecord {
  std::uint32_t chosen;        // a thread's id, or an outcome's index
  std::uint16_t alternatives;  // how many there were
  OpKind kind;                 // of the chosen thread's operation, or the one with outcomes
  std::uint8_t is_outcome;     // 0: a thread, 1: an outcome
  std::uint8_t forced;         // a thread choice that left the running thread though it could go on
};

/// An event of a recorded run.
struct TraceRecord {
  std::uint64_t step;
  ThreadId thread;
  OpKind kind;
  Outcome outcome;
  std::uint8_t size;    // of a memory access, in bytes
  std::uint8_t forced;  // the switch to this thread was not necessary: another could go on
  std::uint8_t frees;   // a write that is the end of the block that begins there
  std::uint64_t object;
  std::uint64_t other;
  std::uint64_t value;
  std::uint64_t value_after;  // for accesses: what the location held afterwards
  std::uint32_t choice;       // index of the choice that let this thread run, or ~0
  Place place;                // where `object` lies, for its name; kUnknown when nobody looked
  Stack stack;
};

/// What is known of a thread.
struct ThreadRecord {
  ThreadId id;
  ThreadId parent;
  std::uint8_t is_goroutine;
  char name[16];
  Stack created_at;
};

}  // namespace chicane::engine
