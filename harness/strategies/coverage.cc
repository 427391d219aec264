// SPDX-License-Identifier: Apache-2.0
#include "strategies/coverage.h"

#include <algorithm>

#include "strategies/dependence.h"

namespace chicane::strategies {
namespace {

using engine::Event;
using engine::OpKind;
using engine::Outcome;

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93u;
  z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93u;
  return z ^ (z >> 32);
}

std::uint64_t as_number(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

std::uint64_t hash_of(const OpClass& op) {
  return mix(as_number(op.site) + (std::uint64_t{op.occurrence} << 56) +
             (static_cast<std::uint64_t>(op.kind) << 48));
}

bool is_unlock(OpKind kind) { return kind == OpKind::kUnlock || kind == OpKind::kReadUnlock; }
bool is_lock(OpKind kind) {
  return kind >= OpKind::kLock && kind <= OpKind::kTryReadLock && !is_unlock(kind);
}

}  // namespace

bool HashSet::insert(std::uint64_t hash) {
  hash += hash == 0;
  std::size_t i = hash % slots_.size();
  while (slots_[i] != 0 && slots_[i] != hash) i = (i + 1) % slots_.size();
  if (slots_[i] == hash || full()) return false;
  slots_[i] = hash;
  ++count_;
  if (2 * count_ <= slots_.size()) return true;
  engine::SharedVector<std::uint64_t> old(2 * slots_.size());
  old.swap(slots_);
  for (const std::uint64_t known : old) {
    if (known == 0) continue;
    for (i = known % slots_.size(); slots_[i] != 0;) i = (i + 1) % slots_.size();
    slots_[i] = known;
  }
  return true;
}

void HashSet::add_to(std::unordered_set<std::uint64_t>* all) const {
  for (const std::uint64_t hash : slots_) {
    if (hash != 0) all->insert(hash);
  }
}

Coverage::Coverage() : objects_(kObjects), visits_(kVisits) { classes_.reserve(kMaxClasses); }

void Coverage::begin_run() {
  ++generation_;
  threads_.clear();
  object_count_ = 0;
  new_pairs_ = 0;
  new_behaviour_ = false;
}

Coverage::Object* Coverage::object(const void* address) {
  std::size_t i = mix(as_number(address)) % kObjects;
  while (objects_[i].generation == generation_ && objects_[i].address != address) {
    i = (i + 1) % kObjects;
  }
  if (objects_[i].generation == generation_) return &objects_[i];
  if (object_count_ == kObjects / 2) return nullptr;
  ++object_count_;
  objects_[i] = Object{};
  objects_[i].address = address;
  objects_[i].generation = generation_;
  return &objects_[i];
}

std::uint64_t Coverage::visit_key(engine::ThreadId thread, const void* site) {
  return mix(as_number(site) ^ (std::uint64_t{thread} << 48));
}

// Two threads' places may share a slot: then their counts begin anew. That blurs classes, no more.
void Coverage::begin_operation(const Event& event, ThreadState* thread) {
  thread->step = event.step;
  const std::uint64_t key = visit_key(event.thread, event.site);
  Visits& visits = visits_[key % kVisits];
  if (visits.generation != generation_ || visits.key != key) visits = {key, generation_, 0};
  if (visits.count < OpClass::kManyTimes) ++visits.count;
  thread->op = {.site = event.site,
                .occurrence = static_cast<std::uint16_t>(visits.count),
                .kind = event.kind};
}

std::uint16_t Coverage::next_occurrence(engine::ThreadId thread, const void* site) const {
  const std::uint64_t key = visit_key(thread, site);
  const Visits& visits = visits_[key % kVisits];
  if (visits.generation != generation_ || visits.key != key) return 1;
  return static_cast<std::uint16_t>(std::min(visits.count + 1u, unsigned{OpClass::kManyTimes}));
}

void Coverage::on_event(const Event& event) {
  if (event.thread >= threads_.size()) threads_.resize(event.thread + 1);
  ThreadState& thread = threads_[event.thread];
  if (event.step != thread.step || event.site != thread.op.site) begin_operation(event, &thread);
  thread.op.kind = event.kind;
  thread.hash = mix(thread.hash + event.thread + (static_cast<std::uint64_t>(event.kind) << 32) +
                    (static_cast<std::uint64_t>(event.outcome) << 40));
  const bool done = event.outcome == Outcome::kDone;
  thread.op.nested = is_lock(event.kind) && thread.locks != 0;
  if (event.object != nullptr && touches_object(event.kind)) {
    note_access(event, only_reads(event.kind) || !done, &thread);
  }
  if (done && is_lock(event.kind)) ++thread.locks;
  if (done && is_unlock(event.kind) && thread.locks != 0) --thread.locks;
}

void Coverage::note_access(const Event& event, bool reads, ThreadState* thread) {
  Object* object = this->object(event.object);
  if (object == nullptr) return;
  thread->hash = mix(thread->hash ^ object->write_hash);
  const Mark here{thread->op, event.thread};
  note_pair(object->write, here);
  if (reads) {
    object->reads_hash += thread->hash;
    object->read = here;
    return;
  }
  thread->hash = mix(thread->hash + object->reads_hash);
  if (object->read.thread != engine::kNoThread) note_pair(object->read, here);
  if (object->lock.thread != event.thread && is_lock(event.kind) && object->lock.op.site != nullptr)
    note_pair(object->lock, here);
  if (is_lock(event.kind)) object->lock = here;
  object->write_hash = thread->hash;
  object->reads_hash = 0;
  object->write = here;
  object->read = {};
}

void Coverage::note_pair(const Mark& before, const Mark& after) {
  const bool own = before.thread == after.thread;
  const std::uint64_t pair =
      mix(hash_of(before.op) * 3 + hash_of(after.op) + static_cast<std::uint64_t>(own));
  if (!pairs_.insert(pair)) return;
  ++new_pairs_;
  if (own || before.thread == engine::kNoThread) return;
  const std::size_t first = note_class(before), second = note_class(after);
  if (first == kMaxClasses || second == kMaxClasses) return;
  const std::uint16_t from = classes_[second].object, to = classes_[first].object;
  for (OpClass& op : classes_) {
    if (op.object == from) op.object = to;
  }
}

// Its index; kMaxClasses when there is no room.
std::size_t Coverage::note_class(const Mark& mark) {
  const OpClass& op = mark.op;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    if (!classes_[i].same(op)) continue;
    classes_[i].nested |= op.nested;
    classes_[i].last_thread = mark.thread;
    return i;
  }
  const std::size_t index = classes_.size();
  if (index == kMaxClasses) return index;
  classes_.push_back(op);
  classes_.back().object = static_cast<std::uint16_t>(index);
  classes_.back().first_thread = classes_.back().last_thread = mark.thread;
  return index;
}

void Coverage::end_run() {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < threads_.size(); ++i) hash += mix(threads_[i].hash + i);
  new_behaviour_ = behaviours_.insert(hash);
}

}  // namespace chicane::strategies
