// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_standstill.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace chicane::runner {
namespace {

/// The kernel's letter for a thread's state; 0 when the thread is gone.
char state_of(int threads, const char* thread) {
  char text[512];
  std::snprintf(text, sizeof text, "%s/stat", thread);
  const int file = openat(threads, text, O_RDONLY | O_CLOEXEC);
  if (file < 0) return '\0';
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  text[size < 0 ? 0 : size] = '\0';
  const char* name_end = std::strrchr(text, ')');  // the name may have anything in it
  return name_end != nullptr && name_end[1] == ' ' ? name_end[2] : '\0';
}

/// R: it runs, or would if it had a processor. T, t: somebody stopped it.
bool waits(char state) { return state != 'R' && state != 'T' && state != 't'; }

}  // namespace

// Without the heap: a child that is forked afterwards is to have the same addresses as one before.
bool only_waits(pid_t process) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/task", static_cast<int>(process));
  const int threads = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (threads < 0) return true;
  alignas(dirent64) char entries[4096];
  bool all_wait = true;
  for (long size = 1; all_wait && size > 0;) {
    size = syscall(SYS_getdents64, threads, entries, sizeof entries);
    for (long at = 0; all_wait && at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      all_wait = entry->d_name[0] == '.' || waits(state_of(threads, entry->d_name));
      at += entry->d_reclen;
    }
  }
  close(threads);
  return all_wait;
}

}  // namespace chicane::runner
