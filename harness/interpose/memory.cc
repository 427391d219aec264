// SPDX-License-Identifier: Apache-2.0
//
// What `-fsanitize=thread` compiles into a program for plain memory accesses and for function entry
// and exit, answered by the engine. The names and signatures are those of clang (14 to 19) and gcc;
// most programs use a few of them.
//
// A volatile access is a plain one: volatile orders nothing between threads.
//
// Thread safety: any thread; does nothing outside of a run.
// Cost: a load and a branch outside of a run.
#include "interpose/memory.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/engine.h"
#include "engine/plain_writes.h"
#include "engine/shadow_stack.h"

#define CHICANE_SITE() __builtin_return_address(0)

namespace {

using chicane::engine::Engine;
using chicane::engine::ThreadId;

/// Accesses that the compiler was told not to check, by thread: code that it encloses in
/// `__tsan_ignore_thread_begin` and `_end`.
struct Ignored {
  static constexpr ThreadId kThreads = 4096;
  std::uint16_t depth[kThreads];
  std::uint32_t total;
} g_ignored;

[[maybe_unused]] const bool g_tells = chicane::engine::g_plain_writes.begin_telling();

// Apart, with the arguments in the places that the engine's listener has them in: what passes by
// has nothing to move, nor has what goes on.
template <bool kWrite>
[[gnu::noinline]] void take(const void* address, std::size_t size, const void* site) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return;
  if (g_ignored.total != 0) [[unlikely]] {
    const ThreadId self = engine->self().id();
    if (self < Ignored::kThreads && g_ignored.depth[self] != 0) return;
  }
  if (kWrite) chicane::engine::g_plain_writes.note(address, size);
  engine->on_access(address, size, kWrite, site);
}

inline bool passes(const volatile void* address, std::size_t size, bool write) {
  return size <= 16 && Engine::passes_by(const_cast<const void*>(address), size, write);
}

inline void touch(const volatile void* address, std::size_t size, bool write, const void* site) {
  if (passes(address, size, write)) [[likely]]
    return;
  (write ? &take<true> : &take<false>)(const_cast<const void*>(address), size, site);
}

void ignore(int by) {
  Engine* engine = Engine::active();
  if (engine == nullptr || engine->self().id() >= Ignored::kThreads) return;
  std::uint16_t& depth = g_ignored.depth[engine->self().id()];
  if (by < 0 && depth == 0) return;
  depth = static_cast<std::uint16_t>(depth + by);
  g_ignored.total += static_cast<std::uint32_t>(by);
}

}  // namespace

namespace chicane::interpose {

void touch_range(const void* address, std::size_t size, bool write, const void* site) {
  if (size != 0) touch(address, size, write, site);
}

}  // namespace chicane::interpose

using chicane::interpose::touch_range;

extern "C" {

void __tsan_init() {}

// ---- accesses of 1 to 16 bytes ----

// The site is asked for where it is needed: what passes by needs none.
#define CHICANE_ACCESS(name, size, write)        \
  void __tsan_##name(void* address) {            \
    if (passes(address, size, write)) [[likely]] \
      return;                                    \
    take<write>(address, size, CHICANE_SITE());  \
  }                                              \
  void __tsan_##name##_pc(void* address, void* site) { touch(address, size, write, site); }

// A compound access (`x += 1`) is a read, then a write.
#define CHICANE_READ_WRITE(name, size)           \
  void __tsan_##name(void* address) {            \
    touch(address, size, false, CHICANE_SITE()); \
    touch(address, size, true, CHICANE_SITE());  \
  }

#define CHICANE_ACCESSES(size)                     \
  CHICANE_ACCESS(read##size, size, false)          \
  CHICANE_ACCESS(write##size, size, true)          \
  CHICANE_ACCESS(volatile_read##size, size, false) \
  CHICANE_ACCESS(volatile_write##size, size, true) \
  CHICANE_READ_WRITE(read_write##size, size)

#define CHICANE_UNALIGNED_ACCESSES(size)                     \
  CHICANE_ACCESS(unaligned_read##size, size, false)          \
  CHICANE_ACCESS(unaligned_write##size, size, true)          \
  CHICANE_ACCESS(unaligned_volatile_read##size, size, false) \
  CHICANE_ACCESS(unaligned_volatile_write##size, size, true) \
  CHICANE_READ_WRITE(unaligned_read_write##size, size)

CHICANE_ACCESSES(1)
CHICANE_ACCESSES(2)
CHICANE_ACCESSES(4)
CHICANE_ACCESSES(8)
CHICANE_ACCESSES(16)
CHICANE_UNALIGNED_ACCESSES(2)
CHICANE_UNALIGNED_ACCESSES(4)
CHICANE_UNALIGNED_ACCESSES(8)
CHICANE_UNALIGNED_ACCESSES(16)

// ---- ranges ----

void __tsan_read_range(void* address, std::size_t size) {
  touch_range(address, size, false, CHICANE_SITE());
}
void __tsan_write_range(void* address, std::size_t size) {
  touch_range(address, size, true, CHICANE_SITE());
}
void __tsan_read_range_pc(void* address, std::size_t size, void* site) {
  touch_range(address, size, false, site);
}
void __tsan_write_range_pc(void* address, std::size_t size, void* site) {
  touch_range(address, size, true, site);
}

void* __tsan_memcpy(void* to, const void* from, std::size_t size) {
  touch_range(from, size, false, CHICANE_SITE());
  touch_range(to, size, true, CHICANE_SITE());
  return std::memcpy(to, from, size);
}

void* __tsan_memmove(void* to, const void* from, std::size_t size) {
  touch_range(from, size, false, CHICANE_SITE());
  touch_range(to, size, true, CHICANE_SITE());
  return std::memmove(to, from, size);
}

void* __tsan_memset(void* to, int value, std::size_t size) {
  touch_range(to, size, true, CHICANE_SITE());
  return std::memset(to, value, size);
}

// ---- virtual function tables ----

/// A constructor or destructor sets the object's table. Setting what is there already (a derived
/// class that has nothing of its own to destroy) changes nothing that another could notice.
void __tsan_vptr_update(void** address, void* table) {
  if (*address != table) touch(address, sizeof *address, true, CHICANE_SITE());
}
void __tsan_vptr_read(void** address) { touch(address, sizeof *address, false, CHICANE_SITE()); }

// ---- functions ----

void __tsan_func_entry(void* call_site) {
  if (Engine::active() == nullptr) return;
  // The frame pointer that this function saved is that of the function being entered.
  const void* frame = *static_cast<const void* const*>(__builtin_frame_address(0));
  chicane::engine::push_frame(call_site, frame, __builtin_return_address(0));
}

void __tsan_func_exit() {
  if (Engine::active() != nullptr) chicane::engine::pop_frame();
}

void __tsan_ignore_thread_begin() { ignore(1); }
void __tsan_ignore_thread_end() { ignore(-1); }

}  // extern "C"
