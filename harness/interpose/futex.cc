// SPDX-License-Identifier: Apache-2.0
#include "interpose/futex.h"

#include <linux/futex.h>

#include <algorithm>
#include <cerrno>

#include "interpose/clock.h"
#include "interpose/refuse.h"

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::MemoryOrder;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;
using engine::Time;

struct Waiter {
  const std::uint32_t* word;
  std::uint32_t bits;
  engine::ThreadId thread;
  bool woken;
  Waiter* next;
};

// Those who wait, in the waiters' own stacks.
struct Queue {
  Waiter* first;
  std::uint32_t generation;
} g_queue;

Queue& queue_of(const Engine& engine) {
  if (g_queue.generation != engine.generation()) g_queue = {nullptr, engine.generation()};
  return g_queue;
}

void enqueue(Engine& engine, Waiter& waiter) {
  Waiter** last = &queue_of(engine).first;
  while (*last != nullptr) last = &(*last)->next;
  *last = &waiter;
}

void remove(Engine& engine, const Waiter& waiter) {
  for (Waiter** link = &queue_of(engine).first; *link != nullptr; link = &(*link)->next) {
    if (*link != &waiter) continue;
    *link = waiter.next;
    return;
  }
}

bool meets(const Waiter& waiter, const std::uint32_t* word, std::uint32_t bits) {
  return waiter.word == word && (waiter.bits & bits) != 0;
}

unsigned count_waiters(const Engine& engine, const std::uint32_t* word, std::uint32_t bits) {
  unsigned count = 0;
  for (const Waiter* waiter = queue_of(engine).first; waiter != nullptr; waiter = waiter->next) {
    count += meets(*waiter, word, bits);
  }
  return count;
}

// The `index`-th of those who wait there.
Waiter** link_of(const Engine& engine, const std::uint32_t* word, std::uint32_t bits,
                 unsigned index) {
  Waiter** link = &queue_of(engine).first;
  while (!meets(**link, word, bits) || index-- > 0) link = &(*link)->next;
  return link;
}

std::uint32_t read(const std::uint32_t* word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

void library_accessed(Engine& engine, const std::uint32_t* word, OpKind kind, const void* site) {
  if (in_executable(site)) return;
  engine.on_atomic(word, sizeof *word, kind,
                   kind == OpKind::kAtomicStore ? MemoryOrder::kRelease : MemoryOrder::kAcquire,
                   site);
}

bool is_woken(const Operation& operation) {
  return static_cast<const Waiter*>(operation.context)->woken;
}

long wait(Engine& engine, std::uint32_t* word, std::uint32_t expected, std::uint32_t bits,
          Time deadline, const void* site) {
  if (bits == 0) return -EINVAL;
  // The word may change between the program's last look at it and this call's.
  engine.perform({.kind = OpKind::kFutexWait, .object = word, .site = site});
  if (read(word) != expected) {
    engine.emit(OpKind::kFutexWait, Outcome::kWouldBlock, word, site, read(word));
    library_accessed(engine, word, OpKind::kAtomicLoad, site);
    return -EAGAIN;
  }
  Waiter waiter{word, bits, engine.self().id(), false, nullptr};
  enqueue(engine, waiter);
  engine.perform({.kind = OpKind::kFutexWait,
                  .object = word,
                  .site = site,
                  .ready = &is_woken,
                  .context = &waiter,
                  .deadline = deadline});
  if (!waiter.woken) remove(engine, waiter);
  library_accessed(engine, word, OpKind::kAtomicLoad, site);
  engine.emit(OpKind::kFutexWait, waiter.woken ? Outcome::kDone : Outcome::kTimedOut, word, site,
              expected);
  return waiter.woken ? 0 : -ETIMEDOUT;
}

// Wakes up to `limit` of those who wait at `word`.
long wake_waiters(Engine& engine, const std::uint32_t* word, std::uint32_t bits,
                  std::uint32_t limit, const Operation& operation) {
  long woken = 0;
  for (unsigned left = count_waiters(engine, word, bits); left > 0 && limit > 0; --left, --limit) {
    const unsigned index = limit >= left ? 0 : engine.choose(operation, left);
    Waiter** link = link_of(engine, word, bits, index);
    (*link)->woken = true;
    *link = (*link)->next;
    ++woken;
  }
  return woken;
}

long wake(Engine& engine, std::uint32_t* word, std::uint32_t limit, std::uint32_t bits,
          const void* site) {
  if (bits == 0) return -EINVAL;
  library_accessed(engine, word, OpKind::kAtomicStore, site);
  const Operation operation{.kind = OpKind::kFutexWake, .object = word, .site = site};
  engine.perform(operation);
  const long woken = wake_waiters(engine, word, bits, limit, operation);
  engine.emit(OpKind::kFutexWake, Outcome::kDone, word, site, static_cast<std::uint64_t>(woken));
  return woken;
}

long requeue(Engine& engine, std::uint32_t* word, std::uint32_t limit, std::uint32_t move_limit,
             const std::uint32_t* to, const std::uint32_t* expected, const void* site) {
  library_accessed(engine, word, OpKind::kAtomicStore, site);
  const Operation operation{.kind = OpKind::kFutexWake, .object = word, .site = site};
  engine.perform(operation);
  if (expected != nullptr && read(word) != *expected) {
    engine.emit(OpKind::kFutexWake, Outcome::kFailed, word, site);
    return -EAGAIN;
  }
  const long woken = wake_waiters(engine, word, FUTEX_BITSET_MATCH_ANY, limit, operation);
  long moved = 0;
  for (Waiter* waiter = queue_of(engine).first; waiter != nullptr; waiter = waiter->next) {
    if (waiter->word != word || moved == static_cast<long>(move_limit)) continue;
    waiter->word = to;
    ++moved;
  }
  engine.emit(OpKind::kFutexWake, Outcome::kDone, word, site, static_cast<std::uint64_t>(woken),
              to);
  return woken + moved;
}

// FUTEX_WAKE_OP changes the second word, wakes at the first, and at the second if its old value
// compares as asked.
long wake_op(Engine& engine, std::uint32_t* word, std::uint32_t limit, std::uint32_t second_limit,
             std::uint32_t* second, std::uint32_t code, const void* site) {
  const Operation operation{.kind = OpKind::kFutexWake, .object = word, .site = site};
  engine.perform(operation);
  const auto sign_extend = [](std::uint32_t twelve_bits) {
    return static_cast<std::int32_t>(twelve_bits << 20) >> 20;
  };
  auto argument = static_cast<std::uint32_t>(sign_extend(code >> 12 & 0xfff));
  if ((code >> 28 & FUTEX_OP_OPARG_SHIFT) != 0) argument = 1u << (argument & 31);
  const std::uint32_t before = read(second);
  std::uint32_t after = before;
  switch (code >> 28 & 7) {
    case FUTEX_OP_SET:
      after = argument;
      break;
    case FUTEX_OP_ADD:
      after = before + argument;
      break;
    case FUTEX_OP_OR:
      after = before | argument;
      break;
    case FUTEX_OP_ANDN:
      after = before & ~argument;
      break;
    case FUTEX_OP_XOR:
      after = before ^ argument;
      break;
    default:
      return -ENOSYS;
  }
  __atomic_store_n(second, after, __ATOMIC_SEQ_CST);
  engine.on_atomic(second, sizeof *second, OpKind::kAtomicRmw, MemoryOrder::kSeqCst, site);
  const auto old = static_cast<std::int32_t>(before);
  const std::int32_t limit_value = sign_extend(code & 0xfff);
  const bool holds[] = {old == limit_value, old != limit_value,
                        old<limit_value, old <= limit_value, old> limit_value, old >= limit_value};
  const std::uint32_t comparison = code >> 24 & 15;
  if (comparison > FUTEX_OP_CMP_GE) return -ENOSYS;
  long woken = wake_waiters(engine, word, FUTEX_BITSET_MATCH_ANY, limit, operation);
  if (holds[comparison]) {
    woken += wake_waiters(engine, second, FUTEX_BITSET_MATCH_ANY, second_limit, operation);
  }
  engine.emit(OpKind::kFutexWake, Outcome::kDone, word, site, static_cast<std::uint64_t>(woken),
              second);
  return woken;
}

Time relative_deadline(const Engine& engine, const timespec* timeout) {
  if (timeout == nullptr) return engine::kNever;
  const Time now = engine.now(), duration = nanoseconds(*timeout);
  return duration > engine::kNever - now ? engine::kNever - 1 : now + duration;
}

Time absolute_deadline(int operation, const timespec* timeout) {
  if (timeout == nullptr) return engine::kNever;
  const bool realtime = (operation & FUTEX_CLOCK_REALTIME) != 0;
  return virtual_time(realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, *timeout);
}

}  // namespace

long futex(Engine& engine, std::uint32_t* word, int operation, std::uint32_t value,
           const timespec* timeout, std::uint32_t* other_word, std::uint32_t last,
           const void* site) {
  // Where the others have a time-out, these have a count.
  const auto count = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(timeout));
  switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
      return wait(engine, word, value, FUTEX_BITSET_MATCH_ANY, relative_deadline(engine, timeout),
                  site);
    case FUTEX_WAIT_BITSET:
      return wait(engine, word, value, last, absolute_deadline(operation, timeout), site);
    case FUTEX_WAKE:
      return wake(engine, word, value, FUTEX_BITSET_MATCH_ANY, site);
    case FUTEX_WAKE_BITSET:
      return wake(engine, word, value, last, site);
    case FUTEX_REQUEUE:
      return requeue(engine, word, value, count, other_word, nullptr, site);
    case FUTEX_CMP_REQUEUE:
      return requeue(engine, word, value, count, other_word, &last, site);
    case FUTEX_WAKE_OP:
      return wake_op(engine, word, value, count, other_word, last, site);
    default:
      refuse(engine, "syscall(SYS_futex)",
             "this futex operation (priority inheritance) has no model",
             "use FUTEX_WAIT and FUTEX_WAKE, or pthread_mutex_t", site);
  }
}

}  // namespace chicane::interpose
