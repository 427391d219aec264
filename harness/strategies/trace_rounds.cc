// SPDX-License-Identifier: Apache-2.0
//
// Threads that go round a loop in vain: of a run's steps, which ones see again what their thread
// has seen at that place before, with nothing done in between that others could notice. What that
// is, and why, stands in spins.h.
#include <algorithm>

#include "engine/plain_writes.h"
#include "engine/shadow_stack.h"
#include "strategies/gates.h"
#include "strategies/mix.h"
#include "strategies/trace.h"

namespace chicane::strategies {
namespace {

using engine::OpKind;
using engine::Thread;

// Steps of a thread from a place to the same place.
constexpr unsigned kLongestRound = 64;
// Of the calls that lead there; the depth tells the others apart.
constexpr int kFrames = 4;

int is_locking(OpKind kind) {
  return kind == OpKind::kLock || kind == OpKind::kReadLock || kind == OpKind::kTryLock ||
         kind == OpKind::kTryReadLock;
}

int is_unlocking(OpKind kind) {
  return kind == OpKind::kUnlock || kind == OpKind::kReadUnlock || kind == OpKind::kCondWait;
}

bool is_of_futex(OpKind kind) { return kind == OpKind::kFutexWait || kind == OpKind::kFutexWake; }

/// Whether what it leaves in its object is a value that is told.
bool leaves_value(const TraceStep& step) {
  return step.kind == OpKind::kAtomicStore || step.kind == OpKind::kAtomicRmw ||
         (step.kind == OpKind::kAtomicCas && !step.failed);
}

/// The running thread's stack. What lies behind its innermost function that the compiler has
/// instrumented is gone, or not the program's: what has been written there is no part of its state.
struct Stack {
  std::uintptr_t low = 1, gone = 0, high = 0;
  bool has(std::uintptr_t address) const { return low <= address && address < high; }
};

Stack stack_of(const Thread* thread) {
  const engine::ShadowStack& calls = engine::g_shadow_stack;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  Stack stack;
  if (thread == nullptr || calls.top == calls.base || calls.beyond != 0) return stack;
  const auto frame = reinterpret_cast<std::uintptr_t>(calls.top[-1].frame);
  const engine::Engine& engine = engine::Engine::instance();
  stack.low = reinterpret_cast<std::uintptr_t>(engine.stack_low(*thread));
  stack.high = reinterpret_cast<std::uintptr_t>(engine.stack_high(*thread));
  if (!stack.has(here) || !stack.has(frame) || frame < here) return stack;
  // Whom it has called has saved its frame pointer, next to where it is to return to.
  for (stack.gone = frame; stack.gone > here; stack.gone -= sizeof frame) {
    if (*reinterpret_cast<const std::uintptr_t*>(stack.gone - sizeof frame) == frame) break;
  }
  return stack;
}

}  // namespace

/// Where the running thread is about to do something: the last calls that led there.
std::uint64_t Trace::place_here(const void* site) {
  const engine::ShadowStack& stack = engine::g_shadow_stack;
  std::uint64_t place = mixed(reinterpret_cast<std::uintptr_t>(site),
                              static_cast<std::uint64_t>(stack.top - stack.base) + stack.beyond);
  const engine::CallFrame* frame = stack.top;
  for (int i = 0; i < kFrames && frame != stack.base; ++i) {
    place = mixed(place, reinterpret_cast<std::uintptr_t>((--frame)->call_site));
  }
  return place | 1;
}

/// The entry that told of the value of an object last, before that one: who waits at a futex, or
/// wakes others there, leaves it alone.
std::uint32_t Trace::valued_before(std::uint32_t entry) const {
  std::uint32_t e = entries_[entry].changed;
  while (e != kNone && is_of_futex(steps_[entries_[e].step].kind)) e = entries_[e].changed;
  return e;
}

/// Whether the object was left with the value that it had.
bool Trace::changed_nothing(std::uint32_t entry) const {
  const TraceStep& step = steps_[entries_[entry].step];
  const std::uint32_t before = valued_before(entry);
  if (!leaves_value(step) || step.first_entry != entry || before == kNone) return false;
  const TraceStep& last = steps_[entries_[before].step];
  return leaves_value(last) && last.first_entry == before && last.value == step.value;
}

/// The step that made the object what it was before that entry's; kNone: none.
std::uint32_t Trace::maker(std::uint32_t entry) const {
  std::uint32_t e = valued_before(entry);
  while (e != kNone && changed_nothing(e)) e = valued_before(e);
  return e != kNone ? entries_[e].step : kNone;
}

/// Whether two entries of an object, `a` before `b`, found what the same step had made of it.
bool Trace::have_same_maker(std::uint32_t a, std::uint32_t b) const {
  std::uint32_t e = valued_before(b);
  const std::uint32_t end = valued_before(a);
  for (; e != kNone && e != end && changed_nothing(e); e = valued_before(e)) {
    if (e == a) return true;
  }
  return e == end || (e != kNone ? entries_[e].step : kNone) == maker(a);
}

/// Whether step `i` left everything as it was, but for a lock and for plain memory.
bool Trace::is_idle(std::uint32_t i) const {
  const TraceStep& step = steps_[i];
  const bool tries = is_channel_try(step.kind);
  if (tries && !step.failed) return false;
  if (!tries && !outcomes_of(i).empty()) return false;
  for (unsigned k = step.own_accesses; k < step.footprint.size(); ++k) {
    const Access& access = step.footprint[k];
    const bool others_see = access.object != kVirtualTime && !is_gate(access.object);
    if (access.mode != Mode::kRead && others_see) return false;
  }
  switch (step.kind) {
    case OpKind::kYield:
    case OpKind::kFence:
    case OpKind::kSleep:
    case OpKind::kClock:
    case OpKind::kAtomicLoad:
    case OpKind::kRead:
    case OpKind::kLock:
    case OpKind::kReadLock:
    case OpKind::kTryLock:
    case OpKind::kTryReadLock:
    case OpKind::kUnlock:
    case OpKind::kReadUnlock:
    case OpKind::kTrySend:
    case OpKind::kTryRecv:
    case OpKind::kSelect:
    case OpKind::kCondWait:  // in a round in which it was not woken
      return true;
    case OpKind::kCondWake:
    case OpKind::kSemWait:
      return step.failed;
    case OpKind::kFutexWait:  // first it looks, then it waits
      return step.failed || !step.blocking;
    case OpKind::kAtomicStore:
    case OpKind::kAtomicRmw:
      return !entries_of(i).empty() && changed_nothing(step.first_entry);
    case OpKind::kAtomicCas:
      return step.failed || (!entries_of(i).empty() && changed_nothing(step.first_entry));
    default:
      return false;
  }
}

/// Whether two steps of a thread do the same and find the same.
bool Trace::is_repeated(std::uint32_t i, std::uint32_t by) const {
  if (steps_[i].own_accesses != steps_[by].own_accesses) return false;
  for (std::uint32_t k = 0; k < steps_[i].own_accesses; ++k) {
    const std::uint32_t a = steps_[i].first_entry + k, b = steps_[by].first_entry + k;
    if (entries_[a].object != entries_[b].object || !have_same_maker(a, b)) return false;
  }
  return true;
}

/// Whether nothing has been done since step `i` that its thread could see at its step `by`: no
/// change of what is not memory, and memory is as it was.
bool Trace::is_unchanged(std::uint32_t i, std::uint32_t by) {
  settle();
  std::uint64_t change = 0;
  for (Tid tid = 0; tid < last_of_.size(); ++tid) {
    std::uint32_t known = steps_before(i, tid);
    if (tid == steps_[i].tid) --known;  // step `i` itself counts
    if (steps_before(by, tid) <= known) continue;
    for (std::uint32_t k = last_of_[tid]; steps_[k].number > known; k = steps_[k].previous) {
      if (k != by && happens_before(k, by)) {
        const TraceStep& step = steps_[k];
        if (!is_idle(k)) return false;
        if (step.tid != steps_[by].tid && step.stack != 0 && !step.same) return false;
        change ^= step.change;
      }
      if (steps_[k].previous == kNone) break;
    }
  }
  return change == 0;
}

/// The same, for a step that may poll or is one at a lock. A try that fails tells nothing but that
/// it has failed, whoever has the lock; who gets one sees all that was done before it was free.
bool Trace::finds_again(std::uint32_t i, std::uint32_t by) {
  const TraceStep &before = steps_[i], &step = steps_[by];
  if (before.failed != step.failed) return false;
  misses_writes_ = misses_writes_ || (!notes_writes_ && !may_poll(step.kind) && !step.failed);
  switch (step.kind) {
    case OpKind::kLock:
    case OpKind::kReadLock:
    case OpKind::kTryLock:
    case OpKind::kTryReadLock:
      return step.failed || (notes_writes_ && is_unchanged(i, by));
    case OpKind::kTrySend:
    case OpKind::kTryRecv:
    case OpKind::kSelect:
    case OpKind::kSemWait:
      return true;  // both have failed
    case OpKind::kUnlock:
    case OpKind::kReadUnlock:
    case OpKind::kCondWait:
      return true;
    default:
      return is_repeated(i, by);
  }
}

/// Whether two steps are about the same.
bool Trace::is_same_object(std::uint32_t i, std::uint32_t by) const {
  const auto a = entries_of(i), b = entries_of(by);
  return !a.empty() && !b.empty() && a[0].object == b[0].object;
}

bool Trace::goes_round(std::uint32_t i) const {
  return is_idle(i) && (steps_[i].again || !may_go_round(steps_[i].kind));
}

/// Step `i`, which has its entries, is one that may poll, or one at a lock.
void Trace::note_round(std::uint32_t i) {
  const std::uint64_t place = place_of(i);
  TraceStep& step = steps_[i];
  bool all_again = true;  // of the steps between the two
  std::uint32_t at = step.previous;
  for (unsigned length = 0; at != kNone && length < kLongestRound; ++length) {
    const TraceStep& earlier = steps_[at];
    if (earlier.kind == step.kind && place_of(at) == place && is_same_object(at, i)) {
      note_same(at, i);
      if (!is_idle(i) || !finds_again(at, i)) return;
      step.again = true;
      if (all_again) close_round(at, i);
      return;
    }
    if (!goes_round(at)) {
      if (!is_idle(at)) return;
      all_again = false;
    }
    at = earlier.previous;
  }
}

/// Its thread has found the same in the steps after `from`, up to `i`, as in the round before. If
/// it has locked something, it is not held before it has unlocked all of it, and only if memory is
/// as it was, also where it has only seen that a lock is taken: next time it may get that one.
void Trace::close_round(std::uint32_t from, std::uint32_t i) {
  TraceStep& step = steps_[i];
  bool locks = false, late = false, same = true;
  int held = 0;
  std::uint64_t change = 0;
  for (std::uint32_t k = i; k != from; k = steps_[k].previous) {
    change ^= steps_[k].change;
    same = same && steps_[k].same;
    const int by = steps_[k].failed ? 0 : is_locking(steps_[k].kind) - is_unlocking(steps_[k].kind);
    locks = locks || by != 0;
    held += by;
    late = late || held > 0;  // from the end: locked, and not unlocked in what follows
  }
  if (locks && (change != 0 || held != 0 || !same || !is_unchanged(from, i))) return;
  step.turn = from;
  if (locks && late) return;
  Rounds rounds;
  if (locks) {
    rounds = left_out(i);
    if (rounds.empty()) return;
  } else {
    rounds.push_back({step.tid, steps_[from].number, step.number});
  }
  if (owes_time(i, rounds)) return;
  if (locks) step.value = found_in(from, i);
  step.rounds = steps_[from].rounds + 1;
  if (first_round_ == kNone) first_round_ = i;
}

std::uint32_t Trace::going_round(Tid tid) const {
  std::uint32_t at = last_step(tid);
  for (unsigned length = 0; at != kNone && length < kLongestRound; ++length) {
    if (!goes_round(at)) return kNone;
    if (steps_[at].turn != kNone) return at;
    at = steps_[at].previous;
  }
  return kNone;
}

/// What a thread has found in a round with locks: at its other steps, and in memory.
std::uint64_t Trace::found_in(std::uint32_t from, std::uint32_t i) const {
  std::uint64_t found = 0, memory = 0;
  for (std::uint32_t k = i; k != from; k = steps_[k].previous) {
    if (!is_unlocking(steps_[k].kind)) found = mixed(found, steps_[k].value);
    found = mixed(found, place_of(k) + steps_[k].failed);
  }
  for (std::uint32_t k = 0; k < i; ++k) {
    if (happens_before(k, i)) memory ^= steps_[k].change;
  }
  return mixed(found, memory);
}

/// What the thread whose step this is has written. On its stack that is told by what is there now:
/// what was there before may have been anything.
void Trace::note_writes(const Thread* thread, TraceStep& step) {
  const engine::PlainWrites& writes = engine::g_plain_writes;
  const Stack stack = stack_of(thread);
  for (std::size_t n = 0; n < writes.size(); ++n) {
    const engine::PlainWrite& write = writes[n];
    const auto* at = reinterpret_cast<const void*>(write.address);
    const bool on_stack = stack.has(write.address);
    if (on_stack && write.address < stack.gone) continue;
    const std::uint64_t after = engine::Engine::read_value(at, write.size);
    if (!on_stack && after == write.before) continue;
    const bool known = std::any_of(&writes[0], &writes[n], [&](const engine::PlainWrite& other) {
      return other.address == write.address && other.size == write.size;
    });
    if (known) continue;
    if (on_stack && step.kind == OpKind::kClock && write.size == sizeof after) {
      told_.push_back({size_ - 1, write.address, after, engine::Engine::instance().now()});
      continue;
    }
    const std::uint64_t place = mixed(write.size, names_.name(at)), now = mix(mixed(place, after));
    (on_stack ? step.stack : step.change) ^= on_stack ? now : mix(mixed(place, write.before)) ^ now;
  }
  if (writes.more()) step.change = mixed(step.tid, step.number);
}

/// Of a step and the one at its place before: whether its thread has written to its stack as it
/// did then, since it polled last; but for what the clock told it.
void Trace::note_same(std::uint32_t i, std::uint32_t by) {
  do {
    steps_[by].same = steps_[i].stack == steps_[by].stack && told_alike(i, by);
    i = steps_[i].previous;
    by = steps_[by].previous;
  } while (i != kNone && by != kNone && steps_[i].kind == steps_[by].kind &&
           !may_go_round(steps_[by].kind));
}

}  // namespace chicane::strategies
