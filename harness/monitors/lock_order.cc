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

constexpr std::size_t kMaxEdges = std::size_t{1} << 17;

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

engine::Wants LockOrderMonitor::begin_run(engine::Engine& engine) {
  engine_ = &engine;
  edges_.clear();
  gates_.clear();
  syncs_.clear();
  writers_.clear();
  lives_.clear();
  known_.clear();
  rereads_.clear();
  steps_.clear();
  waits_seen_ = false;
  ++run_;
  judged_ = 0;
  lowest_ = highest_ = nullptr;
  return {.memory = true};
}

void LockOrderMonitor::on_event(const Event& event) {
  constexpr std::uint64_t kWanted = event_mask(
      OpKind::kLock, OpKind::kReadLock, OpKind::kTryLock, OpKind::kTryReadLock,
      OpKind::kMutexDestroy, OpKind::kThreadCreate, OpKind::kThreadStart, OpKind::kThreadExit,
      OpKind::kThreadJoin, OpKind::kWaitGroupAdd, OpKind::kWaitGroupWait, OpKind::kClose,
      OpKind::kSend, OpKind::kTrySend, OpKind::kRecv, OpKind::kTryRecv, OpKind::kSelect,
      OpKind::kCondWait, OpKind::kCondSignal, OpKind::kCondBroadcast);
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
      note_step(event, event.object, false, true);
      return syncs_.push_back(
          {Sync::kRelease, event.thread, thread_address(2 * std::uint64_t{event.thread} + 1)});
    case OpKind::kThreadJoin:
      note_wait(event, event.object);
      return syncs_.push_back({Sync::kAcquire, event.thread, thread_address(2 * event.value + 1)});
    case OpKind::kWaitGroupAdd:
      note_step(event, event.object, false, true);
      return syncs_.push_back({Sync::kRelease, event.thread, event.object});
    case OpKind::kWaitGroupWait:
      note_wait(event, event.object);
      return syncs_.push_back({Sync::kAcquire, event.thread, event.object});
    case OpKind::kCondWait:
      return note_wait(event, event.object);
    case OpKind::kCondSignal:
    case OpKind::kCondBroadcast:
    case OpKind::kTrySend:
      return note_step(event, event.object, false, true);
    case OpKind::kClose:
      note_step(event, event.object, false, true);
      return syncs_.push_back({Sync::kRelease, event.thread, event.object});
    case OpKind::kSend:
    case OpKind::kSelect:
    case OpKind::kRecv:
    case OpKind::kTryRecv:
      return on_message(event);
    default:
      return;
  }
}

void LockOrderMonitor::on_message(const Event& event) {
  // Either end of a channel may have to wait for the other.
  if (event.kind != OpKind::kTryRecv) note_wait(event, event.object);
  note_step(event, event.object, false, true);
  const bool receives = event.kind == OpKind::kRecv || event.kind == OpKind::kTryRecv;
  if (receives && event.value == 0) {  // of a closed channel
    syncs_.push_back({Sync::kAcquire, event.thread, event.object});
  }
}

/// Loops add nothing: one of a kind for each thread, place, set of held locks and position between
/// synchronizations is enough.
bool LockOrderMonitor::is_new(const Event& event, const void* object, std::uint64_t what) {
  Hash hash;
  hash.add(object);
  hash.add(event.site);
  hash.add(thread_address(event.thread));
  hash.add(thread_address(syncs_.size() * 8 + what));
  for (const engine::HeldLock& lock : engine_->threads()[event.thread]->held()) {
    hash.add(lock.object);
    hash.add(lock.site);
  }
  std::uint8_t& known = known_[hash.key()];
  return std::exchange(known, std::uint8_t{1}) == 0;
}

std::pair<std::uint32_t, std::uint32_t> LockOrderMonitor::gates_of(const Event& event) {
  const auto first = static_cast<std::uint32_t>(gates_.size());
  for (const engine::HeldLock& lock : engine_->threads()[event.thread]->held()) {
    if (lock.object != event.object) gates_.push_back({lock.object, lock.shared, lock.step});
  }
  return {first, static_cast<std::uint32_t>(gates_.size()) - first};
}

void LockOrderMonitor::on_lock(const Event& event, bool shared, bool try_lock) {
  const auto held = engine_->threads()[event.thread]->held();
  if (!shared) note_writer(event);
  const bool again = std::any_of(held.begin(), held.end(), [&](const engine::HeldLock& lock) {
    return lock.object == event.object && &lock != &held.back();
  });
  if (again && !shared) return;  // recursive: never waits
  if (!try_lock) note_step(event, event.object, shared, false);
  if (held.size() < 2 || !is_new(event, event.object, shared * 2u + try_lock)) return;
  const auto gates = gates_of(event);
  for (const engine::HeldLock& lock : held) {
    if (&lock == &held.back()) break;
    Edge edge = edge_of(event, lock, event.object, gates);
    edge.try_lock = try_lock;
    edge.role.wanted_shared = shared;
    if (lock.object == event.object) {
      if (lock.shared && !try_lock) rereads_.push_back(edge);
    } else if (!again) {
      add_edge(edge);
    }
  }
}

void LockOrderMonitor::note_writer(const Event& event) {
  if (writers_.size() == kMaxEdges || !is_new(event, event.object, 4)) return;
  const auto [first, count] = gates_of(event);
  writers_.push_back(
      {event.object, event.thread, static_cast<std::uint32_t>(syncs_.size()), first, count});
}

void LockOrderMonitor::note_wait(const Event& event, const void* object) {
  const auto held = engine_->threads()[event.thread]->held();
  if (held.empty() || object == nullptr || !is_new(event, object, 5)) return;
  waits_seen_ = true;
  const auto gates = gates_of(event);
  for (const engine::HeldLock& lock : held) {
    Edge edge = edge_of(event, lock, object, gates);
    edge.role.wants_lock = false;
    add_edge(edge);
  }
}

void LockOrderMonitor::note_step(const Event& event, const void* object, bool shared, bool gives) {
  if (object == nullptr || steps_.size() == kMaxEdges || !is_new(event, object, 6u + gives)) return;
  const auto [first, count] = gates_of(event);
  steps_.push_back({event.thread, object, event.site, event.step,
                    static_cast<std::uint32_t>(syncs_.size()), first, count, life_of(object),
                    shared, gives});
}

/// What is waited for under a lock leads to the locks that its giver takes before.
void LockOrderMonitor::add_given() {
  if (!waits_seen_) return;
  std::vector<std::pair<engine::ThreadId, const void*>> done;
  for (std::size_t i = steps_.size(); i-- > 0;) {
    const Step& gift = steps_[i];
    if (!gift.gives) continue;
    const std::pair key(gift.thread, gift.object);
    if (std::find(done.begin(), done.end(), key) != done.end()) continue;  // an earlier gift
    done.push_back(key);
    for (std::size_t k = 0; k < i; ++k) {
      const Step& lock = steps_[k];
      if (lock.gives || lock.thread != gift.thread) continue;
      Edge edge{};
      edge.role = {lock.thread, gift.object, gift.site, gift.step,  false,
                   lock.object, lock.site,   lock.step, lock.shared};
      edge.role.holds_lock = false;
      edge.held_life = gift.life;
      edge.wanted_life = lock.life;
      edge.first_gate = lock.first_gate;
      edge.gate_count = lock.gate_count;
      edge.sync_position = lock.sync_position;
      add_edge(edge);
    }
  }
}

std::uint32_t LockOrderMonitor::life_of(const void* lock) const {
  const std::uint32_t* life = lives_.find(lock);
  return life == nullptr ? 0 : *life;
}

LockOrderMonitor::Edge LockOrderMonitor::edge_of(
    const Event& event, const engine::HeldLock& held, const void* wanted,
    std::pair<std::uint32_t, std::uint32_t> gates) const {
  Edge edge{};
  edge.role = {event.thread, held.object, held.site,  held.step, held.shared,
               wanted,       event.site,  event.step, false};
  edge.held_life = life_of(held.object);
  edge.wanted_life = life_of(wanted);
  edge.first_gate = gates.first;
  edge.gate_count = gates.second;
  edge.sync_position = static_cast<std::uint32_t>(syncs_.size());
  return edge;
}

void LockOrderMonitor::add_edge(const Edge& edge) {
  if (edges_.size() == kMaxEdges) return;
  edges_.push_back(edge);
  for (const void* lock : {edge.role.held, edge.role.wanted}) {
    if (lowest_ == nullptr || lock < lowest_) lowest_ = lock;
    if (highest_ == nullptr || lock > highest_) highest_ = lock;
  }
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

}  // namespace chicane::monitors
