// SPDX-License-Identifier: Apache-2.0
//
// Front door: fork. The child has the calling thread only, as POSIX says, and is no part of the
// run: it goes on natively, to call exec or _exit. (popen, system and posix_spawn do all of that
// inside the C library.) The parent waits for it as for anything outside of the program.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "engine/engine.h"
#include "interpose/real.h"

CHICANE_REAL(pid_t, fork, ())

using chicane::engine::Engine;

namespace {

// The child must not report into its parent's journal.
void leave_the_run() {
  Engine::instance().forget_run();
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) signal(number, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
}

}  // namespace

extern "C" {

pid_t fork() noexcept {
  const bool in_run = Engine::active() != nullptr;
  const pid_t child = chicane::interpose::real_fork()();
  if (child == 0 && in_run) leave_the_run();
  return child;
}

pid_t vfork() noexcept { return fork(); }

}  // extern "C"
