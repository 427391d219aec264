// SPDX-License-Identifier: Apache-2.0
#include "engine/lack.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstdio>

#include "engine/raw_syscall.h"

namespace chicane::engine {
namespace {

constexpr int kUsage = 2;  // the exit status of the command, too
constexpr std::size_t kText = 256;

// Shared with the processes that `g_listener` starts.
char* g_text = nullptr;
long g_listener = 0;

}  // namespace

bool has_listener() { return g_text != nullptr && raw_syscall(SYS_getpid) != g_listener; }

void lack(const char* what) {
  if (has_listener()) {
    std::snprintf(g_text, kText, "%s", what);
  } else {
    std::fprintf(stderr, "chicane: error: the system refuses %s\n", what);
  }
  for (;;) raw_syscall(SYS_exit_group, kUsage);
}

bool listen_for_lacks() {
  if (g_text == nullptr) {
    void* page = mmap(nullptr, kText, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return false;
    g_text = static_cast<char*>(page);
  }
  g_text[0] = '\0';
  g_listener = raw_syscall(SYS_getpid);
  return true;
}

const char* lacked() { return g_text != nullptr && g_text[0] != '\0' ? g_text : nullptr; }

}  // namespace chicane::engine
