// SPDX-License-Identifier: Apache-2.0
#include "sanitizers/tsan/fences.h"

#include <cstddef>
#include <cstdint>

#include "engine/engine.h"

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __real___tsan_atomic_thread_fence(int order);
void __wrap___tsan_atomic_thread_fence(int order);
}

namespace chicane::tsan {
namespace {

using engine::Engine;
using engine::MemoryOrder;

constexpr unsigned kNoSync = 1;  // of __tsan_switch_to_fiber: the switch itself orders nothing
constexpr std::size_t kThreads = 1024;  // told apart; later ones share
constexpr std::size_t kSlots = 4096;

bool acquires(int order) {
  const auto number = static_cast<MemoryOrder>(order);
  return number != MemoryOrder::kRelaxed && number != MemoryOrder::kRelease;
}
bool releases(int order) { return static_cast<MemoryOrder>(order) >= MemoryOrder::kRelease; }

// Addresses that stand for clocks; ThreadSanitizer tells them apart by 8 bytes.
struct alignas(8) Clock {
  char byte = 0;
};
Clock g_at_release_fence[kThreads];   // what the thread knew at its last release fence
Clock g_for_acquire_fence[kThreads];  // what its relaxed loads have seen published
std::uint32_t g_fenced_in[kThreads];  // the run of its last release fence

void* g_couriers[kCouriers];
unsigned g_next_courier = 0;

// Which addresses have been published to in this run. When it is full, all count as published to.
struct Slot {
  std::uint32_t run;
  std::uintptr_t address;
};
Slot g_published[kSlots];
std::size_t g_published_count = 0;

Slot* find(std::uintptr_t address, std::uint32_t run) {
  std::size_t index = (address * 0x9e3779b97f4a7c15ull) >> 52;
  while (g_published[index].run == run && g_published[index].address != address) {
    index = (index + 1) % kSlots;
  }
  return &g_published[index];
}

bool full() { return g_published_count >= kSlots / 2; }

void add_published(std::uintptr_t address, std::uint32_t run) {
  if (full()) return;
  Slot* slot = find(address, run);
  if (slot->run == run) return;
  *slot = {run, address};
  ++g_published_count;
}

bool is_published(std::uintptr_t address, std::uint32_t run) {
  return full() || find(address, run)->run == run;
}

/// `to` learns what `from` knows; the running thread neither learns nor tells anything.
void carry(void* from, void* to) {
  void* self = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(g_couriers[g_next_courier++ % kCouriers], kNoSync);
  __tsan_acquire(from);
  __tsan_release(to);
  __tsan_switch_to_fiber(self, kNoSync);
}

}  // namespace

void prepare_fences() {
  for (void*& courier : g_couriers) {
    if (courier == nullptr) courier = __tsan_create_fiber(0);
  }
}

void begin_run_fences() {
  g_next_courier = 0;
  g_published_count = 0;
}

void note_atomic(const volatile void* address, int order, bool loads, bool stores) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return;
  const std::uint32_t run = engine->generation();
  const std::size_t thread = engine->self().id() % kThreads;
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  void* object = const_cast<void*>(address);
  if (loads && !acquires(order) && is_published(number, run)) {
    carry(object, &g_for_acquire_fence[thread]);
  }
  if (!stores) return;
  if (releases(order)) {
    add_published(number, run);
  } else if (g_fenced_in[thread] == run) {
    carry(&g_at_release_fence[thread], object);
    add_published(number, run);
  }
}

void note_fence(int order) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return;
  const std::size_t thread = engine->self().id() % kThreads;
  if (acquires(order)) __tsan_acquire(&g_for_acquire_fence[thread]);
  if (!releases(order)) return;
  __tsan_release(&g_at_release_fence[thread]);
  g_fenced_in[thread] = engine->generation();
}

}  // namespace chicane::tsan

void __wrap___tsan_atomic_thread_fence(int order) {
  __real___tsan_atomic_thread_fence(order);
  chicane::tsan::note_fence(order);
}
