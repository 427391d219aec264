// SPDX-License-Identifier: Apache-2.0
//
// A program may start processes and wait for them.
// schedules: 20
// stdout: 3 4 5
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

extern char** environ;

int main() {
  int by_fork = 0, by_spawn = 0;
  std::thread other([&] {
    const pid_t child = fork();
    if (child == 0) _exit(3);
    waitpid(child, &by_fork, 0);
  });
  pid_t child = 0;
  char shell[] = "sh", option[] = "-c", command[] = "exit 4";
  char* const arguments[] = {shell, option, command, nullptr};
  if (posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, environ) != 0) return 1;
  waitpid(child, &by_spawn, 0);
  other.join();
  const int by_system = std::system("exit 5");
  std::printf("%d %d %d\n", WEXITSTATUS(by_fork), WEXITSTATUS(by_spawn), WEXITSTATUS(by_system));
  return 0;
}
