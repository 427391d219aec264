// SPDX-License-Identifier: Apache-2.0
//
// An observer of events that produces findings and never steers.
//
// Thread safety: engine context only (the program's threads stand still).
// Invariants:
//   I1. A monitor's findings are a function of the events alone: same schedule, same findings.
//   I2. No call of a monitor announces an operation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/operation.h"

namespace chicane::engine {

class Engine;

class Thread;

/// Why a run ended.
enum class RunEnd : std::uint8_t {
  kFinished,   // every thread has ended
  kStuck,      // threads remain and none is enabled
  kStepLimit,  // the step limit was reached, the last part of it under a fair schedule
  kFatal,      // a finding ended it: a crash, a failed assertion, an uncaught panic
  kDiverged,   // a replayed schedule did not fit
};

/// C++ memory orders, with the numbers that compilers pass to `__tsan_atomic*`.
enum class MemoryOrder : std::uint8_t { kRelaxed, kConsume, kAcquire, kRelease, kAcqRel, kSeqCst };

/// One atomic access that has taken effect.
struct AtomicAccess {
  ThreadId thread;
  const void* address;
  std::uint32_t size;
  OpKind kind;  // kAtomicLoad, kAtomicStore, kAtomicRmw; a failed compare-exchange is a load
  MemoryOrder order;
  const void* site;
};

/// Where the running thread's accesses go, but the plain ones that it has noted as seen
/// (seen_accesses.h). Called on the way between the program and the
/// engine: `Engine::active()` is not null, so that whoever then calls anything that allocates or
/// locks opens an Engine::Scope first.
struct AccessSink {
  // The context comes last: what comes before stands in its registers from the program's call on.
  using Take = void (*)(const void* address, std::size_t size, const void* site, void* context);
  Take read = nullptr, write = nullptr;
  void (*atomic)(const void* address, std::size_t size, const void* site, void* context,
                 OpKind kind, MemoryOrder order) = nullptr;
  void* context = nullptr;
};

/// Where memory that is given out or freed goes, under the same condition. `free` stands for the
/// plain write to the block's first bytes that it counts as, too, unless `site` is null.
struct MemorySink {
  void (*allocate)(void* context, const void* start, std::size_t size) = nullptr;
  void (*free)(void* context, const void* start, std::size_t size, const void* site) = nullptr;
  void* context = nullptr;
};

/// Where the running thread's happens-before edges go, under the same condition.
struct EdgeSink {
  using Take = void (*)(void* context, ThreadId thread, const void* sync);
  Take acquire = nullptr, release = nullptr;
  void* context = nullptr;
};

/// What a monitor is to be told of in a run.
struct Wants {
  /// Kinds of events, as a set: bit k for OpKind k. Unless it is empty, misuse of any kind is among
  /// them.
  std::uint64_t events = ~std::uint64_t{0};
  /// The first step whose events are wanted.
  std::uint64_t events_from_step = 0;
  bool announcements : 1 = false, edges : 1 = false, accesses : 1 = false, memory : 1 = false;
  /// `on_access` in the fair part of a run that comes to its step limit.
  bool fair_accesses : 1 = false;

  friend bool operator==(const Wants&, const Wants&) = default;
};

class Monitor {
 public:
  virtual ~Monitor() = default;
  /// Before the first thread runs. `engine` stays valid until end_run. Returns what is wanted of
  /// the run.
  virtual Wants begin_run(Engine& /*engine*/) { return {}; }
  /// An operation has taken effect.
  virtual void on_event(const Event&) {}
  /// A thread has announced an operation (before it is known when it will take effect). Called
  /// only where announcements are wanted.
  virtual void on_announce(ThreadId, const Operation&) {}
  /// Happens-before edges. `release` adds the thread's clock to `sync`'s, `release_store` puts it
  /// in its place, `acquire` adds `sync`'s clock to the thread's. Called only where edges are
  /// wanted.
  virtual void on_acquire(ThreadId, const void* /*sync*/) {}
  virtual void on_release(ThreadId, const void* /*sync*/) {}
  virtual void on_release_store(ThreadId, const void* /*sync*/) {}
  /// What takes them in the place of `on_acquire` and `on_release`, for speed: all or nothing, as
  /// with the other sinks. Asked after begin_run, unless the monitors of the run before were the
  /// same and wanted the same.
  virtual EdgeSink edge_sink() { return {}; }
  /// A thread begins with its creator's knowledge, and a joined thread's knowledge is the joiner's.
  /// By themselves these are edges of `start_sync` and `end_sync`; who knows a shorter way
  /// overrides all four. Called only where edges are wanted.
  virtual void on_create(ThreadId creator, const Thread& created);
  virtual void on_begin(const Thread& thread);
  virtual void on_end(const Thread& thread);
  virtual void on_join(ThreadId joiner, const Thread& ended);
  /// Plain and atomic accesses of instrumented code, and fences. Called only where accesses (or, of
  /// plain ones, fair accesses) are wanted. For an atomic one, `order` is the order that applied:
  /// of a compare-exchange, that of its actual outcome.
  virtual void on_access(ThreadId, const void* /*address*/, std::size_t /*size*/, bool /*write*/,
                         const void* /*site*/) {}
  /// What takes accesses in the place of `on_access` and `on_atomic`, for speed. Asked after
  /// begin_run.
  virtual AccessSink access_sink() { return {}; }
  virtual void on_atomic(const AtomicAccess&) {}
  virtual void on_fence(ThreadId, MemoryOrder) {}
  /// Memory that a new object now owns: what was known of [start, start + size) is void. Called
  /// only where memory is wanted.
  virtual void on_allocate(ThreadId, const void* /*start*/, std::size_t /*size*/) {}
  virtual void on_free(ThreadId, const void* /*start*/, std::size_t /*size*/) {}
  /// What takes memory in the place of `on_allocate` and `on_free`, for speed. Asked after
  /// begin_run; only of who has an `access_sink`.
  virtual MemorySink memory_sink() { return {}; }
  /// After the last event of the run.
  virtual void end_run(RunEnd) {}
};

}  // namespace chicane::engine
