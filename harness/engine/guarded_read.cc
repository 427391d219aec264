// SPDX-License-Identifier: Apache-2.0
#include "engine/guarded_read.h"

#include <csetjmp>
#include <cstring>

#include "engine/engine.h"
#include "engine/plain_writes.h"

// The compiler's own pair, where it has one: ThreadSanitizer's runtime looks into the library's.
#if defined(__x86_64__)
#define CHICANE_SET_JUMP(buffer) __builtin_setjmp(buffer)
#define CHICANE_JUMP(buffer) __builtin_longjmp(buffer, 1)
using JumpBuffer = void* [5];
#else
#define CHICANE_SET_JUMP(buffer) sigsetjmp(buffer, 0)
#define CHICANE_JUMP(buffer) siglongjmp(buffer, 1)
using JumpBuffer = sigjmp_buf;
#endif

namespace chicane::engine {
namespace {

JumpBuffer g_behind_read;
volatile bool g_reading_for_program = false;

}  // namespace

bool Engine::reading_for_program() { return g_reading_for_program; }

std::uint64_t Engine::read_value(const void* address, std::size_t size) {
  std::uint64_t value = 0;
  if (size > sizeof value || CHICANE_SET_JUMP(g_behind_read) != 0) return 0;
  g_reading_for_program = true;
  std::memcpy(&value, address, size);
  g_reading_for_program = false;
  return value;
}

void give_up_read() {
  g_reading_for_program = false;
  CHICANE_JUMP(g_behind_read);
}

/// Eight bytes at a time.
void PlainWrites::add(const void* address, std::size_t size) {
  auto at = reinterpret_cast<std::uintptr_t>(address);
  while (size != 0 && count_ < kMost) {
    const auto part = static_cast<std::uint32_t>(size < 8 ? size : 8);
    writes_[count_++] = {at, part, Engine::read_value(reinterpret_cast<const void*>(at), part)};
    at += part;
    size -= part;
  }
  if (size != 0) count_ = kMost + 1;
}

}  // namespace chicane::engine
