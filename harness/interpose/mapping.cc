// SPDX-License-Identifier: Apache-2.0
//
// Front door: mmap, mremap. Memory that the kernel hands out has no past, also where another thread
// had some there and gave it back: without word of it, what the two did with it would seem to race.
// (The kernel orders what it takes back before what it hands out; whoever counts on that is right.)
//
//     mmap      on_allocate(what is mapped), unless it cannot be touched yet
//     mremap    as realloc: on_allocate(all of it) if it moved, else on_allocate(what was added)
//
// Thread safety: any thread, at any time. Cost: 1 ns outside of a run.
#include <sys/mman.h>

#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include "engine/engine.h"
#include "interpose/real.h"

CHICANE_REAL(void*, mmap, (void*, std::size_t, int, int, int, off_t))
CHICANE_REAL(void*, mremap, (void*, std::size_t, std::size_t, int, void*))

namespace chicane::interpose {
namespace {

void begins_anew(const void* start, std::size_t size) {
  engine::Engine* engine = engine::Engine::active();
  if (engine != nullptr && size != 0) engine->on_allocate(start, size);
}

void* mapped(void* start, std::size_t size, int protection) {
  if (start != MAP_FAILED && protection != PROT_NONE) begins_anew(start, size);
  return start;
}

}  // namespace
}  // namespace chicane::interpose

extern "C" {

// NOLINTBEGIN(readability-identifier-naming): C symbols, looked up by these names
void* mmap(void* start, std::size_t size, int protection, int flags, int file,
           off_t offset) noexcept {
  return chicane::interpose::mapped(
      chicane::interpose::real_mmap()(start, size, protection, flags, file, offset), size,
      protection);
}

// As code that is compiled with large file offsets calls it.
void* mmap64(void* start, std::size_t size, int protection, int flags, int file,
             off64_t offset) noexcept {
  return mmap(start, size, protection, flags, file, offset);
}

void* mremap(void* old, std::size_t before, std::size_t after, int flags, ...) noexcept {
  void* wanted = nullptr;
  if ((flags & MREMAP_FIXED) != 0) {
    va_list rest;
    va_start(rest, flags);
    wanted = va_arg(rest, void*);
    va_end(rest);
  }
  void* const start = chicane::interpose::real_mremap()(old, before, after, flags, wanted);
  if (start == MAP_FAILED) return start;
  if (start != old) {
    chicane::interpose::begins_anew(start, after);
  } else if (after > before) {
    chicane::interpose::begins_anew(static_cast<char*>(start) + before, after - before);
  }
  return start;
}
// NOLINTEND(readability-identifier-naming)

}  // extern "C"
