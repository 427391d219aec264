// SPDX-License-Identifier: Apache-2.0
#include "monitors/lock_order.h"

#include <algorithm>

#include "monitors/event_mask.h"
#include "monitors/monitors.h"
#include "monitors/wording.h"

namespace chicane::monitors {

using engine::Event;
using engine::OpKind;
using engine::Outcome;

namespace {

constexpr std::size_t kMaxEdges = 4096;
constexpr std::size_t kMaxCycles = 64;
constexpr std::size_t kMaxJudged = 1000;
constexpr std::size_t kMaxSearchSteps = 200000;

const void* thread_address(std::uint64_t id) {
  // A key for syncs that no object of the program has.
  return reinterpret_cast<const void*>(static_cast<std::uintptr_t>(id + 1));
}

/// A number for a tuple of addresses, as a key.
class Hash {
 public:
  void add(const void* value) {
    hash_ = (hash_ ^ reinterpret_cast<std::uintptr_t>(value)) * 0x9e3779b97f4a7c15u;
    hash_ ^= hash_ >> 29;
  }
  const void* key() const { return reinterpret_cast<const void*>(hash_); }

 private:
  std::uint64_t hash_ = 1;
};

}  // namespace

void LockOrderMonitor::begin_run(engine::Engine& engine) {
  engine_ = &engine;
  edges_.clear();
  gates_.clear();
  syncs_.clear();
  writers_.clear();
  lives_.clear();
  known_.clear();
  ends_.clear();
  ++run_;
  judged_ = 0;
  lowest_ = highest_ = nullptr;
  leads_on_ = false;
}

void LockOrderMonitor::on_event(const Event& event) {
  constexpr std::uint64_t kWanted =
      event_mask(OpKind::kLock, OpKind::kReadLock, OpKind::kTryLock, OpKind::kTryReadLock,
                 OpKind::kMutexDestroy, OpKind::kThreadCreate, OpKind::kThreadStart,
                 OpKind::kThreadExit, OpKind::kThreadJoin, OpKind::kWaitGroupAdd, OpKind::kClose,
                 OpKind::kWaitGroupWait, OpKind::kRecv, OpKind::kTryRecv);
  if (in_mask(event.kind, kWanted)) note(event);
}

void LockOrderMonitor::note(const Event& event) {
  // A thread's exit has the outcome held-at-exit when it leaks a lock.
  if (event.outcome != Outcome::kDone && event.kind != OpKind::kThreadExit) return;
  switch (event.kind) {
    case OpKind::kLock:
      return on_lock(event, false, false);
    case OpKind::kReadLock:
      return on_lock(event, true, false);
    case OpKind::kTryLock:
      return on_lock(event, false, true);
    case OpKind::kTryReadLock:
      return on_lock(event, true, true);
    case OpKind::kMutexDestroy:
      return end_lives(event.object, 1);
    case OpKind::kThreadCreate:
      return syncs_.push_back({Sync::kRelease, event.thread, thread_address(2 * event.value)});
    case OpKind::kThreadStart:
      return syncs_.push_back(
          {Sync::kAcquire, event.thread, thread_address(2 * std::uint64_t{event.thread})});
    case OpKind::kThreadExit:
      return syncs_.push_back(
          {Sync::kRelease, event.thread, thread_address(2 * std::uint64_t{event.thread} + 1)});
    case OpKind::kThreadJoin:
      return syncs_.push_back({Sync::kAcquire, event.thread, thread_address(2 * event.value + 1)});
    case OpKind::kWaitGroupAdd:
    case OpKind::kClose:
      return syncs_.push_back({Sync::kRelease, event.thread, event.object});
    case OpKind::kWaitGroupWait:
      return syncs_.push_back({Sync::kAcquire, event.thread, event.object});
    case OpKind::kRecv:
    case OpKind::kTryRecv:
      if (event.outcome != Outcome::kDone || event.value != 0) return;  // not of a closed channel
      return syncs_.push_back({Sync::kAcquire, event.thread, event.object});
    default:
      return;
  }
}

void LockOrderMonitor::on_lock(const Event& event, bool shared, bool try_lock) {
  const engine::Thread& thread = *engine_->threads()[event.thread];
  const auto held = thread.held();
  reads_seen_ |= shared;
  if (reads_seen_ && !shared) note_writer(event);
  if (held.size() < 2) return;
  for (const engine::HeldLock& lock : held) {
    if (lock.object == event.object && &lock != &held.back()) return;  // recursive: never waits
  }
  for (const engine::HeldLock& lock : held) {
    if (lock.object != event.object) add_edge(thread, lock, event, shared, try_lock);
  }
}

void LockOrderMonitor::note_writer(const Event& event) {
  Hash hash;
  hash.add(event.object);
  hash.add(thread_address(event.thread));
  hash.add(thread_address(syncs_.size()));
  std::uint8_t& known = known_[hash.key()];
  if (known != 0 || writers_.size() == kMaxEdges) return;
  writers_.push_back({event.object, event.thread, static_cast<std::uint32_t>(syncs_.size())});
  known = 1;
}

void LockOrderMonitor::add_edge(const engine::Thread& thread, const engine::HeldLock& held,
                                const Event& event, bool shared, bool try_lock) {
  // One edge for each thread, pair of locks, pair of sites, set of held locks and place between
  // synchronizations; loops add nothing.
  Hash hash;
  hash.add(held.object);
  hash.add(event.object);
  hash.add(held.site);
  hash.add(event.site);
  hash.add(thread_address(thread.id()));
  hash.add(thread_address(syncs_.size() * 8 + held.shared * 4u + shared * 2u + try_lock));
  for (const engine::HeldLock& lock : thread.held()) hash.add(lock.object);
  std::uint8_t& known = known_[hash.key()];
  if (known != 0 || edges_.size() == kMaxEdges) return;
  known = 1;
  const std::uint32_t* held_life = lives_.find(held.object);
  const std::uint32_t* wanted_life = lives_.find(event.object);
  Edge edge{{thread.id(), held.object, held.site, held.step, held.shared, event.object, event.site,
             event.step, shared},
            held_life == nullptr ? 0 : *held_life,
            wanted_life == nullptr ? 0 : *wanted_life,
            try_lock,
            static_cast<std::uint32_t>(gates_.size()),
            0,
            static_cast<std::uint32_t>(syncs_.size())};
  for (const engine::HeldLock& lock : thread.held()) {
    if (lock.object == event.object) continue;
    gates_.push_back({lock.object, lock.shared, lock.step});
    ++edge.gate_count;
  }
  edges_.push_back(edge);
  for (const void* lock : {held.object, event.object}) {
    if (lowest_ == nullptr || lock < lowest_) lowest_ = lock;
    if (highest_ == nullptr || lock > highest_) highest_ = lock;
  }
  leads_on_ |= (ends_[held.object] |= 1) == 3;
  leads_on_ |= (ends_[event.object] |= 2) == 3;
}

// ---- lifetimes ----

void LockOrderMonitor::on_allocate(engine::ThreadId, const void* start, std::size_t size) {
  end_lives(start, size);
}

void LockOrderMonitor::on_free(engine::ThreadId, const void* start, std::size_t size) {
  end_lives(start, size);
}

void LockOrderMonitor::end_lives(const void* start, std::size_t size) {
  const char* first = static_cast<const char*>(start);
  if (lowest_ == nullptr || highest_ < first || lowest_ >= first + size) return;
  std::vector<const void*> ended;
  for (const Edge& edge : edges_) {
    for (const void* lock : {edge.role.held, edge.role.wanted}) {
      const char* byte = static_cast<const char*>(lock);
      if (byte < first || byte >= first + size) continue;
      if (std::find(ended.begin(), ended.end(), lock) == ended.end()) ended.push_back(lock);
    }
  }
  for (const void* lock : ended) ++lives_[lock];
}

// ---- circles ----

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
    for (const Edge& next : monitor.edges_) {
      if (next.role.held != last || ++steps > kMaxSearchSteps) continue;
      if (next.role.wanted < first || passes(next.role.wanted, first)) continue;
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

void LockOrderMonitor::find_cycles() {
  Search search{*this};
  for (const Edge& edge : edges_) {
    if (edge.role.held < edge.role.wanted) search.from(edge);
  }
}

void LockOrderMonitor::end_run(engine::RunEnd) {
  if (leads_on_) find_cycles();
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
  known->refutation = refutation != nullptr ? refutation : "";
  if (!known->feasible) return;
  // Reported once in every run that shows it: the journal knows what is not new, and a replay with
  // recording wants it again.
  reported_in_[static_cast<std::size_t>(known - cycles_.begin())] = run_;
  if (report_) write_finding(*known);
}

bool LockOrderMonitor::takes_a_detour(const std::vector<const Edge*>& circle) const {
  // a -> b -> c by one thread that still holds a at the second step: a -> c is an edge as well, and
  // the shorter circle says all.
  for (std::size_t i = 0; i < circle.size(); ++i) {
    const Edge& edge = *circle[i];
    const Edge& next = *circle[(i + 1) % circle.size()];
    if (edge.role.thread != next.role.thread) continue;
    for (std::uint32_t j = 0; j < next.gate_count; ++j) {
      if (gates_[next.first_gate + j].lock == edge.role.held) return true;
    }
  }
  return false;
}

// ---- refutations ----

const char* LockOrderMonitor::refute(const std::vector<const Edge*>& circle) const {
  if (const char* reason = refute_same_thread(circle)) return reason;
  for (std::size_t i = 0; i < circle.size(); ++i) {
    const Edge& edge = *circle[i];
    const Edge& next = *circle[(i + 1) % circle.size()];
    if (edge.wanted_life != next.held_life) return "another lock's lifetime";
    if (edge.try_lock) return "try-lock";
    if (edge.role.wanted_shared && next.role.held_shared &&
        !has_other_writer(edge.role.wanted, circle)) {
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

bool LockOrderMonitor::share_gate(const Edge& one, const Edge& other) const {
  for (std::uint32_t i = 0; i < one.gate_count; ++i) {
    const Held& a = gates_[one.first_gate + i];
    for (std::uint32_t j = 0; j < other.gate_count; ++j) {
      const Held& b = gates_[other.first_gate + j];
      if (a.lock == b.lock && !(a.shared && b.shared)) return true;
    }
  }
  return false;
}

bool LockOrderMonitor::has_other_writer(const void* lock,
                                        const std::vector<const Edge*>& circle) const {
  // A writer of another thread that may come at any time: readers queue behind it.
  return std::any_of(writers_.begin(), writers_.end(), [&](const Writer& writer) {
    return writer.lock == lock && std::none_of(circle.begin(), circle.end(), [&](const Edge* e) {
             return e->role.thread == writer.thread ||
                    ordered(e->role.thread, e->sync_position, writer.thread,
                            writer.sync_position) ||
                    ordered(writer.thread, writer.sync_position, e->role.thread, e->sync_position);
           });
  });
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
