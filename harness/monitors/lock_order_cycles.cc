// SPDX-License-Identifier: Apache-2.0
//
// The circles of the lock-order graph: the search for them, and why one cannot happen.
#include <algorithm>

#include "monitors/lock_order.h"
#include "monitors/monitors.h"
#include "monitors/wording.h"

namespace chicane::monitors {

namespace {

constexpr std::size_t kMaxCycles = 64;
constexpr std::size_t kMaxJudged = 1000;
constexpr std::size_t kMaxSearchSteps = 200000;

}  // namespace

/// Depth-first search for circles; each is found once, from its lowest lock.
struct LockOrderMonitor::Search {
  LockOrderMonitor& monitor;
  std::vector<const Edge*> path{};
  std::size_t steps = 0;

  void from(const Edge& start) {
    path = {&start};
    extend();
  }
  void extend() {
    const void* first = path.front()->role.held;
    const void* last = path.back()->role.wanted;
    if (last == first) return monitor.keep(path);
    if (path.size() == kMaxLength) return;
    const auto& edges = monitor.edges_;
    const auto& order = monitor.in_circles_;
    auto at = std::lower_bound(
        order.begin(), order.end(), last,
        [&](std::uint32_t edge, const void* lock) { return edges[edge].role.held < lock; });
    for (; at != order.end() && edges[*at].role.held == last; ++at) {
      const Edge& next = edges[*at];
      if (next.role.wanted < first || ++steps > kMaxSearchSteps) continue;
      // Without the second test a thread that holds n locks has 2^n paths.
      if (passes(next.role.wanted, first) || monitor.is_detour(*path.back(), next)) continue;
      path.push_back(&next);
      extend();
      path.pop_back();
    }
  }
  bool passes(const void* lock, const void* first) const {
    return lock != first && std::any_of(path.begin(), path.end(),
                                        [&](const Edge* edge) { return edge->role.held == lock; });
  }
};

/// Keeps the edges that something leads to and that lead on.
void LockOrderMonitor::trim() {
  in_circles_.resize(edges_.size());
  for (std::uint32_t i = 0; i < edges_.size(); ++i) in_circles_[i] = i;
  for (std::size_t before = 0; before != in_circles_.size();) {
    before = in_circles_.size();
    std::vector<const void*> held, wanted;
    for (const std::uint32_t i : in_circles_) {
      held.push_back(edges_[i].role.held);
      wanted.push_back(edges_[i].role.wanted);
    }
    std::sort(held.begin(), held.end());
    std::sort(wanted.begin(), wanted.end());
    std::erase_if(in_circles_, [&](std::uint32_t i) {
      return !std::binary_search(held.begin(), held.end(), edges_[i].role.wanted) ||
             !std::binary_search(wanted.begin(), wanted.end(), edges_[i].role.held);
    });
  }
  std::sort(in_circles_.begin(), in_circles_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const void *of_a = edges_[a].role.held, *of_b = edges_[b].role.held;
    return of_a != of_b ? of_a < of_b : a < b;
  });
}

void LockOrderMonitor::find_cycles() {
  trim();
  Search search{*this};
  for (const std::uint32_t i : in_circles_) {
    if (edges_[i].role.held < edges_[i].role.wanted) search.from(edges_[i]);
  }
}

void LockOrderMonitor::end_run(engine::RunEnd) {
  add_given();
  find_cycles();
  find_recursive_reads();
}

/// A circle of one edge, closed by a writer that comes between the two reads.
void LockOrderMonitor::find_recursive_reads() {
  for (const Edge& edge : rereads_) {
    const std::vector<const Edge*> circle{&edge};
    keep(circle);
  }
}

void LockOrderMonitor::keep(const std::vector<const Edge*>& circle) {
  if (++judged_ > kMaxJudged || takes_a_detour(circle)) return;
  const auto same = [&](const LockCycle& known) {
    return std::equal(circle.begin(), circle.end(), known.roles.begin(), known.roles.end(),
                      [](const Edge* edge, const LockCycleRole& role) {
                        return edge->role.held == role.held && edge->role.wanted == role.wanted &&
                               edge->role.held_site == role.held_site &&
                               edge->role.wanted_site == role.wanted_site;
                      });
  };
  auto known = std::find_if(cycles_.begin(), cycles_.end(), same);
  const bool is_new = known == cycles_.end();
  if (is_new && cycles_.size() == kMaxCycles) return;
  if (!is_new && reported_in_[static_cast<std::size_t>(known - cycles_.begin())] == run_) return;
  const char* refutation = refute(circle);
  if (refutation != nullptr && !is_new) return;
  if (is_new) {
    known = cycles_.emplace(cycles_.end());
    reported_in_.push_back(0);
  }
  known->roles.clear();
  for (const Edge* edge : circle) known->roles.push_back(edge->role);
  known->feasible = refutation == nullptr;
  if (known->feasible && circle.size() == 1) {
    known->writer = other_writer(circle[0]->role.wanted, circle)->thread;
  }
  known->refutation = refutation != nullptr ? refutation : "";
  if (!known->feasible) return;
  // Reported once in every run that shows it: the journal knows what is not new, and a replay with
  // recording wants it again.
  reported_in_[static_cast<std::size_t>(known - cycles_.begin())] = run_;
  if (report_ && known->locks_only() && known->roles.size() > 1) write_finding(*known);
}

bool LockOrderMonitor::takes_a_detour(const std::vector<const Edge*>& circle) const {
  if (circle.size() == 1) return false;
  for (std::size_t i = 0; i < circle.size(); ++i) {
    if (is_detour(*circle[i], *circle[(i + 1) % circle.size()])) return true;
  }
  return false;
}

/// a -> b -> c by one thread that still holds a at the second step: a -> c is an edge as well, and
/// the shorter circle says all.
bool LockOrderMonitor::is_detour(const Edge& edge, const Edge& next) const {
  if (edge.role.thread != next.role.thread) return false;
  for (std::uint32_t j = 0; j < next.gate_count; ++j) {
    if (gates_[next.first_gate + j].lock == edge.role.held) return true;
  }
  return false;
}

// ---- refutations ----

const char* LockOrderMonitor::refute(const std::vector<const Edge*>& circle) const {
  if (circle.size() == 1) {
    return other_writer(circle[0]->role.wanted, circle) != nullptr ? nullptr : "read mode";
  }
  if (const char* reason = refute_same_thread(circle)) return reason;
  for (std::size_t i = 0; i < circle.size(); ++i) {
    const Edge& edge = *circle[i];
    const Edge& next = *circle[(i + 1) % circle.size()];
    if (edge.wanted_life != next.held_life) return "another lock's lifetime";
    if (edge.try_lock) return "try-lock";
    if (edge.role.wanted_shared && next.role.held_shared &&
        other_writer(edge.role.wanted, circle) == nullptr) {
      return "read mode";
    }
  }
  for (std::size_t i = 0; i < circle.size(); ++i) {
    for (std::size_t j = i + 1; j < circle.size(); ++j) {
      if (share_gate(*circle[i], *circle[j])) return "common gate lock";
      const LockCycleRole &a = circle[i]->role, &b = circle[j]->role;
      const std::uint32_t at_a = circle[i]->sync_position, at_b = circle[j]->sync_position;
      if (ordered(a.thread, at_a, b.thread, at_b) || ordered(b.thread, at_b, a.thread, at_a)) {
        return "ordered by happens-before";
      }
    }
  }
  return nullptr;
}

const char* LockOrderMonitor::refute_same_thread(const std::vector<const Edge*>& circle) const {
  bool same = false, adjacent = false, others = false;
  for (std::size_t i = 0; i < circle.size(); ++i) {
    const engine::ThreadId thread = circle[i]->role.thread;
    others |= thread != circle[0]->role.thread;
    adjacent |= thread == circle[(i + 1) % circle.size()]->role.thread;
    for (std::size_t j = i + 1; j < circle.size(); ++j) same |= thread == circle[j]->role.thread;
  }
  if (!same) return nullptr;
  // A thread that goes a -> b -> c without a at the second step: only if it still held a could the
  // circle close through another thread.
  return others && adjacent ? "hand-over-hand" : "same thread";
}

template <class One, class Other>
bool LockOrderMonitor::share_gate(const One& one, const Other& other) const {
  for (std::uint32_t i = 0; i < one.gate_count; ++i) {
    const Held& a = gates_[one.first_gate + i];
    for (std::uint32_t j = 0; j < other.gate_count; ++j) {
      const Held& b = gates_[other.first_gate + j];
      if (a.lock == b.lock && !(a.shared && b.shared)) return true;
    }
  }
  return false;
}

/// A writer of another thread that may come at any time: readers queue behind it.
const LockOrderMonitor::Writer* LockOrderMonitor::other_writer(
    const void* lock, const std::vector<const Edge*>& circle) const {
  const auto excluded = [&](const Edge* edge, const Writer& writer) {
    const engine::ThreadId thread = edge->role.thread;
    return thread == writer.thread || share_gate(*edge, writer) ||
           ordered(thread, edge->sync_position, writer.thread, writer.sync_position) ||
           ordered(writer.thread, writer.sync_position, thread, edge->sync_position);
  };
  for (const Writer& writer : writers_) {
    if (writer.lock == lock && std::none_of(circle.begin(), circle.end(), [&](const Edge* edge) {
          return excluded(edge, writer);
        })) {
      return &writer;
    }
  }
  return nullptr;
}

std::vector<std::uint32_t> LockOrderMonitor::clock_at(engine::ThreadId thread,
                                                      std::uint32_t position) const {
  // For each thread, the position of its last release that this one knows of (+ 1).
  const std::size_t count = engine_->threads().size();
  std::vector<std::vector<std::uint32_t>> clocks(count, std::vector<std::uint32_t>(count));
  std::vector<std::pair<const void*, std::vector<std::uint32_t>>> objects;
  const auto join = [](std::vector<std::uint32_t>& to, const std::vector<std::uint32_t>& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::max(to[i], from[i]);
  };
  for (std::uint32_t at = 0; at < position; ++at) {
    const Sync& sync = syncs_[at];
    auto object = std::find_if(objects.begin(), objects.end(),
                               [&](const auto& known) { return known.first == sync.object; });
    if (sync.what == Sync::kAcquire) {
      if (object != objects.end()) join(clocks[sync.thread], object->second);
      continue;
    }
    clocks[sync.thread][sync.thread] = at + 1;
    if (object == objects.end()) {
      objects.emplace_back(sync.object, clocks[sync.thread]);
    } else {
      join(object->second, clocks[sync.thread]);
    }
  }
  return clocks[thread];
}

bool LockOrderMonitor::ordered(engine::ThreadId first, std::uint32_t first_at,
                               engine::ThreadId second, std::uint32_t second_at) const {
  // Ordered when the second's thread has learnt of a release that the first's thread did later:
  // what happens at position p comes before the release at index p, which is noted as p + 1.
  return first_at < second_at && clock_at(second, second_at)[first] > first_at;
}

// ---- findings ----

void LockOrderMonitor::write_finding(const LockCycle& cycle) {
  engine::Finding* finding = engine_->report("lock-order-inversion",
                                             count_of(cycle.roles.size(), "thread") + " take " +
                                                 count_of(cycle.roles.size(), "lock") +
                                                 " in orders that can deadlock; this run did not",
                                             cycle.roles[0].held);
  for (const LockCycleRole& role : cycle.roles) {
    engine_->add_site(finding, "holds", role.thread, role.held_site, false, role.held_step,
                      role.held_shared ? "for reading" : "", role.held);
    engine_->add_site(finding, "wants", role.thread, role.wanted_site, false, role.wanted_step,
                      role.wanted_shared ? "for reading" : "", role.wanted);
  }
}

std::unique_ptr<engine::Monitor> make_lock_order_monitor() {
  return std::make_unique<LockOrderMonitor>(true);
}

}  // namespace chicane::monitors
