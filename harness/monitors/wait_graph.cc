// SPDX-License-Identifier: Apache-2.0
#include "monitors/wait_graph.h"

#include <algorithm>

namespace chicane::monitors {

using engine::OpKind;
using engine::ThreadId;

namespace {

bool is_blocked(const engine::Thread& thread, bool stuck) {
  if (thread.finished()) return false;
  // In a run that was cut short, a thread with a deadline has only not come to it yet.
  return stuck || (!thread.enabled() && thread.pending().deadline == engine::kNever);
}

}  // namespace

WaitGraph::WaitGraph(const engine::Engine& engine, const WaitHistory& history, bool stuck) {
  for (const engine::Thread* thread : engine.threads()) {
    if (!is_blocked(*thread, stuck)) continue;
    BlockedThread blocked{thread, {}};
    find_blockers(engine, history, blocked);
    blocked_.push_back(std::move(blocked));
  }
  for (std::size_t i = 0; i < blocked_.size(); ++i) {
    if (blocked_[i].cause != BlockedThread::kUnknown) continue;
    if (self_edge(blocked_[i]) != nullptr) {
      blocked_[i].cause = BlockedThread::kSelf;
      continue;
    }
    std::vector<std::size_t> circle = circle_through(i);
    if (circle.empty()) continue;
    for (const std::size_t member : circle) blocked_[member].cause = BlockedThread::kCircle;
    circles_.push_back(std::move(circle));
  }
  find_causes(engine, history);
}

void WaitGraph::find_blockers(const engine::Engine& engine, const WaitHistory& history,
                              BlockedThread& of) {
  const engine::Operation& pending = of.thread->pending();
  switch (pending.kind) {
    case OpKind::kLock:
      add_holders(engine, of, true);
      break;
    case OpKind::kReadLock:
      add_holders(engine, of, false);
      if (!of.blockers.empty()) break;
      for (const engine::Thread* other : engine.threads()) {
        if (other == of.thread || other->finished()) continue;
        if (other->pending().kind != OpKind::kLock) continue;
        if (other->pending().object != pending.object) continue;
        of.blockers.push_back({Blocker::kQueuedBefore, other, {}});
      }
      break;
    case OpKind::kThreadJoin:
      of.blockers.push_back(
          {Blocker::kNotEnded, static_cast<const engine::Thread*>(pending.object), {}});
      break;
    case OpKind::kOnce:
      if (const WaitHistory::Once* once = history.running(pending.object)) {
        of.blockers.push_back({Blocker::kHolds,
                               engine.threads()[once->runner],
                               {pending.object, once->site, once->step, false}});
      }
      break;
    default:
      break;
  }
}

void WaitGraph::add_holders(const engine::Engine& engine, BlockedThread& of, bool shared_too) {
  std::size_t exclusive = of.blockers.size() + 1;  // none yet
  for (const engine::Thread* holder : engine.threads()) {
    for (const engine::HeldLock& lock : holder->held()) {
      if (lock.object != of.thread->pending().object || (lock.shared && !shared_too)) continue;
      const Blocker blocker{Blocker::kHolds, holder, lock};
      if (lock.shared) {
        of.blockers.push_back(blocker);
      } else if (exclusive > of.blockers.size()) {
        exclusive = of.blockers.size();
        of.blockers.push_back(blocker);
      } else if (of.blockers[exclusive].thread != holder &&
                 of.blockers[exclusive].lock.step < lock.step) {
        // Two exclusive holders: Go lets another goroutine unlock, so the later one has it.
        of.blockers[exclusive] = blocker;
      }
    }
  }
}

std::size_t WaitGraph::index_of(const engine::Thread* thread) const {
  const auto found = std::find_if(blocked_.begin(), blocked_.end(),
                                  [&](const BlockedThread& b) { return b.thread == thread; });
  return static_cast<std::size_t>(found - blocked_.begin());
}

std::vector<std::size_t> WaitGraph::circle_through(std::size_t start) const {
  // Breadth first, so that the circle is a shortest one.
  constexpr std::size_t kUnseen = ~std::size_t{0};
  std::vector<std::size_t> before(blocked_.size(), kUnseen), queue{start};
  for (std::size_t next = 0; next < queue.size(); ++next) {
    for (const Blocker& blocker : blocked_[queue[next]].blockers) {
      const std::size_t to = index_of(blocker.thread);
      if (to == blocked_.size() || before[to] != kUnseen) continue;
      if (blocked_[to].cause != BlockedThread::kUnknown) continue;
      before[to] = queue[next];
      if (to != start) {
        queue.push_back(to);
        continue;
      }
      std::vector<std::size_t> circle;
      for (std::size_t at = before[start]; at != start; at = before[at]) circle.push_back(at);
      circle.push_back(start);
      std::reverse(circle.begin(), circle.end());
      return circle;
    }
  }
  return {};
}

const Blocker* WaitGraph::edge(const BlockedThread& from, const BlockedThread& to) {
  for (const Blocker& blocker : from.blockers) {
    if (blocker.thread == to.thread) return &blocker;
  }
  return nullptr;
}

/// Whether the thread waits for what a signal was to tell it. It does not when it has been through
/// a critical section since then, and waits again: what the signal told was there to be seen.
bool WaitGraph::misses(const engine::Engine& engine, const WaitHistory& history,
                       const BlockedThread& blocked) {
  const engine::Operation& pending = blocked.thread->pending();
  if (pending.kind != OpKind::kCondWake) return false;
  const WaitHistory::Signal* signal = history.lost_signal(pending.object);
  if (signal == nullptr) return false;
  const ThreadId thread = blocked.thread->id();
  const WaitHistory::Wait wait = history.last_wait(thread);
  const engine::Unlocked* before = engine.last_unlock(thread, wait.lock, wait.step);
  return before == nullptr || before->step < signal->step;
}

void WaitGraph::find_causes(const engine::Engine& engine, const WaitHistory& history) {
  for (BlockedThread& blocked : blocked_) {
    if (misses(engine, history, blocked)) blocked.cause = BlockedThread::kLostSignal;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (BlockedThread& blocked : blocked_) {
      if (blocked.cause != BlockedThread::kUnknown) continue;
      for (const Blocker& blocker : blocked.blockers) {
        const std::size_t by = index_of(blocker.thread);
        if (by == blocked_.size() || blocked_[by].cause == BlockedThread::kUnknown) continue;
        blocked.cause = BlockedThread::kConsequence;
        changed = true;
        break;
      }
    }
  }
}

}  // namespace chicane::monitors
