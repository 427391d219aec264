// SPDX-License-Identifier: Apache-2.0
//
// Deadlocks, judged when a run stands still:
//
//   what is found                                     kind            sites
//   a thread waits for what it holds itself           self-deadlock   its holds, waits
//     ... a read lock, and it wants to write          rwlock-upgrade  its holds, waits
//   threads wait for each other in a circle           deadlock        the circle's holds, all waits
//   a thread waits for a lock that nobody has         copied-lock     use
//   a wait whose signal came before it, to nobody     lost-wakeup     waits, signals
//   main waits, and none of the above                 deadlock        all waits, holds that are
//                                                                     waited for
//
// When main has ended, threads that wait for unknown ones are the leak monitor's. A run that
// reached its step limit has a deadlock only where a circle is closed: all else may be in progress.
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

class DeadlockMonitor final : public engine::Monitor {
 public:
  Wants begin_run(Engine& engine) override {
    engine_ = &engine;
    history_.begin_run();
    return {.events = WaitHistory::kWanted};
  }
  void on_event(const engine::Event& event) override { history_.on_event(event); }
  void end_run(RunEnd end) override {
    if (end != RunEnd::kStuck && end != RunEnd::kStepLimit) return;
    stuck_ = end == RunEnd::kStuck;
    const WaitGraph graph(*engine_, history_, stuck_);
    bool explained = false;
    for (const BlockedThread& blocked : graph.blocked()) {
      if (blocked.cause != BlockedThread::kSelf) continue;
      report_self(graph, blocked);
      explained = true;
    }
    for (const auto& circle : graph.circles()) {
      report_circle(graph, circle, explained);
      explained = true;
    }
    explained = report_copies(graph) || explained;
    if (!stuck_ || explained || report_lost_signals(graph)) return;
    if (!graph.blocked().empty() && !engine_->threads()[engine::kMainThread]->finished()) {
      report_all(graph);
    }
  }

 private:
  std::string detail_of(const BlockedThread& blocked) const;
  std::string others(const WaitGraph& graph, const BlockedThread& but) const;
  void add_wait(Finding* finding, const BlockedThread& blocked);
  void add_hold(Finding* finding, const Blocker& blocker);
  void report_self(const WaitGraph& graph, const BlockedThread& blocked);
  void report_circle(const WaitGraph& graph, const std::vector<std::size_t>& circle,
                     bool only_members);
  bool report_copies(const WaitGraph& graph);
  bool report_lost_signals(const WaitGraph& graph);
  void report_all(const WaitGraph& graph);

  Engine* engine_ = nullptr;
  WaitHistory history_;
  bool stuck_ = false;
};

std::string DeadlockMonitor::detail_of(const BlockedThread& blocked) const {
  const std::string waits = waits_for(blocked.thread->pending());
  if (blocked.blockers.empty()) return waits;
  const Blocker& blocker = blocked.blockers.front();
  const std::string whom =
      blocker.thread == blocked.thread ? std::string("it") : name_of(*blocker.thread);
  switch (blocker.why) {
    case Blocker::kHolds:
      if (blocker.thread->finished()) return waits + " that " + whom + " kept when it ended";
      return waits + " that " + whom + (blocker.thread == blocked.thread ? " already" : "") +
             (blocker.lock.shared ? " holds for reading" : " holds");
    case Blocker::kQueuedBefore:
      return waits + " behind " + whom + ", which waits to write";
    case Blocker::kNotEnded:
      break;
  }
  return waits;
}

std::string DeadlockMonitor::others(const WaitGraph& graph, const BlockedThread& but) const {
  std::string text;
  for (const BlockedThread& blocked : graph.blocked()) {
    if (&blocked == &but) continue;
    text += "; " + name_of(*blocked.thread) + " " + detail_of(blocked);
  }
  return text;
}

void DeadlockMonitor::add_wait(Finding* finding, const BlockedThread& blocked) {
  const engine::Operation& pending = blocked.thread->pending();
  engine_->add_site(finding, "waits", blocked.thread->id(), pending.site, true, 0,
                    detail_of(blocked), pending.object);
}

void DeadlockMonitor::add_hold(Finding* finding, const Blocker& blocker) {
  engine_->add_site(finding, "holds", blocker.thread->id(), blocker.lock.site, false,
                    blocker.lock.step,
                    blocker.thread->finished() ? "and ended without unlocking"
                    : blocker.lock.shared      ? "for reading"
                                               : "",
                    blocker.lock.object);
}

void DeadlockMonitor::report_self(const WaitGraph& graph, const BlockedThread& blocked) {
  const Blocker& self = *WaitGraph::self_edge(blocked);
  const engine::Operation& pending = blocked.thread->pending();
  const bool once = pending.kind == engine::OpKind::kOnce;
  const std::string who = name_of(*blocked.thread);
  const std::string what = self.why == Blocker::kNotEnded ? " waits for itself to end"
                           : once                         ? " runs a once that calls itself"
                           : self.lock.shared
                               ? " holds a read lock and waits to write: it waits for itself"
                               : " waits for a lock that it already holds";
  Finding* finding = engine_->report(self.lock.shared ? "rwlock-upgrade" : "self-deadlock",
                                     who + what + others(graph, blocked), pending.object);
  if (self.why == Blocker::kHolds) add_hold(finding, self);
  add_wait(finding, blocked);
}

void DeadlockMonitor::report_circle(const WaitGraph& graph, const std::vector<std::size_t>& circle,
                                    bool only_members) {
  const auto& blocked = graph.blocked();
  const std::string message =
      count_of(circle.size(), "thread") + " wait for each other in a circle: none can go on";
  Finding* finding =
      engine_->report("deadlock", message, blocked[circle[0]].thread->pending().object);
  for (std::size_t i = 0; i < circle.size(); ++i) {
    const BlockedThread& waiter = blocked[circle[i]];
    const Blocker& by = *WaitGraph::edge(waiter, blocked[circle[(i + 1) % circle.size()]]);
    if (by.why == Blocker::kHolds) add_hold(finding, by);
    add_wait(finding, waiter);
  }
  // A reader that waits behind a writer: what keeps the writer is the reader's own read lock,
  // which is an edge of the circle and thus listed.
  if (only_members || !stuck_) return;
  for (std::size_t i = 0; i < blocked.size(); ++i) {
    if (std::find(circle.begin(), circle.end(), i) == circle.end()) add_wait(finding, blocked[i]);
  }
}

/// A lock that is locked, and no thread has locked it: its bytes are those of another one.
bool DeadlockMonitor::report_copies(const WaitGraph& graph) {
  bool any = false;
  for (const BlockedThread& blocked : graph.blocked()) {
    const engine::Operation& pending = blocked.thread->pending();
    if (!stuck_ || pending.kind != engine::OpKind::kLock || !blocked.blockers.empty()) continue;
    Finding* finding =
        engine_->report("copied-lock",
                        name_of(*blocked.thread) +
                            " waits for a lock that nobody has taken: the copy of a held one",
                        pending.object);
    engine_->add_site(finding, "use", blocked.thread->id(), pending.site, true, 0,
                      "it was copied while it was held", pending.object);
    any = true;
  }
  return any;
}

bool DeadlockMonitor::report_lost_signals(const WaitGraph& graph) {
  std::vector<const void*> reported;
  for (const BlockedThread& first : graph.blocked()) {
    if (first.cause != BlockedThread::kLostSignal) continue;
    const void* cond = first.thread->pending().object;
    if (std::find(reported.begin(), reported.end(), cond) != reported.end()) continue;
    reported.push_back(cond);
    const WaitHistory::Signal& signal = *history_.lost_signal(cond);
    Finding* finding = engine_->report(
        "lost-wakeup",
        name_of(*first.thread) + " waits for a signal that was given before, when nobody waited",
        cond);
    for (const BlockedThread& blocked : graph.blocked()) {
      if (blocked.cause != BlockedThread::kLostSignal) continue;
      if (blocked.thread->pending().object == cond) add_wait(finding, blocked);
    }
    engine_->add_site(finding, "signals", signal.thread, signal.site, false, signal.step,
                      "nobody waited then", cond);
  }
  return !reported.empty();
}

void DeadlockMonitor::report_all(const WaitGraph& graph) {
  const auto& blocked = graph.blocked();
  std::string message = name_of(*blocked[0].thread) + " " + detail_of(blocked[0]);
  message += blocked.size() == 1 ? ": nobody is left who could end that"
                                 : others(graph, blocked[0]) + ": none can go on";
  Finding* finding = engine_->report("deadlock", message, blocked[0].thread->pending().object);
  std::vector<const Blocker*> holds;
  for (const BlockedThread& waiter : blocked) {
    add_wait(finding, waiter);
    for (const Blocker& blocker : waiter.blockers) {
      if (blocker.why != Blocker::kHolds) continue;
      const bool listed = std::any_of(holds.begin(), holds.end(), [&](const Blocker* other) {
        return other->thread == blocker.thread && other->lock.object == blocker.lock.object &&
               other->lock.step == blocker.lock.step;
      });
      if (!listed) holds.push_back(&blocker);
    }
  }
  for (const Blocker* blocker : holds) add_hold(finding, *blocker);
}

}  // namespace

std::unique_ptr<engine::Monitor> make_deadlock_monitor() {
  return std::make_unique<DeadlockMonitor>();
}

}  // namespace chicane::monitors
