// SPDX-License-Identifier: Apache-2.0
#include "runner/worker_native.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>
#include <thread>

#include "runner/explorer_standstill.h"

namespace chicane::monitors {
// Present when the program is linked with ThreadSanitizer (sanitizers/tsan).
unsigned tsan_reports() __attribute__((weak));
}  // namespace chicane::monitors

namespace chicane::runner {
namespace {

using Clock = std::chrono::steady_clock;

// No status that a program or a sanitizer ends with by custom.
constexpr int kReported = 97;
// As many at once: most runs are short, and those that hang only wait.
constexpr std::size_t kAtOnce = 8;

[[noreturn]] void run_in_child(const std::function<void()>& program) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A crash is a count here, not a core file and not a message.
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) {
    signal(number, SIG_DFL);
  }
  program();
  const bool reported = monitors::tsan_reports != nullptr && monitors::tsan_reports() != 0;
  // Not _exit: threads that the program left behind must not be waited for.
  syscall(SYS_exit_group, reported ? kReported : 0);
  __builtin_unreachable();
}

/// The processor time that it had.
double seconds_of(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void count(int status, bool killed, NativeCounts* counts) {
  if (killed) {
    ++counts->hung;
  } else if (!WIFEXITED(status)) {
    ++counts->crashed;
  } else if (WEXITSTATUS(status) == kReported) {
    ++counts->reported;
  } else if (WEXITSTATUS(status) != 0) {
    ++counts->crashed;
  }
}

}  // namespace

NativeCounts run_natively(const std::function<void()>& program, unsigned runs,
                          double limit_seconds) {
  NativeCounts counts;
  std::map<pid_t, Clock::time_point> running;
  std::fflush(nullptr);
  while (counts.runs < runs || !running.empty()) {
    while (counts.runs < runs && running.size() < kAtOnce) {
      const pid_t child = fork();
      if (child == 0) run_in_child(program);
      if (child < 0) break;
      ++counts.runs;
      running.emplace(child, Clock::now());
    }
    if (running.empty()) break;  // the system gives no further process: the counts say so
    for (auto at = running.begin(); at != running.end();) {
      int status = 0;
      const bool late =
          seconds_of(at->first) > limit_seconds ||
          (std::chrono::duration<double>(Clock::now() - at->second).count() > limit_seconds &&
           only_waits(at->first));
      pid_t ended = waitpid(at->first, &status, WNOHANG);
      if (ended == 0 && late) {
        kill(at->first, SIGKILL);
        ended = waitpid(at->first, &status, 0);
        count(status, true, &counts);
      } else if (ended != 0) {
        count(status, false, &counts);
      }
      at = ended != 0 ? running.erase(at) : std::next(at);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return counts;
}

}  // namespace chicane::runner
