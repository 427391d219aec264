// SPDX-License-Identifier: Apache-2.0
//
// Watches whole runs for the analyses: the first kFirstRuns of a process, and later ones as long as
// an analysis wants more. Where each run has a process of its own it is the first ones of the
// exploration, and then some of them. In a run that is not watched it wants nothing, and costs
// nothing.
//
// Thread safety: engine context.
// Invariants:
//   I1. Whether a run is watched is known before it begins, and does not depend on the schedule of
//       that run.
// Cost: about 50 ns per access of a watched run, and the analyses' at its end; 10 ns where only
// listed places are of interest.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine.h"
#include "monitors/concerned.h"
#include "monitors/heap_contents.h"
#include "monitors/run_trace.h"

namespace chicane::monitors {

class RunRecorder final : public engine::Monitor {
 public:
  /// `listed_only`: the analyses look at places that are racy sites only; of everything else, what
  /// has no part in it is left out.
  RunRecorder(std::vector<std::unique_ptr<TraceAnalysis>> analyses, bool listed_only)
      : analyses_(std::move(analyses)), listed_only_(listed_only) {}

  /// This process makes one run, the `run`-th of its exploration.
  void begin_alone(std::uint64_t run) {
    constexpr std::uint64_t kSome = 8;
    watching_ = run < 4 * kFirstRuns || run % kSome == 0;
  }
  /// What the analyses want to be racy sites from the next run on.
  std::vector<std::uint64_t> take_new_sites();

  engine::Wants begin_run(engine::Engine& engine) override;
  void end_run(engine::RunEnd end) override;
  void on_event(const engine::Event& event) override;
  void on_acquire(engine::ThreadId thread, const void* sync) override;
  void on_release(engine::ThreadId thread, const void* sync) override;
  void on_release_store(engine::ThreadId thread, const void* sync) override;
  void on_access(engine::ThreadId thread, const void* address, std::size_t size, bool write,
                 const void* site) override;
  void on_atomic(const engine::AtomicAccess& access) override;
  void on_fence(engine::ThreadId thread, engine::MemoryOrder order) override;
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override;
  void on_free(engine::ThreadId thread, const void* start, std::size_t size) override;

  static constexpr std::uint64_t kFirstRuns = 48;
  static constexpr std::size_t kMaxEntries = 1 << 15;
  /// Room for so many is made at once: most processes of a witness's shortening live for one run.
  static constexpr std::size_t kFirstEntries = 1 << 12;

 private:
  TraceEntry* add(TraceEntry::What what, engine::ThreadId thread, const void* address);
  TraceEntry* add_order(TraceEntry::What what, engine::ThreadId thread, const void* sync);
  bool is_concerned(TraceEntry::What what, const void* address, std::size_t size, const void* site);
  bool any_concerned() const { return !listed_only_ || concerned_.any(); }
  bool order_matters() const { return !listed_only_ || concerned_.order(); }
  void settle();
  void follow(TraceEntry* entry) const;
  void add_new_memory(engine::ThreadId thread, const void* start, std::size_t size);
  void add_cell_access(const engine::Event& event);

  std::vector<std::unique_ptr<TraceAnalysis>> analyses_;
  engine::Engine* engine_ = nullptr;
  RunTrace trace_;
  HeapContents heap_;
  Concerned concerned_;
  const bool listed_only_;
  std::uint64_t runs_ = 0;
  bool watching_ = true;
  bool unsettled_ = false;  // the last entry is a write that has yet to happen
};

}  // namespace chicane::monitors
