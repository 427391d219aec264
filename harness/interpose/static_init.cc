// SPDX-License-Identifier: Apache-2.0
//
// Initialization of function-local statics. The compiler's code is
//
//     if (guard's first byte, loaded with acquire, is 0 && __cxa_guard_acquire(guard)) {
//       ...initialize...                    // __cxa_guard_abort(guard) if it throws
//       __cxa_guard_release(guard);
//     }
//
//     guard      first byte  second byte   acquire           release   abort
//     untouched  0           0             -> running; 1     -         -
//     running    0           1             waits             -> done   -> untouched
//     done       1           0             0                 -         -
//
// The layout is the Itanium ABI's and libstdc++'s. Edges: release and abort happen before the
// acquire that sees them, and before the compiler's own acquire load. A thread that comes to the
// initializer of a static while it runs that initializer itself waits for ever, as it does outside.
//
// With ThreadSanitizer's runtime, which defines these functions itself, the linker's
// `--wrap=__cxa_guard_acquire` (and so on) sends the program here.
//
// Thread safety: any thread. Outside of a run: the real functions.
#include <cxxabi.h>
#include <dlfcn.h>

#include <cstdint>

#include "engine/engine.h"

#define CHICANE_SITE() __builtin_return_address(0)

using Guard = __cxxabiv1::__guard;

extern "C" {
// What --wrap makes of the real ones; null without it.
int __real___cxa_guard_acquire(Guard* guard) __attribute__((weak));
void __real___cxa_guard_release(Guard* guard) __attribute__((weak));
void __real___cxa_guard_abort(Guard* guard) __attribute__((weak));
}

namespace {

using chicane::engine::Engine;
using chicane::engine::MemoryOrder;
using chicane::engine::Operation;
using chicane::engine::OpKind;
using chicane::engine::Outcome;

volatile std::uint8_t* bytes_of(const void* guard) {
  return static_cast<volatile std::uint8_t*>(const_cast<void*>(guard));
}
bool is_done(const void* guard) { return bytes_of(guard)[0] != 0; }
bool is_running(const void* guard) { return bytes_of(guard)[1] != 0; }

bool may_go_on(const Operation& operation) {
  return is_done(operation.object) || !is_running(operation.object);
}

template <typename Function>
Function real(Function linked, const char* name) {
  if (linked != nullptr) return linked;
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

int acquire(Guard* guard, const void* site) {
  Engine* engine = Engine::active();
  if (engine == nullptr) {
    static constinit decltype(&__real___cxa_guard_acquire) function = nullptr;
    if (function == nullptr) function = real(&__real___cxa_guard_acquire, "__cxa_guard_acquire");
    return function(guard);
  }
  engine->perform({.kind = OpKind::kOnce, .object = guard, .site = site, .ready = &may_go_on});
  const bool mine = !is_done(guard);
  if (mine) bytes_of(guard)[1] = 1;
  engine->acquire(guard);
  engine->emit(OpKind::kOnce, Outcome::kDone, guard, site, mine ? 1 : 0);
  return mine ? 1 : 0;
}

/// The initializer has ended. `done`: the object is there; else it threw, and the next may try.
void finish(Engine& engine, Guard* guard, bool done, const void* site) {
  engine.perform({.kind = OpKind::kOnceDone, .object = guard, .site = site});
  bytes_of(guard)[1] = 0;
  engine.release(guard);
  if (done) {
    bytes_of(guard)[0] = 1;
    engine.on_atomic(guard, 1, OpKind::kAtomicStore, MemoryOrder::kRelease, site);
  }
  engine.emit(OpKind::kOnceDone, done ? Outcome::kDone : Outcome::kFailed, guard, site, done);
}

void release(Guard* guard, const void* site) {
  if (Engine* engine = Engine::active()) return finish(*engine, guard, true, site);
  static constinit decltype(&__real___cxa_guard_release) function = nullptr;
  if (function == nullptr) function = real(&__real___cxa_guard_release, "__cxa_guard_release");
  function(guard);
}

void abort(Guard* guard, const void* site) {
  if (Engine* engine = Engine::active()) return finish(*engine, guard, false, site);
  static constinit decltype(&__real___cxa_guard_abort) function = nullptr;
  if (function == nullptr) function = real(&__real___cxa_guard_abort, "__cxa_guard_abort");
  function(guard);
}

}  // namespace

extern "C" {

// Weak: ThreadSanitizer's runtime has its own, see above.
__attribute__((weak)) int __cxa_guard_acquire(Guard* guard) {
  return acquire(guard, CHICANE_SITE());
}
__attribute__((weak)) void __cxa_guard_release(Guard* guard) noexcept {
  release(guard, CHICANE_SITE());
}
__attribute__((weak)) void __cxa_guard_abort(Guard* guard) noexcept {
  abort(guard, CHICANE_SITE());
}

int __wrap___cxa_guard_acquire(Guard* guard) { return acquire(guard, CHICANE_SITE()); }
void __wrap___cxa_guard_release(Guard* guard) noexcept { release(guard, CHICANE_SITE()); }
void __wrap___cxa_guard_abort(Guard* guard) noexcept { abort(guard, CHICANE_SITE()); }

}  // extern "C"
