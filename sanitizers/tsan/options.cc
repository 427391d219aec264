// SPDX-License-Identifier: Apache-2.0
//
// ThreadSanitizer's options in a worker. Its deadlock detector is off: lock cycles are the
// `lockorder` leg's, which confirms or refutes each; TSan reports cycles that cannot happen
// (a common gate lock, an order by join, read locks only).
//
// Its reports are taken as data (tsan_monitor.cc): their text is made short (no symbols, frames of
// one character), for a schedule may bring ten and a scenario has a thousand schedules, and goes
// nowhere. Not by the option log_path=/dev/null: that makes files named /dev/null.<pid>.
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

extern "C" void __sanitizer_set_report_fd(void* descriptor);

namespace {

int g_nowhere = -1;

// In each process anew: ThreadSanitizer closes what it has from its parent.
void report_nowhere() {
  if (g_nowhere < 0) return;
  __sanitizer_set_report_fd(
      reinterpret_cast<void*>(static_cast<unsigned long>(static_cast<unsigned>(g_nowhere))));
}

[[gnu::constructor]] void begin_to_report_nowhere() {
  // Out of the way of the program's own descriptors, which are numbered from below.
  constexpr int kHigh = 200;
  const int low = open("/dev/null", O_WRONLY | O_CLOEXEC);
  g_nowhere = fcntl(low, F_DUPFD_CLOEXEC, kHigh);
  close(low);
  report_nowhere();
  pthread_atfork(nullptr, nullptr, &report_nowhere);
}

}  // namespace

extern "C" const char* __tsan_default_options();
const char* __tsan_default_options() {
  return "report_signal_unsafe=0:detect_deadlocks=0:report_thread_leaks=0:exitcode=0:"
         "print_summary=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:"
         "handle_abort=0:handle_sigill=0:report_mutex_bugs=1:report_destroy_locked=0:history_size="
         "4:atexit_sleep_ms=0:"
         "suppress_equal_stacks=0:suppress_equal_addresses=0:die_after_fork=0:"
         "symbolize=0:stack_trace_format=-";
}
