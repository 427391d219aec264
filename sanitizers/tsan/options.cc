// SPDX-License-Identifier: Apache-2.0
//
// ThreadSanitizer's options in a worker. Its deadlock detector is off: lock cycles are the
// `lockorder` leg's, which confirms or refutes each; TSan reports cycles that cannot happen
// (a common gate lock, an order by join, read locks only).

extern "C" const char* __tsan_default_options();
const char* __tsan_default_options() {
  return "report_signal_unsafe=0:detect_deadlocks=0:report_thread_leaks=0:exitcode=0:"
         "print_summary=0:log_path=/dev/null:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:"
         "handle_abort=0:handle_sigill=0:report_mutex_bugs=1:report_destroy_locked=0:history_size="
         "4:atexit_sleep_ms=0:"
         "suppress_equal_stacks=0:suppress_equal_addresses=0:die_after_fork=0";
}
