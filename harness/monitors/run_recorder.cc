// SPDX-License-Identifier: Apache-2.0
#include "monitors/run_recorder.h"

#include <algorithm>

#include "engine/shadow_stack.h"
#include "monitors/atomicity.h"
#include "monitors/event_mask.h"
#include "monitors/monitors.h"
#include "monitors/race_prediction.h"

namespace chicane::monitors {

using engine::Event;
using engine::OpKind;
using engine::Outcome;
using engine::ThreadId;

namespace {

std::uint64_t as_number(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

CodePlace place_of(const void* site) {
  CodePlace place;
  place.pcs[0] = as_number(site);
  const engine::ShadowStack& stack = engine::g_shadow_stack;
  std::size_t depth = 1;
  for (auto frame = stack.top; frame != stack.base && depth < CodePlace::kDepth;) {
    place.pcs[depth++] = as_number((--frame)->call_site);
  }
  return place;
}

TraceEntry::What what_of(OpKind atomic) {
  return atomic == OpKind::kAtomicLoad    ? TraceEntry::kAtomicLoad
         : atomic == OpKind::kAtomicStore ? TraceEntry::kAtomicStore
                                          : TraceEntry::kAtomicRmw;
}

}  // namespace

engine::Wants RunRecorder::begin_run(engine::Engine& engine) {
  engine_ = &engine;
  trace_.entries.clear();
  trace_.truncated = false;
  unsettled_ = false;
  if (!watching_) return {.events = 0};
  if (trace_.entries.capacity() == 0) trace_.entries.reserve(kFirstEntries);
  heap_.clear();
  if (listed_only_) concerned_.begin(engine.journal().racy_sites());
  return {.events = event_mask(OpKind::kLock, OpKind::kTryLock, OpKind::kReadLock,
                               OpKind::kTryReadLock, OpKind::kUnlock, OpKind::kReadUnlock,
                               OpKind::kAtomicLoad, OpKind::kAtomicStore, OpKind::kAtomicRmw),
          .edges = true,
          .accesses = true,
          .memory = true};
}

void RunRecorder::end_run(engine::RunEnd end) {
  if (watching_) {
    settle();
    for (const auto& analysis : analyses_) analysis->judge(trace_, end, *engine_);
  }
  watching_ =
      ++runs_ < kFirstRuns || std::any_of(
                                  analyses_.begin(), analyses_.end(),
                                  [](const auto& analysis) { return analysis->wants_more(); });
}

std::vector<std::uint64_t> RunRecorder::take_new_sites() {
  std::vector<std::uint64_t> sites;
  for (const auto& analysis : analyses_) {
    for (const std::uint64_t site : analysis->take_new_sites()) sites.push_back(site);
  }
  return sites;
}

TraceEntry* RunRecorder::add(TraceEntry::What what, ThreadId thread, const void* address) {
  settle();
  if (trace_.entries.size() == kMaxEntries) {
    trace_.truncated = true;
    return nullptr;
  }
  TraceEntry& entry = trace_.entries.emplace_back();
  entry.what = what;
  entry.thread = thread;
  entry.address = as_number(address);
  entry.step = engine_->step();
  return &entry;
}

/// A write is told before it happens: what it wrote is there when the next thing is told. Where the
/// program has given the page back since, the value is 0 (engine/guarded_read.h).
void RunRecorder::settle() {
  if (!unsettled_) return;
  unsettled_ = false;
  TraceEntry& last = trace_.entries.back();
  last.value = engine::Engine::read_value(reinterpret_cast<const void*>(last.address), last.size);
  follow(&last);
}

/// Notes what a pointer points to.
void RunRecorder::follow(TraceEntry* entry) const {
  if (entry->size != sizeof(void*)) return;
  const HeapContents::Meaning meaning = heap_.of(entry->value);
  entry->contents = meaning.contents;
  entry->block = meaning.block;
}

bool RunRecorder::is_concerned(TraceEntry::What what, const void* address, std::size_t size,
                               const void* site) {
  return !listed_only_ || concerned_.access(what, as_number(address), size, as_number(site));
}

TraceEntry* RunRecorder::add_order(TraceEntry::What what, ThreadId thread, const void* sync) {
  return order_matters() ? add(what, thread, sync) : nullptr;
}

void RunRecorder::on_access(ThreadId thread, const void* address, std::size_t size, bool write,
                            const void* site) {
  settle();
  const TraceEntry::What what = write ? TraceEntry::kWrite : TraceEntry::kRead;
  const bool concerned = is_concerned(what, address, size, site);
  TraceEntry* entry = concerned ? add(what, thread, address) : nullptr;
  if (write) heap_.written(address, size);
  if (entry == nullptr) return;
  entry->size = static_cast<std::uint32_t>(size);
  entry->place = place_of(site);
  if (size > sizeof entry->value) return;
  if (write) {
    unsettled_ = true;
  } else {
    entry->value = engine::Engine::read_value(address, size);
    follow(entry);
    if (entry->contents != 0) concerned_.saw_pointer();
  }
}

void RunRecorder::on_atomic(const engine::AtomicAccess& access) {
  settle();
  const TraceEntry::What what = what_of(access.kind);
  if (access.kind != OpKind::kAtomicLoad) heap_.accessed_atomically(as_number(access.address));
  const bool concerned = is_concerned(what, access.address, access.size, access.site);
  if (!concerned && !order_matters()) return;
  TraceEntry* entry = add(what, access.thread, access.address);
  if (entry == nullptr) return;
  entry->size = access.size;
  entry->order = access.order;
  if (!concerned) return;
  entry->place = place_of(access.site);
  entry->value = engine::Engine::read_value(access.address, access.size);
  follow(entry);
}

/// Go's values in boxes are exchanged by the runtime: there is an event, and no access by the
/// program. Its value is where the box is.
void RunRecorder::add_cell_access(const Event& event) {
  if (!like_a_pointer(event.value)) return;
  const bool told = !trace_.entries.empty() && trace_.entries.back().is_atomic() &&
                    trace_.entries.back().address == as_number(event.object) &&
                    trace_.entries.back().step == engine_->step();
  const TraceEntry::What what = what_of(event.kind);
  if (told || !is_concerned(what, event.object, sizeof(void*), event.site)) return;
  TraceEntry* entry = add(what, event.thread, event.object);
  if (entry == nullptr) return;
  entry->size = sizeof(void*);
  entry->order = engine::MemoryOrder::kSeqCst;
  entry->place = place_of(event.site);
  entry->value = event.value;
  follow(entry);
}

void RunRecorder::on_fence(ThreadId thread, engine::MemoryOrder order) {
  if (TraceEntry* entry = add_order(TraceEntry::kFence, thread, nullptr)) entry->order = order;
}

void RunRecorder::on_acquire(ThreadId thread, const void* sync) {
  add_order(TraceEntry::kAcquire, thread, sync);
}
void RunRecorder::on_release(ThreadId thread, const void* sync) {
  add_order(TraceEntry::kRelease, thread, sync);
}
void RunRecorder::on_release_store(ThreadId thread, const void* sync) {
  add_order(TraceEntry::kReleaseStore, thread, sync);
}

void RunRecorder::on_event(const Event& event) {
  if (event.outcome != Outcome::kDone) return;
  TraceEntry::What what;
  switch (event.kind) {
    case OpKind::kLock:
    case OpKind::kTryLock:
      what = TraceEntry::kLock;
      break;
    case OpKind::kReadLock:
    case OpKind::kTryReadLock:
      what = TraceEntry::kReadLock;
      break;
    case OpKind::kUnlock:
      what = TraceEntry::kUnlock;
      break;
    case OpKind::kReadUnlock:
      what = TraceEntry::kReadUnlock;
      break;
    default:
      return add_cell_access(event);
  }
  const bool ends = what == TraceEntry::kUnlock || what == TraceEntry::kReadUnlock;
  if (ends && listed_only_ &&
      concerned_.forget_lock(&trace_, event.thread, as_number(event.object))) {
    return;
  }
  if (TraceEntry* entry = add(what, event.thread, event.object)) {
    entry->place.pcs[0] = as_number(event.site);
  }
}

void RunRecorder::add_new_memory(ThreadId thread, const void* start, std::size_t size) {
  if (!any_concerned()) return;
  if (TraceEntry* entry = add(TraceEntry::kForget, thread, start)) entry->value = size;
}

void RunRecorder::on_allocate(ThreadId thread, const void* start, std::size_t size) {
  add_new_memory(thread, start, size);
  heap_.allocated(start, size);
}
void RunRecorder::on_free(ThreadId thread, const void* start, std::size_t size) {
  add_new_memory(thread, start, size);
  heap_.freed(start);
}

std::unique_ptr<engine::Monitor> make_run_recorder(bool replays) {
  std::vector<std::unique_ptr<TraceAnalysis>> analyses;
  analyses.push_back(std::make_unique<AtomicityAnalysis>(replays));
  if (!replays) analyses.push_back(std::make_unique<RacePrediction>());
  return std::make_unique<RunRecorder>(std::move(analyses), replays);
}

AccessWatchers access_watchers_of(std::string_view kind) {
  return {.race = kind == "data-race" || kind == "use-after-free",
          .dead_stack = kind == "use-after-free",
          .recorder = kind == "lost-update" || kind == "atomicity-violation"};
}

}  // namespace chicane::monitors
