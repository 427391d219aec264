// SPDX-License-Identifier: Apache-2.0
//
// `data-race`: gives the engine's accesses and edges to the race detector, and makes findings of
// what it answers. A pair of code addresses is reported once in a run.
//
// `use-after-free`: an access to memory that was freed before and not given out again, in whatever
// order.
//
// Freeing memory counts as writing to it: the front door of `free` says so by an ordinary access
// (interpose/malloc.cc), so that the report names its line.
//
// A thread whose stack (and thread_local storage) an ended thread of the run had before finds it
// new.
//
// Cost: begin_run is O(1); see race_detector.h for the rest.
#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "engine/engine.h"
#include "monitors/monitors.h"
#include "monitors/race_fast_path.h"

namespace chicane::monitors {
namespace {

using engine::AtomicAccess;
using engine::Engine;
using engine::Finding;
using engine::MemoryOrder;
using engine::ThreadId;
using engine::Wants;

std::uint64_t as_number(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

const void* as_pointer(std::uint64_t address) {
  return reinterpret_cast<const void*>(static_cast<std::uintptr_t>(address));
}

const char* role(AccessKind kind) {
  switch (kind) {
    case kPlainRead:
      return "read";
    case kPlainWrite:
      return "write";
    case kAtomicRead:
      return "atomic read";
    case kAtomicWrite:
      return "atomic write";
  }
  return "";
}

/// "holding no lock". A count of 3 in an earlier access means at least 3.
struct HeldText {
  HeldText(std::uint32_t held, bool exact) {
    if (held == 0) {
      std::snprintf(text, sizeof text, "holding no lock");
    } else if (!exact && held == 3) {
      std::snprintf(text, sizeof text, "holding 3 or more locks");
    } else {
      std::snprintf(text, sizeof text, "holding %u lock%s", held, held == 1 ? "" : "s");
    }
  }
  char text[32];
};

/// The pairs of code addresses that were reported in this run.
class ReportedPairs {
 public:
  void reset() {
    ++run_;
    count_ = 0;
  }

  /// False when the pair is there already, or there is no room for more.
  bool add(std::uint64_t a, std::uint64_t b) {
    if (a > b) std::swap(a, b);
    std::size_t index = ((a * 0x9e3779b97f4a7c15ull) ^ (b * 0xc2b2ae3d27d4eb4full)) >> 55;
    for (; slots_[index].run == run_; index = (index + 1) % kSlots) {
      if (slots_[index].a == a && slots_[index].b == b) return false;
    }
    if (count_ == kSlots / 2) return false;
    ++count_;
    slots_[index] = {run_, a, b};
    return true;
  }

 private:
  static constexpr std::size_t kSlots = 512;
  struct Slot {
    std::uint64_t run, a, b;
  };
  Slot slots_[kSlots] = {};
  std::uint64_t run_ = 0;
  std::size_t count_ = 0;
};

class RaceMonitor final : public engine::Monitor, private RaceDetector::Listener {
 public:
  Wants begin_run(Engine& engine) override {
    engine_ = &engine;
    detector_.begin_run();
    reported_.reset();
    freed_count_ = 0;
    raced_granule_ = raced_pc_ = 0;
    return {.events = 0, .edges = true, .accesses = true, .memory = true};
  }

  void on_acquire(ThreadId thread, const void* sync) override { acquire(this, thread, sync); }
  void on_release(ThreadId thread, const void* sync) override { release(this, thread, sync); }
  void on_create(ThreadId creator, const engine::Thread& created) override {
    detector_.fork(creator, created.id());
    if (created.predecessor() != engine::kNoThread) [[unlikely]]
      move_in(created);
  }
  void on_begin(const engine::Thread&) override {}
  void on_end(const engine::Thread&) override {}
  void on_join(ThreadId joiner, const engine::Thread& ended) override {
    detector_.join(joiner, ended.id());
  }
  engine::EdgeSink edge_sink() override {
    return {&RaceMonitor::acquire, &RaceMonitor::release, this};
  }
  void on_release_store(ThreadId thread, const void* sync) override {
    detector_.release_store(thread, as_number(sync));
  }
  void on_access(ThreadId, const void* address, std::size_t size, bool write,
                 const void* site) override {
    (write ? &access<kPlainWrite> : &access<kPlainRead>)(address, size, site, this);
  }
  engine::AccessSink access_sink() override {
    return {&access<kPlainRead>, &access<kPlainWrite>, &atomic, this};
  }
  void on_atomic(const AtomicAccess& access) override {
    detector_.atomic(access, origin(access.site));
  }
  void on_fence(ThreadId thread, MemoryOrder order) override { detector_.fence(thread, order); }
  engine::MemorySink memory_sink() override { return {&allocate, &free, this}; }
  void on_allocate(ThreadId, const void* start, std::size_t size) override {
    allocate(this, start, size);
  }
  void on_free(ThreadId, const void* start, std::size_t size) override {
    free(this, start, size, nullptr);
  }

 private:
  struct Freed {
    std::uint64_t start;
    std::size_t size;
    ThreadId thread;
    const void* site;
    std::uint64_t step;
  };
  static constexpr std::size_t kFreed = 1024;

  // The last block that was freed around `address`, if that is not too long ago.
  const Freed* freed_around(std::uint64_t address) const {
    const std::size_t oldest = freed_count_ > kFreed ? freed_count_ - kFreed : 0;
    for (std::size_t i = freed_count_; i-- > oldest;) {
      const Freed& freed = freed_[i % kFreed];
      if (address - freed.start < freed.size) return &freed;
    }
    return nullptr;
  }

  void on_use_after_free(const Race& race) {
    // Where the free is not even ordered before this access, that has been told as a race.
    const bool told = race.granule == raced_granule_ && race.now.origin.pc == raced_pc_;
    if (told || !reported_.add(race.now.origin.pc, ~race.before.origin.pc)) return;
    const std::uint64_t address = race.granule + static_cast<unsigned>(__builtin_ctz(race.mask));
    Finding* finding =
        engine_->report("use-after-free", "memory is used after it was freed", as_pointer(address));
    if (finding == nullptr) return;
    add_site(finding, race.now, true);
    const Freed* freed = freed_around(address);
    engine_->add_site(finding, "free", freed == nullptr ? engine::kNoThread : freed->thread,
                      as_pointer(race.before.origin.pc), false, race.before.origin.step);
  }

  static void acquire(void* self, ThreadId thread, const void* sync) {
    static_cast<RaceMonitor*>(self)->detector_.acquire(thread, as_number(sync));
  }
  static void release(void* self, ThreadId thread, const void* sync) {
    static_cast<RaceMonitor*>(self)->detector_.release(thread, as_number(sync));
  }

  static void allocate(void* self, const void* start, std::size_t size) {
    static_cast<RaceMonitor*>(self)->detector_.forget(as_number(start), size);
  }
  static void free(void* self, const void* start, std::size_t size, const void* site) {
    auto& me = *static_cast<RaceMonitor*>(self);
    const std::size_t watched = std::min(size, Engine::kFreeWrites);
    // What is unmapped rather than kept by the allocator may come back as something else.
    constexpr std::size_t kMapped = 128 << 10;
    if (size >= kMapped) {
      engine::forget_seen();
      if (site != nullptr) long_access<kPlainWrite>(start, watched, site, me);
      return;
    }
    const ThreadId thread = me.engine_->self().id();
    const Freed freed{as_number(start), size, thread, me.engine_->last_site(), me.engine_->step()};
    const Origin origin = me.origin(freed.site);
    if (site == nullptr) {
      me.detector_.retire(freed.start, watched, origin);
    } else {
      me.detector_.write_and_retire(thread, freed.start, watched, origin);
    }
    me.freed_[me.freed_count_++ % kFreed] = freed;
  }

  static void atomic(const void* address, std::size_t size, const void* site, void* self,
                     engine::OpKind kind, MemoryOrder order) {
    auto& me = *static_cast<RaceMonitor*>(self);
    const ThreadId thread = me.engine_->self().id();
    const bool updates = kind != engine::OpKind::kAtomicLoad &&
                         kind != engine::OpKind::kAtomicStore && order >= MemoryOrder::kAcqRel;
    if (updates && me.detector_.quick_update(thread, as_number(address), size, me.origin(site))) {
      return;
    }
    other_atomic(address, size, site, me, kind, order);
  }
  [[gnu::noinline]] static void other_atomic(const void* address, std::size_t size,
                                             const void* site, RaceMonitor& me, engine::OpKind kind,
                                             MemoryOrder order) {
    me.on_atomic(
        {me.engine_->self().id(), address, static_cast<std::uint32_t>(size), kind, order, site});
  }
  template <AccessKind kKind>
  static void access(const void* address, std::size_t size, const void* site, void* self) {
    auto& me = *static_cast<RaceMonitor*>(self);
    RaceDetector& detector = me.detector_;
    if (!detector.has_begun(me.engine_->step(), as_number(site))) [[unlikely]]
      return first_access<kKind>(address, size, site, me);
    const RaceDetector::Place place =
        detector.place(as_number(address), size, kKind, as_number(site));
    if (place.cell == nullptr) [[unlikely]]
      return long_access<kKind>(address, size, site, me);
    if (detector.quick_access<false>(place, as_number(address), size, kKind)) return;
    second_access<kKind>(me, place.cell, place.key, place.about, as_number(address), size);
  }
  // What `access` ends in, with all of its own work done: then it needs no stack frame.
  template <AccessKind kKind>
  [[gnu::noinline]] static void first_access(const void* address, std::size_t size,
                                             const void* site, RaceMonitor& me) {
    if (me.detector_.begin_step_at_once(me.engine_->self().id(), me.origin(site))) {
      access<kKind>(address, size, site, &me);
    } else {
      long_access<kKind>(address, size, site, me);
    }
  }
  template <AccessKind kKind>
  [[gnu::noinline]] static void second_access(RaceMonitor& me, Cell* cell, std::uint64_t key,
                                              std::uint64_t about, std::uint64_t address,
                                              std::size_t size) {
    if (me.detector_.quick_access<true>({cell, key, about}, address, size, kKind)) return;
    other_access<kKind>(me, cell, key, about, address, size);
  }
  template <AccessKind kKind>
  [[gnu::noinline]] static void other_access(RaceMonitor& me, Cell* cell, std::uint64_t key,
                                             std::uint64_t about, std::uint64_t address,
                                             std::size_t size) {
    me.detector_.place_access(cell, key, about, address, size, kKind);
  }
  template <AccessKind kKind>
  [[gnu::noinline]] static void long_access(const void* address, std::size_t size, const void* site,
                                            RaceMonitor& me) {
    me.detector_.access(me.engine_->self().id(), as_number(address), size, kKind, me.origin(site));
  }

  Origin origin(const void* site) const {
    const auto held = static_cast<std::uint32_t>(engine_->self().held().size());
    return {as_number(site), engine_->step(), held};
  }

  /// The pool hands out the contexts of ended threads again within a run. That orders nothing, so
  /// what is known of the stack must go, unless the newcomer learned of its predecessor's end from
  /// its creator.
  void move_in(const engine::Thread& newcomer) {
    if (detector_.knows_end(newcomer.id(), newcomer.predecessor())) return;
    const std::uint64_t handle = engine_->pthread_handle(newcomer);
    pthread_attr_t attributes;
    if (pthread_getattr_np(static_cast<pthread_t>(handle), &attributes) != 0) return;
    void* low = nullptr;
    std::size_t size = 0;
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    detector_.forget(as_number(low), size);
  }

  void on_race(const Race& race) override {
    if (race.before.thread == RaceDetector::kFreed) return on_use_after_free(race);
    raced_granule_ = race.granule;
    raced_pc_ = race.now.origin.pc;
    if (!reported_.add(race.now.origin.pc, race.before.origin.pc)) return;
    const void* object = as_pointer(race.granule + static_cast<unsigned>(__builtin_ctz(race.mask)));
    Finding* finding = engine_->report("data-race", message(race), object);
    if (finding == nullptr) return;
    add_site(finding, race.now, true);
    add_site(finding, race.before, false);
  }

  static std::string_view message(const Race& race) {
    const bool atomic = ((race.now.kind | race.before.kind) & 2) != 0;
    return atomic ? "an atomic and a plain access to the same memory, nothing orders them"
                  : "two threads touch the same memory, nothing orders them";
  }

  void add_site(Finding* finding, const RacingAccess& access, bool live) {
    const auto held_now = static_cast<std::uint32_t>(engine_->self().held().size());
    const HeldText held(live ? held_now : access.origin.held, live);
    const void* site = live ? engine_->last_site() : as_pointer(access.origin.pc);
    engine_->add_site(finding, role(access.kind), access.thread, site, live, access.origin.step,
                      held.text);
  }

  Engine* engine_ = nullptr;
  RaceDetector detector_{*this};
  Freed freed_[kFreed] = {};  // a ring
  std::size_t freed_count_ = 0;
  std::uint64_t raced_granule_ = 0, raced_pc_ = 0;  // of the last race
  ReportedPairs reported_;
};

}  // namespace

std::unique_ptr<engine::Monitor> make_race_monitor() { return std::make_unique<RaceMonitor>(); }

}  // namespace chicane::monitors
