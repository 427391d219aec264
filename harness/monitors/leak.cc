// SPDX-License-Identifier: Apache-2.0
//
// What a run leaves behind:
//
//   goroutine-leak  main has ended, and a thread waits for ever; one finding per place where
//                   threads wait (their whole call stack), site "blocked". Threads whose wait the
//                   deadlock monitor explains (a circle, a lost signal, ...) and those who wait for
//                   such threads are left to it.
//   lock-leak       a thread ended holding a lock that nobody has unlocked since; site "locked".
//
// Threads that still run when the program ended (orphaned-goroutine) are livelock.cc's: it knows
// what a thread was doing.
//
// Thread safety: engine context. Cost: about 1 ns per event.
#include <algorithm>
#include <string>

#include "monitors/monitors.h"
#include "monitors/wait_graph.h"
#include "monitors/wording.h"

namespace chicane::monitors {
namespace {

using engine::Engine;
using engine::Finding;
using engine::RunEnd;
using engine::Wants;

class LeakMonitor final : public engine::Monitor {
 public:
  Wants begin_run(Engine& engine) override {
    engine_ = &engine;
    history_.begin_run();
    return {.events = WaitHistory::kWanted};
  }
  void on_event(const engine::Event& event) override { history_.on_event(event); }
  void end_run(RunEnd end) override {
    // Handing a lock to another thread is legal for some locks: who unlocks later mends the leak,
    // and then the engine no longer counts it as held.
    for (const engine::Thread* thread : engine_->threads()) {
      if (!thread->finished()) continue;
      for (const engine::HeldLock& lock : thread->held()) report_lock(*thread, lock);
    }
    if (end != RunEnd::kStuck || !engine_->threads()[engine::kMainThread]->finished()) return;
    report_blocked(WaitGraph(*engine_, history_, true));
  }

 private:
  void report_lock(const engine::Thread& thread, const engine::HeldLock& lock) {
    Finding* finding =
        engine_->report("lock-leak", name_of(thread) + " ended while it held a lock", lock.object);
    engine_->add_site(finding, "locked", thread.id(), lock.site, false, lock.step, "never unlocked",
                      lock.object);
  }
  bool same_place(const engine::Thread& one, const engine::Thread& other) const {
    const engine::Stack a = engine_->stack_of(one, one.pending().site);
    const engine::Stack b = engine_->stack_of(other, other.pending().site);
    return one.pending().kind == other.pending().kind && a.depth == b.depth &&
           std::equal(a.pcs, a.pcs + a.depth, b.pcs);
  }
  void report_blocked(const WaitGraph& graph) {
    std::vector<const engine::Thread*> left;
    for (const BlockedThread& blocked : graph.blocked()) {
      if (blocked.cause == BlockedThread::kUnknown) left.push_back(blocked.thread);
    }
    std::vector<bool> told(left.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (told[i]) continue;
      std::size_t count = 1;
      for (std::size_t j = i + 1; j < left.size(); ++j) {
        if (told[j] || !same_place(*left[i], *left[j])) continue;
        told[j] = true;
        ++count;
      }
      report_place(*left[i], count);
    }
  }
  void report_place(const engine::Thread& first, std::size_t count) {
    const engine::Operation& pending = first.pending();
    std::string message = name_of(first) + " " + waits_for(pending);
    if (count > 1) message += " (and " + count_of(count - 1, "more thread") + " at the same place)";
    Finding* finding = engine_->report("goroutine-leak", message + ": main has ended, so for ever",
                                       pending.object);
    std::string detail = waits_for(pending);
    if (first.parent() != engine::kNoThread) {
      detail += "; created by " + name_of(*engine_->threads()[first.parent()]);
    }
    engine_->add_site(finding, "blocked", first.id(), pending.site, true, 0, detail,
                      pending.object);
  }

  Engine* engine_ = nullptr;
  WaitHistory history_;
};

}  // namespace

std::unique_ptr<engine::Monitor> make_leak_monitor() { return std::make_unique<LeakMonitor>(); }

}  // namespace chicane::monitors
