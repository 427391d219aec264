// SPDX-License-Identifier: Apache-2.0
//
// The C library's allocator, with word to the engine: memory that is given out anew has no past
// (else an access to an object that lived there before would seem to race with its heir's), and to
// free memory is to write to it.
//
//     malloc, calloc, memalign, ...   on_allocate(block)
//     free, delete                    misuse if it was freed before: `double-free`; write to the
//                                     block (its first bytes); on_free(block)
//     realloc                         write to the old block; then as free and malloc if it moved,
//                                     else on_allocate(what was added)
//
// Only what the executable itself frees counts as a write. Libraries may order their accesses by
// reference counts that are not instrumented (std::exception_ptr in libstdc++), which would look
// like races; and the C library frees memory while it holds locks of its own, where no other
// thread must run.
//
// Thread safety: any thread, at any time: before main, in forked children, inside the engine (where
// Engine::active() is null).
// Cost: 1 ns outside of a run.
#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "engine/engine.h"
#include "engine/journal.h"
#include "engine/scope.h"
#include "interpose/early_blocks.h"
#include "interpose/signal.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CHICANE_NO_MALLOC 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHICANE_NO_MALLOC 1
#endif

#if !defined(CHICANE_NO_MALLOC)

#define CHICANE_SITE() __builtin_return_address(0)

extern "C" {
void* __libc_malloc(std::size_t size);
void __libc_free(void* block);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* __libc_valloc(std::size_t size);
void* __libc_pvalloc(std::size_t size);
extern char __executable_start;  // the linker's: the executable's first byte,
extern char etext;               // and the end of its code
}

namespace {

using chicane::engine::Engine;

/// The blocks that were freed in this run and not given out again: the last one of each slot, which
/// is enough to tell a double free before the C library would end the process for it. A slot is a
/// number in the list of what was freed, so that a process with few of them touches few pages.
struct Freed {
  const void* block;
  const void* site;
  std::uint64_t step;
  chicane::engine::ThreadId thread;
  std::uint16_t slot;
  bool taken_outside;  // given out again while the engine looked away: its monitors do not know
};
constexpr std::size_t kFreedSlots = 4096;
std::uint16_t g_slots[kFreedSlots];
Freed g_freed[kFreedSlots];
std::uint32_t g_freed_count = 0;
std::uint32_t g_freed_generation = 0;  // whose list it is

std::uint16_t slot_of(const void* block) {
  const auto address = reinterpret_cast<std::uintptr_t>(block) >> 4;
  return static_cast<std::uint16_t>((address * 0x9e3779b97f4a7c15ull) >> 52);
}

/// The entry of this block's slot; null when nothing of this slot was freed in this list's run.
Freed* find_freed(std::uint16_t slot) {
  const std::uint16_t at = g_slots[slot];
  if (at >= g_freed_count || g_freed[at].slot != slot) return nullptr;
  return &g_freed[at];
}

/// The same, made when there is none.
Freed& freed_entry(std::uint16_t slot, std::uint32_t generation) {
  if (generation != g_freed_generation) {
    g_freed_generation = generation;
    g_freed_count = 0;
  }
  if (Freed* found = find_freed(slot)) return *found;
  g_slots[slot] = static_cast<std::uint16_t>(g_freed_count);
  Freed& made = g_freed[g_freed_count++];
  made.block = nullptr;
  made.slot = slot;
  return made;
}

[[noreturn]] void report_double_free(Engine& engine, const void* block, const void* site,
                                     const Freed& before) {
  chicane::engine::Finding* finding =
      engine.report("double-free", "a block is freed a second time", block);
  if (finding != nullptr) finding->fatal = true;
  engine.add_site(finding, "free", engine.self().id(), site, true);
  engine.add_site(finding, "free", before.thread, before.site, false, before.step);
  engine.end_run(chicane::engine::RunEnd::kFatal);
}

[[gnu::always_inline]] inline void note_free(Engine& engine, void* block, const void* site) {
  const std::uint16_t slot = slot_of(block);
  Freed& freed = freed_entry(slot, engine.generation());
  if (freed.block == block) {
    if (!freed.taken_outside) report_double_free(engine, block, site, freed);
    engine.on_allocate(block, malloc_usable_size(block));
  }
  freed = {block, site, engine.step(), engine.self().id(), slot, false};
}

/// In a recorded run: where the block comes from, for reports.
[[gnu::cold, gnu::noinline]] void record_allocation(Engine& engine, const void* block,
                                                    std::size_t size, const void* site) {
  const Engine::Scope scope;
  chicane::engine::AllocationRecord* record = engine.journal().add_allocation();
  if (record == nullptr) return;
  *record = {reinterpret_cast<std::uintptr_t>(block), size, engine.step(), engine.self().id(),
             engine.stack_of(engine.self(), site)};
}

[[gnu::always_inline]] inline void* allocated(void* block, std::size_t size, const void* site) {
  Engine* engine = Engine::active();
  if (engine != nullptr) chicane::interpose::check_signal_safety(*engine, "malloc", site);
  if (block != nullptr) {
    // Also what the engine itself takes is free no more; GoogleTest's thread-local objects are made
    // so, and destroyed by the thread.
    Freed* freed = find_freed(slot_of(block));
    if (freed != nullptr && freed->block == block) {
      if (engine != nullptr) freed->block = nullptr;
      freed->taken_outside = engine == nullptr;
    }
    if (engine != nullptr) {
      chicane::interpose::note_given(block);
      engine->on_allocate(block, malloc_usable_size(block));
      if (engine->journal().recording()) [[unlikely]]
        record_allocation(*engine, block, size, site);
    }
  }
  return block;
}

/// Whether it is the executable itself that frees a block, or moves it: that is to write to it.
bool writes(const void* site) {
  const char* code = static_cast<const char*>(site);
  return code >= &__executable_start && code < &etext;
}

[[gnu::always_inline]] inline void release(void* block, const void* site) {
  Engine* engine = Engine::active();
  if (engine != nullptr && block != nullptr) {
    chicane::interpose::check_signal_safety(*engine, "free", site);
    note_free(*engine, block, site);
    engine->on_free(block, malloc_usable_size(block), writes(site) ? site : nullptr);
    if (chicane::interpose::is_early(block)) return;
  }
  __libc_free(block);
}

/// Moves a block that is to be kept, in any case.
void* resize_really(void* block, std::size_t before, std::size_t size) {
  if (!chicane::interpose::is_early(block)) return __libc_realloc(block, size);
  void* result = size != 0 ? __libc_malloc(size) : nullptr;
  if (result != nullptr) std::memcpy(result, block, std::min(before, size));
  return result;
}

void* resize(void* block, std::size_t size, const void* site) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return __libc_realloc(block, size);
  if (block == nullptr) return allocated(__libc_malloc(size), size, site);
  const std::size_t before = malloc_usable_size(block);
  // Other threads may run here.
  if (writes(site)) engine->on_access(block, std::min(before, Engine::kFreeWrites), true, site);
  const auto old = reinterpret_cast<std::uintptr_t>(block);
  void* result = resize_really(block, before, size);
  const bool freed = size == 0 && result == nullptr;
  if (result == nullptr && !freed) return nullptr;  // no memory: the old block stays
  if (freed || reinterpret_cast<std::uintptr_t>(result) != old) {
    engine->on_free(reinterpret_cast<const void*>(old), before, nullptr);
    return allocated(result, size, site);
  }
  const std::size_t after = malloc_usable_size(result);
  if (after > before) {
    engine->on_allocate(static_cast<const char*>(result) + before, after - before);
  }
  return result;
}

bool is_power_of_two(std::size_t n) { return n != 0 && (n & (n - 1)) == 0; }

}  // namespace

extern "C" {

void* malloc(std::size_t size) { return allocated(__libc_malloc(size), size, CHICANE_SITE()); }
void* calloc(std::size_t count, std::size_t size) {
  return allocated(__libc_calloc(count, size), count * size, CHICANE_SITE());
}
void free(void* block) { release(block, CHICANE_SITE()); }
void* realloc(void* block, std::size_t size) { return resize(block, size, CHICANE_SITE()); }

void* reallocarray(void* block, std::size_t count, std::size_t size) noexcept {
  std::size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return resize(block, bytes, CHICANE_SITE());
}

void* memalign(std::size_t alignment, std::size_t size) {
  return allocated(__libc_memalign(alignment, size), size, CHICANE_SITE());
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return allocated(__libc_memalign(alignment, size), size, CHICANE_SITE());
}
void* valloc(std::size_t size) { return allocated(__libc_valloc(size), size, CHICANE_SITE()); }
void* pvalloc(std::size_t size) { return allocated(__libc_pvalloc(size), size, CHICANE_SITE()); }

int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  if (!is_power_of_two(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  const int saved = errno;
  void* block = allocated(__libc_memalign(alignment, size), size, CHICANE_SITE());
  errno = saved;
  if (block == nullptr) return ENOMEM;
  *result = block;
  return 0;
}

}  // extern "C"

// `delete` by itself would reach free() from libstdc++, where its line in the program is lost.
// Weak: a program may have its own. (libstdc++ allocates all of these by malloc or aligned_alloc.)
#define CHICANE_DELETE(...)                                                        \
  __attribute__((weak)) void operator delete(void* block __VA_ARGS__) noexcept {   \
    release(block, CHICANE_SITE());                                                \
  }                                                                                \
  __attribute__((weak)) void operator delete[](void* block __VA_ARGS__) noexcept { \
    release(block, CHICANE_SITE());                                                \
  }

CHICANE_DELETE()
CHICANE_DELETE(, std::size_t)
CHICANE_DELETE(, std::align_val_t)
CHICANE_DELETE(, std::size_t, std::align_val_t)
CHICANE_DELETE(, const std::nothrow_t&)
CHICANE_DELETE(, std::align_val_t, const std::nothrow_t&)

#endif  // !CHICANE_NO_MALLOC
