// SPDX-License-Identifier: Apache-2.0
//
// What `-fsanitize=thread` compiles into a program for atomics. In a run each access is an
// operation; its memory order goes to the monitors, its effect is always that of seq_cst: the
// engine explores interleavings, not the reorderings of weak memory. (Code that relies on an order
// it did not ask for is seen as a race of the plain data it meant to publish.)
//
// A weak compare-exchange fails without a reason only when `RunOptions::spurious_wakeups` asks for
// such things; clang compiles weak and strong ones to the same call, so it concerns gcc alone.
//
// Thread safety: any thread. Outside of a run: the access itself, seq_cst.
#include <cstdint>
#include <type_traits>

#include "engine/engine.h"

#define CHICANE_SITE() __builtin_return_address(0)

namespace {

using chicane::engine::Engine;
using chicane::engine::MemoryOrder;
using chicane::engine::OpKind;
using chicane::engine::Outcome;

using Int8 = std::uint8_t;
using Int16 = std::uint16_t;
using Int32 = std::uint32_t;
using Int64 = std::uint64_t;
__extension__ using Int128 = unsigned __int128;

// ---- the accesses themselves ----

/// By hand on x86-64: compilers detour through libatomic there, which may take a lock.
Int128 exchange_if_equal(volatile Int128* at, Int128 expected, Int128 desired) {
#if defined(__x86_64__)
  auto low = static_cast<Int64>(expected), high = static_cast<Int64>(expected >> 64);
  asm volatile("lock cmpxchg16b %0"
               : "+m"(*at), "+a"(low), "+d"(high)
               : "b"(static_cast<Int64>(desired)), "c"(static_cast<Int64>(desired >> 64))
               : "cc", "memory");
  return Int128{high} << 64 | low;
#else
  return __sync_val_compare_and_swap(at, expected, desired);
#endif
}

template <typename T>
T exchange_if_equal(volatile T* at, T expected, T desired) {
  __atomic_compare_exchange_n(at, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}

template <typename T>
T read(const volatile T* at) {
  if constexpr (sizeof(T) == 16) {
    return exchange_if_equal(const_cast<volatile T*>(at), T{0}, T{0});
  } else {
    return __atomic_load_n(at, __ATOMIC_SEQ_CST);
  }
}

/// The same under the engine: the thread is alone, so that a locked instruction is not needed.
template <typename T>
T exchange_if_equal_alone(volatile T* at, T expected, T desired) {
  const T found = *at;
  if (found == expected) *at = desired;
  return found;
}

/// Puts `compute(old)` in its place and returns what was there.
template <typename T, typename Compute>
T modify(volatile T* at, Compute compute) {
  for (T old = read(at);;) {
    const T found = exchange_if_equal(at, old, compute(old));
    if (found == old) return old;
    old = found;
  }
}

// ---- as operations ----

/// One atomic access on its way through the engine.
struct Operation {
  Operation(OpKind of_kind, const volatile void* at, const void* from)
      : engine(Engine::active()), kind(of_kind), address(const_cast<const void*>(at)), site(from) {
    if (engine != nullptr) engine->perform({.kind = kind, .object = address, .site = site});
  }

  /// It has taken effect. `access` is what it turned out to be.
  template <typename T>
  void done(OpKind access, int order, Outcome outcome, T value) const {
    if (engine == nullptr) return;
    // The low bits are the order; gcc adds hints for lock elision above.
    const auto applied = static_cast<MemoryOrder>(order & 7);
    engine->on_atomic(address, sizeof(T), access, applied, site);
    engine->emit(kind, outcome, address, site, static_cast<std::uint64_t>(value));
  }

  Engine* engine;
  OpKind kind;
  const void* address;
  const void* site;
};

template <typename T>
T load(const volatile T* at, int order, const void* site) {
  const Operation operation(OpKind::kAtomicLoad, at, site);
  const T value = operation.engine != nullptr ? *at : read(at);
  operation.done(OpKind::kAtomicLoad, order, Outcome::kDone, value);
  return value;
}

template <typename T>
void store(volatile T* at, T value, int order, const void* site) {
  const Operation operation(OpKind::kAtomicStore, at, site);
  if (operation.engine != nullptr) {
    *at = value;
  } else if constexpr (sizeof(T) == 16) {
    modify(at, [&](T) { return value; });
  } else {
    __atomic_store_n(at, value, __ATOMIC_SEQ_CST);
  }
  operation.done(OpKind::kAtomicStore, order, Outcome::kDone, value);
}

template <typename T, typename Compute>
T rmw(volatile T* at, int order, const void* site, Compute compute) {
  const Operation operation(OpKind::kAtomicRmw, at, site);
  if (operation.engine == nullptr) return modify(at, compute);
  const T old = *at;
  *at = compute(old);
  operation.done(OpKind::kAtomicRmw, order, Outcome::kDone, compute(old));
  return old;
}

/// Returns what was there: `expected` if it was exchanged, and `*exchanged` says so.
template <typename T>
T cas(volatile T* at, T expected, T desired, bool weak, int order, int fail_order, const void* site,
      bool* exchanged) {
  const Operation operation(OpKind::kAtomicCas, at, site);
  Engine* engine = operation.engine;
  const bool spurious =
      weak && engine != nullptr && engine->options().spurious_wakeups &&
      engine->choose({.kind = OpKind::kAtomicCas, .object = operation.address, .site = site}, 2) !=
          0;
  const T found = spurious            ? *at
                  : engine != nullptr ? exchange_if_equal_alone(at, expected, desired)
                                      : exchange_if_equal(at, expected, desired);
  *exchanged = !spurious && found == expected;
  if (*exchanged) {
    operation.done(OpKind::kAtomicRmw, order, Outcome::kDone, desired);
  } else {
    operation.done(OpKind::kAtomicLoad, fail_order, Outcome::kFailed, found);
  }
  return found;
}

template <typename T>
int cas_in_place(volatile T* at, T* expected, T desired, bool weak, int order, int fail_order,
                 const void* site) {
  bool exchanged;
  const T found = cas(at, *expected, desired, weak, order, fail_order, site, &exchanged);
  if (!exchanged) *expected = found;
  return exchanged ? 1 : 0;
}

}  // namespace

#define CHICANE_RMW(bits, name, expression)                                                    \
  Int##bits __tsan_atomic##bits##_##name(volatile Int##bits* at, Int##bits value, int order) { \
    return rmw(at, order, CHICANE_SITE(), [=]([[maybe_unused]] Int##bits old) {                \
      return static_cast<Int##bits>(expression);                                               \
    });                                                                                        \
  }

#define CHICANE_CAS(bits, name, weak)                                                              \
  int __tsan_atomic##bits##_compare_exchange_##name(                                               \
      volatile Int##bits* at, Int##bits* expected, Int##bits desired, int order, int fail_order) { \
    return cas_in_place(at, expected, desired, weak, order, fail_order, CHICANE_SITE());           \
  }

#define CHICANE_ATOMICS(bits)                                                                     \
  Int##bits __tsan_atomic##bits##_load(const volatile Int##bits* at, int order) {                 \
    return load(at, order, CHICANE_SITE());                                                       \
  }                                                                                               \
  void __tsan_atomic##bits##_store(volatile Int##bits* at, Int##bits value, int order) {          \
    store(at, value, order, CHICANE_SITE());                                                      \
  }                                                                                               \
  CHICANE_RMW(bits, exchange, value)                                                              \
  CHICANE_RMW(bits, fetch_add, old + value)                                                       \
  CHICANE_RMW(bits, fetch_sub, old - value)                                                       \
  CHICANE_RMW(bits, fetch_and, old& value)                                                        \
  CHICANE_RMW(bits, fetch_or, old | value)                                                        \
  CHICANE_RMW(bits, fetch_xor, old ^ value)                                                       \
  CHICANE_RMW(bits, fetch_nand, ~(old & value))                                                   \
  CHICANE_CAS(bits, strong, false)                                                                \
  CHICANE_CAS(bits, weak, true)                                                                   \
  Int##bits __tsan_atomic##bits##_compare_exchange_val(                                           \
      volatile Int##bits* at, Int##bits expected, Int##bits desired, int order, int fail_order) { \
    bool exchanged;                                                                               \
    return cas(at, expected, desired, false, order, fail_order, CHICANE_SITE(), &exchanged);      \
  }

extern "C" {

CHICANE_ATOMICS(8)
CHICANE_ATOMICS(16)
CHICANE_ATOMICS(32)
CHICANE_ATOMICS(64)
CHICANE_ATOMICS(128)

/// No operation: alone a fence changes nothing that another thread could notice, so nothing is
/// gained by running one before it.
void __tsan_atomic_thread_fence(int order) {
  Engine* engine = Engine::active();
  if (engine == nullptr) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return;
  }
  engine->on_fence(static_cast<MemoryOrder>(order & 7));
  engine->emit(OpKind::kFence, Outcome::kDone, nullptr, CHICANE_SITE());
}

/// Orders a thread with its own signal handlers only.
void __tsan_atomic_signal_fence(int) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

}  // extern "C"
