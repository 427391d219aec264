// SPDX-License-Identifier: Apache-2.0
#include "interpose/early_blocks.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace chicane::interpose {

EarlyBlocks g_early_blocks;

void keep_early_blocks() {
  constexpr std::size_t kBlocksInWord = 64, kBlock = 16;
  // The C library's first heap: it grows from here to the program's break.
  const struct mallinfo2 info = mallinfo2();
  const char* top = static_cast<const char*>(sbrk(0));
  if (info.arena == 0 || top == reinterpret_cast<const char*>(-1)) return;
  const std::size_t size = info.arena;
  void* bits = mmap(nullptr, size / kBlock / kBlocksInWord * sizeof(std::uint64_t) + 4096,
                    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bits == MAP_FAILED) return;
  g_early_blocks = {top - size, size, static_cast<std::uint64_t*>(bits)};
}

}  // namespace chicane::interpose
