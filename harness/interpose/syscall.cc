// SPDX-License-Identifier: Apache-2.0
//
// Front door: syscall(). Futexes are modelled (futex.h), and with them everything that is made of
// them: std::atomic::wait, std::future, std::counting_semaphore, std::latch, std::barrier, and the
// waiters of libraries. Other calls that have a front door are sent there; those that make threads
// or wait in ways that have none are refused; the rest goes to the kernel.
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdarg>

#include "engine/raw_syscall.h"
#include "interpose/futex.h"
#include "interpose/io.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::raw_syscall;

struct Arguments {
  long at[6];
  template <typename T>
  T pointer(int i) const {
    return reinterpret_cast<T>(at[i]);
  }
  int number(int i) const { return static_cast<int>(at[i]); }
};

// What has no model; null for all others.
const char* unmodelled(long number) {
  switch (number) {
#if defined(SYS_fork)
    case SYS_fork:
    case SYS_vfork:
#endif
    case SYS_clone:
    case SYS_clone3:
      return "it makes a thread or process that the engine does not know";
    case SYS_exit:
      return "it would end the thread that all threads of the run share";
#if defined(SYS_futex_waitv)
    case SYS_futex_waitv:
#endif
    case SYS_ppoll:
    case SYS_pselect6:
    case SYS_waitid:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
    case SYS_io_getevents:
    case SYS_io_uring_enter:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_timerfd_create:
    case SYS_signalfd4:
#if defined(SYS_pause)
    case SYS_pause:
    case SYS_alarm:
#endif
      return "it waits where the engine does not see it";
    default:
      return nullptr;
  }
}

// System calls that the C library has a function for, which is a front door. False: not among them.
bool by_function(long number, const Arguments& a, long* result) {
  switch (number) {
    case SYS_read:
      *result = read(a.number(0), a.pointer<void*>(1), static_cast<std::size_t>(a.at[2]));
      return true;
    case SYS_write:
      *result = write(a.number(0), a.pointer<void*>(1), static_cast<std::size_t>(a.at[2]));
      return true;
#if defined(SYS_poll)
    case SYS_poll:
      *result = poll(a.pointer<pollfd*>(0), static_cast<nfds_t>(a.at[1]), a.number(2));
      return true;
    case SYS_select:
      *result = select(a.number(0), a.pointer<fd_set*>(1), a.pointer<fd_set*>(2),
                       a.pointer<fd_set*>(3), a.pointer<timeval*>(4));
      return true;
    case SYS_epoll_wait:
      *result = epoll_wait(a.number(0), a.pointer<epoll_event*>(1), a.number(2), a.number(3));
      return true;
    case SYS_pipe:
      *result = pipe(a.pointer<int*>(0));
      return true;
    case SYS_time:
      *result = time(a.pointer<time_t*>(0));
      return true;
#endif
    case SYS_epoll_pwait:
      *result = epoll_wait(a.number(0), a.pointer<epoll_event*>(1), a.number(2), a.number(3));
      return true;
    case SYS_wait4:
      *result = wait4(a.number(0), a.pointer<int*>(1), a.number(2), a.pointer<rusage*>(3));
      return true;
    case SYS_nanosleep:
      *result = nanosleep(a.pointer<const timespec*>(0), a.pointer<timespec*>(1));
      return true;
    case SYS_clock_nanosleep:
      *result = clock_nanosleep(a.number(0), a.number(1), a.pointer<const timespec*>(2),
                                a.pointer<timespec*>(3));
      return true;
    case SYS_clock_gettime:
      *result = clock_gettime(a.number(0), a.pointer<timespec*>(1));
      return true;
    case SYS_sched_yield:
      *result = sched_yield();
      return true;
    case SYS_gettid:
      *result = gettid();
      return true;
    default:
      return false;
  }
}

long under_engine(Engine& engine, long number, const Arguments& a, const void* site) {
  if (number == SYS_futex) {
    return in_c_manner(futex(engine, a.pointer<std::uint32_t*>(0), a.number(1),
                             static_cast<std::uint32_t>(a.at[2]), a.pointer<const timespec*>(3),
                             a.pointer<std::uint32_t*>(4), static_cast<std::uint32_t>(a.at[5]),
                             site));
  }
  if (const char* why = unmodelled(number)) {
    refuse(engine, "syscall", why, "call the C library's function instead", site);
  }
  long result = 0;
  if (by_function(number, a, &result)) return result;
  return in_c_manner(raw_syscall(number, a.at[0], a.at[1], a.at[2], a.at[3], a.at[4], a.at[5]));
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" long syscall(long number, ...) noexcept {
  // Six, whether they were given or not: what lies in the other registers is not looked at.
  interpose::Arguments a;
  va_list more;
  va_start(more, number);
  for (long& at : a.at) at = va_arg(more, long);
  va_end(more);
  if (Engine* engine = Engine::active()) {
    return interpose::under_engine(*engine, number, a, CHICANE_SITE());
  }
  return interpose::in_c_manner(
      chicane::engine::raw_syscall(number, a.at[0], a.at[1], a.at[2], a.at[3], a.at[4], a.at[5]));
}
