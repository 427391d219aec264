// SPDX-License-Identifier: Apache-2.0
//
// Atomic accesses on their way to the real ThreadSanitizer: the engine is asked first, so that each
// is an operation that other threads may run before. The linker's --wrap sends the compiler's calls
// here; `__real_` is TSan's own function, which does the access and keeps the edges.
//
// Thread safety: program thread.
#include <cstdint>

#include "engine/engine.h"
#include "sanitizers/tsan/fences.h"

extern "C" {
void __tsan_func_entry(void* call_site);
void __tsan_func_exit();
}

using chicane::engine::Engine;
using chicane::engine::OpKind;
using chicane::engine::Outcome;
using chicane::tsan::note_atomic;

namespace {

using Int8 = std::uint8_t;
using Int16 = std::uint16_t;
using Int32 = std::uint32_t;
using Int64 = std::uint64_t;
__extension__ using Int128 = unsigned __int128;

/// Announces the operation, and shows ThreadSanitizer the caller: it takes the access for one of
/// the function that is here.
class Announced {
 public:
  Announced(OpKind kind, const volatile void* address, void* site) {
    Engine* engine = Engine::active();
    if (engine != nullptr) {
      engine->perform({.kind = kind, .object = const_cast<const void*>(address), .site = site});
    }
    __tsan_func_entry(site);
  }
  ~Announced() { __tsan_func_exit(); }
  Announced(const Announced&) = delete;
  Announced& operator=(const Announced&) = delete;
};

void done(OpKind kind, const volatile void* address, const void* site, std::uint64_t value,
          bool succeeded = true) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return;
  engine->emit(kind, succeeded ? Outcome::kDone : Outcome::kFailed,
               const_cast<const void*>(address), site, value);
}

}  // namespace

#define SITE __builtin_return_address(0)

#define CHICANE_RMW(bits, name)                                                               \
  Int##bits __real___tsan_atomic##bits##_##name(volatile Int##bits*, Int##bits, int);         \
  Int##bits __wrap___tsan_atomic##bits##_##name(volatile Int##bits* address, Int##bits value, \
                                                int order) {                                  \
    const Announced announced(OpKind::kAtomicRmw, address, SITE);                             \
    const Int##bits before = __real___tsan_atomic##bits##_##name(address, value, order);      \
    note_atomic(address, order, true, true);                                                  \
    done(OpKind::kAtomicRmw, address, SITE, static_cast<std::uint64_t>(before));              \
    return before;                                                                            \
  }

#define CHICANE_CAS(bits, name)                                                                  \
  int __real___tsan_atomic##bits##_##name(volatile Int##bits*, Int##bits*, Int##bits, int, int); \
  int __wrap___tsan_atomic##bits##_##name(volatile Int##bits* address, Int##bits* expected,      \
                                          Int##bits desired, int order, int fail_order) {        \
    const Announced announced(OpKind::kAtomicCas, address, SITE);                                \
    const int changed =                                                                          \
        __real___tsan_atomic##bits##_##name(address, expected, desired, order, fail_order);      \
    note_atomic(address, changed != 0 ? order : fail_order, true, changed != 0);                 \
    done(OpKind::kAtomicCas, address, SITE, static_cast<std::uint64_t>(desired), changed != 0);  \
    return changed;                                                                              \
  }

#define CHICANE_ATOMICS(bits)                                                                 \
  Int##bits __real___tsan_atomic##bits##_load(const volatile Int##bits*, int);                \
  Int##bits __wrap___tsan_atomic##bits##_load(const volatile Int##bits* address, int order) { \
    const Announced announced(OpKind::kAtomicLoad, address, SITE);                            \
    const Int##bits value = __real___tsan_atomic##bits##_load(address, order);                \
    note_atomic(address, order, true, false);                                                 \
    done(OpKind::kAtomicLoad, address, SITE, static_cast<std::uint64_t>(value));              \
    return value;                                                                             \
  }                                                                                           \
  void __real___tsan_atomic##bits##_store(volatile Int##bits*, Int##bits, int);               \
  void __wrap___tsan_atomic##bits##_store(volatile Int##bits* address, Int##bits value,       \
                                          int order) {                                        \
    const Announced announced(OpKind::kAtomicStore, address, SITE);                           \
    __real___tsan_atomic##bits##_store(address, value, order);                                \
    note_atomic(address, order, false, true);                                                 \
    done(OpKind::kAtomicStore, address, SITE, static_cast<std::uint64_t>(value));             \
  }                                                                                           \
  CHICANE_RMW(bits, exchange)                                                                 \
  CHICANE_RMW(bits, fetch_add)                                                                \
  CHICANE_RMW(bits, fetch_sub)                                                                \
  CHICANE_RMW(bits, fetch_and)                                                                \
  CHICANE_RMW(bits, fetch_or)                                                                 \
  CHICANE_RMW(bits, fetch_xor)                                                                \
  CHICANE_RMW(bits, fetch_nand)                                                               \
  CHICANE_CAS(bits, compare_exchange_strong)                                                  \
  CHICANE_CAS(bits, compare_exchange_weak)                                                    \
  Int##bits __real___tsan_atomic##bits##_compare_exchange_val(volatile Int##bits*, Int##bits, \
                                                              Int##bits, int, int);           \
  Int##bits __wrap___tsan_atomic##bits##_compare_exchange_val(                                \
      volatile Int##bits* address, Int##bits expected, Int##bits desired, int order,          \
      int fail_order) {                                                                       \
    const Announced announced(OpKind::kAtomicCas, address, SITE);                             \
    const Int##bits before = __real___tsan_atomic##bits##_compare_exchange_val(               \
        address, expected, desired, order, fail_order);                                       \
    note_atomic(address, before == expected ? order : fail_order, true, before == expected);  \
    done(OpKind::kAtomicCas, address, SITE, static_cast<std::uint64_t>(before),               \
         before == expected);                                                                 \
    return before;                                                                            \
  }

extern "C" {
CHICANE_ATOMICS(8)
CHICANE_ATOMICS(16)
CHICANE_ATOMICS(32)
CHICANE_ATOMICS(64)
CHICANE_ATOMICS(128)
}
