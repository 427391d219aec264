// SPDX-License-Identifier: Apache-2.0
//
// Front door: calls that wait, or that interrupt the program, in ways that have no model. Each is
// refused under the engine where it is made; outside it is the real one.
//
//     sigwait, sigwaitinfo, sigtimedwait, sigsuspend, pause   who sends the signal is out of sight
//     signalfd; pthread_kill of another thread (signal.cc)    signals belong to no virtual thread
//     alarm, setitimer, timer_create, timerfd_create          it would interrupt in real time
//     sem_open, mq_receive, msgrcv, semop, flock, lockf, ...  shared between processes
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "engine/engine.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

using chicane::engine::Engine;

namespace {

constexpr const char* kSignals = "signals are not scheduled by the engine";
constexpr const char* kUseCondition = "wait on a condition variable, or read a pipe, instead";
constexpr const char* kRealTime = "it would interrupt the run in real time";
constexpr const char* kUseSleep = "sleep in a thread of its own, in virtual time, instead";
constexpr const char* kProcesses = "other processes may take part, out of the engine's sight";
constexpr const char* kUseThreads = "use its pthread_ or std:: counterpart between threads instead";

}  // namespace

// A function `name` that is refused under the engine when `when` holds.
#define CHICANE_REFUSED(result, name, parameters, arguments, when, why, instead, exceptions) \
  CHICANE_REAL(result, name, parameters)                                                     \
  extern "C" result name parameters exceptions {                                             \
    Engine* engine = Engine::active();                                                       \
    if (engine != nullptr && (when)) {                                                       \
      chicane::interpose::refuse(*engine, #name, why, instead, CHICANE_SITE());              \
    }                                                                                        \
    return chicane::interpose::real_##name() arguments;                                      \
  }

CHICANE_REFUSED(int, sigwait, (const sigset_t* set, int* number), (set, number), true, kSignals,
                kUseCondition, )
CHICANE_REFUSED(int, sigwaitinfo, (const sigset_t* set, siginfo_t* info), (set, info), true,
                kSignals, kUseCondition, )
CHICANE_REFUSED(int, sigtimedwait, (const sigset_t* set, siginfo_t* info, const timespec* time),
                (set, info, time), true, kSignals, kUseCondition, )
CHICANE_REFUSED(int, sigsuspend, (const sigset_t* set), (set), true, kSignals, kUseCondition, )
CHICANE_REFUSED(int, pause, (), (), true, kSignals, kUseCondition, )
CHICANE_REFUSED(int, signalfd, (int fd, const sigset_t* set, int flags), (fd, set, flags), true,
                kSignals, kUseCondition, noexcept)

CHICANE_REFUSED(unsigned, alarm, (unsigned seconds), (seconds), seconds != 0, kRealTime, kUseSleep,
                noexcept)
CHICANE_REFUSED(unsigned, ualarm, (unsigned first, unsigned next), (first, next), first != 0,
                kRealTime, kUseSleep, noexcept)
CHICANE_REFUSED(int, setitimer, (__itimer_which_t which, const itimerval* value, itimerval* before),
                (which, value, before), true, kRealTime, kUseSleep, noexcept)
CHICANE_REFUSED(int, timer_create, (clockid_t clock, sigevent* event, timer_t* timer),
                (clock, event, timer), true, kRealTime, kUseSleep, noexcept)
CHICANE_REFUSED(int, timerfd_create, (int clock, int flags), (clock, flags), true, kRealTime,
                kUseSleep, noexcept)

CHICANE_REFUSED(int, semop, (int set, sembuf* operations, std::size_t count),
                (set, operations, count), true, kProcesses, kUseThreads, noexcept)
CHICANE_REFUSED(ssize_t, msgrcv, (int queue, void* message, std::size_t size, long type, int flags),
                (queue, message, size, type, flags), true, kProcesses, kUseThreads, )
CHICANE_REFUSED(int, msgsnd, (int queue, const void* message, std::size_t size, int flags),
                (queue, message, size, flags), true, kProcesses, kUseThreads, )
CHICANE_REFUSED(ssize_t, mq_receive,
                (mqd_t queue, char* message, std::size_t size, unsigned* order),
                (queue, message, size, order), true, kProcesses, kUseThreads, )
CHICANE_REFUSED(int, mq_send, (mqd_t queue, const char* message, std::size_t size, unsigned order),
                (queue, message, size, order), true, kProcesses, kUseThreads, )
CHICANE_REFUSED(int, flock, (int fd, int operation), (fd, operation),
                (operation & (LOCK_NB | LOCK_UN)) == 0, kProcesses, kUseThreads, noexcept)
CHICANE_REFUSED(int, lockf, (int fd, int command, off_t size), (fd, command, size),
                command == F_LOCK, kProcesses, kUseThreads, )

CHICANE_REAL(int, fcntl, (int, int, ...))

namespace {

/// The commands that wait for a lock of a part of a file.
bool waits_for_lock(int command, const void* argument) {
  const bool waits = command == F_SETLKW || command == F_OFD_SETLKW;
  return waits && static_cast<const struct flock*>(argument)->l_type != F_UNLCK;
}

int fcntl_at(int fd, int command, void* argument, const void* site) {
  Engine* engine = Engine::active();
  if (engine != nullptr && waits_for_lock(command, argument)) {
    chicane::interpose::refuse(*engine,
                               command == F_SETLKW ? "fcntl(F_SETLKW)" : "fcntl(F_OFD_SETLKW)",
                               kProcesses, kUseThreads, site);
  }
  return chicane::interpose::real_fcntl()(fd, command, argument);
}

}  // namespace

// The third argument is a number, a pointer or nothing, by the command: one word, handed on.
extern "C" int fcntl(int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  void* argument = va_arg(more, void*);
  va_end(more);
  return fcntl_at(fd, command, argument, CHICANE_SITE());
}

extern "C" int fcntl64(int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  void* argument = va_arg(more, void*);
  va_end(more);
  return fcntl_at(fd, command, argument, CHICANE_SITE());
}

CHICANE_REAL(sem_t*, sem_open, (const char*, int, mode_t, unsigned))

extern "C" sem_t* sem_open(const char* name, int flags, ...) noexcept {
  Engine* engine = Engine::active();
  if (engine != nullptr) {
    chicane::interpose::refuse(*engine, "sem_open",
                               "a named semaphore may be posted by other processes", "use sem_init",
                               CHICANE_SITE());
  }
  mode_t mode = 0;
  unsigned value = 0;
  if ((flags & O_CREAT) != 0) {
    va_list more;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    value = va_arg(more, unsigned);
    va_end(more);
  }
  return chicane::interpose::real_sem_open()(name, flags, mode, value);
}
