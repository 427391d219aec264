// SPDX-License-Identifier: Apache-2.0
//
// Front door: waits for one of many descriptors, and for processes. See io.h. Time-outs are in
// virtual time.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

#include "engine/raw_syscall.h"
#include "interpose/clock.h"
#include "interpose/io.h"
#include "interpose/real.h"

CHICANE_REAL(int, poll, (pollfd*, nfds_t, int))
CHICANE_REAL(int, ppoll, (pollfd*, nfds_t, const timespec*, const sigset_t*))
CHICANE_REAL(int, select, (int, fd_set*, fd_set*, fd_set*, timeval*))
CHICANE_REAL(int, pselect, (int, fd_set*, fd_set*, fd_set*, const timespec*, const sigset_t*))
CHICANE_REAL(int, epoll_wait, (int, epoll_event*, int, int))
CHICANE_REAL(int, epoll_pwait, (int, epoll_event*, int, int, const sigset_t*))
CHICANE_REAL(pid_t, wait, (int*))
CHICANE_REAL(pid_t, waitpid, (pid_t, int*, int))
CHICANE_REAL(pid_t, wait4, (pid_t, int*, int, rusage*))
CHICANE_REAL(int, waitid, (idtype_t, id_t, siginfo_t*, int))

namespace chicane::interpose {
namespace {

using engine::argument;
using engine::Engine;
using engine::kNever;
using engine::raw_syscall;
using engine::Time;

Time after(const Engine& engine, Time duration) {
  return duration > kNever - engine.now() ? kNever - 1 : engine.now() + duration;
}
Time after_milliseconds(const Engine& engine, int milliseconds) {
  return milliseconds < 0 ? kNever : after(engine, Time{milliseconds} * 1'000'000);
}
Time after_timeout(const Engine& engine, const timespec* timeout) {
  return timeout == nullptr ? kNever : after(engine, nanoseconds(*timeout));
}

// ---- poll ----

struct Poll : IoWait {
  pollfd* fds;
  nfds_t count;
};

bool is_poll_ready(const IoWait& wait) {
  const auto& poll = static_cast<const Poll&>(wait);
  return poll_now(poll.fds, poll.count) != 0;
}

int poll_until(Engine& engine, const char* name, pollfd* fds, nfds_t count, Time deadline,
               const void* site) {
  const bool outside = std::any_of(fds, fds + count, [&](const pollfd& one) {
    return one.fd >= 0 && !made_in_run(engine, one.fd);
  });
  const Poll poll{{name, &is_poll_ready, outside}, fds, count};
  perform_io(engine, poll, deadline > engine.now(), deadline, site);
  const int result = poll_now(fds, count);
  for (nfds_t i = 0; i < count && result > 0; ++i) {
    if ((fds[i].revents & (POLLIN | POLLHUP)) != 0) io_acquire(engine, fds[i].fd);
  }
  emit_io(engine, result, site);
  return static_cast<int>(in_c_manner(result));
}

// ---- select ----

struct Sets {
  fd_set read, write, except;
};

struct Select : IoWait {
  int count;
  Sets sets;
};

// The sets say what to look for, and then what is there.
int select_now(int count, Sets& sets) {
  const timespec zero{};
  return static_cast<int>(raw_syscall(SYS_pselect6, count, argument(&sets.read),
                                      argument(&sets.write), argument(&sets.except),
                                      argument(&zero)));
}

bool is_select_ready(const IoWait& wait) {
  const auto& select = static_cast<const Select&>(wait);
  Sets sets = select.sets;
  return select_now(select.count, sets) != 0;
}

int select_until(Engine& engine, int count, fd_set* read, fd_set* write, fd_set* except,
                 Time deadline, const void* site) {
  Select select{{"select", &is_select_ready, false}, count, {}};
  if (read != nullptr) select.sets.read = *read;
  if (write != nullptr) select.sets.write = *write;
  if (except != nullptr) select.sets.except = *except;
  for (int fd = 0; fd < count; ++fd) {
    const bool wanted = FD_ISSET(fd, &select.sets.read) || FD_ISSET(fd, &select.sets.write);
    if (wanted && !made_in_run(engine, fd)) select.outside = true;
  }
  perform_io(engine, select, deadline > engine.now(), deadline, site);
  Sets sets = select.sets;
  const int result = select_now(count, sets);
  if (result >= 0) {
    if (read != nullptr) *read = sets.read;
    if (write != nullptr) *write = sets.write;
    if (except != nullptr) *except = sets.except;
  }
  for (int fd = 0; fd < count && result > 0; ++fd) {
    if (FD_ISSET(fd, &sets.read)) io_acquire(engine, fd);
  }
  emit_io(engine, result, site);
  return static_cast<int>(in_c_manner(result));
}

// ---- epoll ----

struct Epoll : IoWait {
  int fd;
};

bool is_epoll_ready(const IoWait& wait) {
  pollfd one{.fd = static_cast<const Epoll&>(wait).fd, .events = POLLIN, .revents = 0};
  return poll_now(&one, 1) != 0;
}

int epoll_until(Engine& engine, int fd, epoll_event* events, int count, Time deadline,
                const void* site) {
  const Epoll epoll{{"epoll_wait", &is_epoll_ready, !made_in_run(engine, fd)}, fd};
  perform_io(engine, epoll, deadline > engine.now(), deadline, site);
  const long result = raw_syscall(SYS_epoll_pwait, fd, argument(events), count, 0, 0, 8);
  io_acquire(engine, fd);
  emit_io(engine, result, site);
  return static_cast<int>(in_c_manner(result));
}

// ---- processes ----

struct Process : IoWait {
  idtype_t type;
  id_t id;
  int options;
};

bool has_changed(const IoWait& wait) {
  const auto& process = static_cast<const Process&>(wait);
  siginfo_t info{};
  const long result = raw_syscall(SYS_waitid, process.type, process.id, argument(&info),
                                  process.options | WNOHANG | WNOWAIT, 0);
  return result < 0 || info.si_pid != 0;  // an error too: the call itself will say which
}

void await_process(Engine& engine, idtype_t type, id_t id, int options, bool may_wait,
                   const void* site) {
  const Process process{{"waitpid", &has_changed, true}, type, id, options};
  perform_io(engine, process, may_wait, kNever, site);
}

pid_t wait_process(Engine& engine, pid_t which, int* status, int options, rusage* usage,
                   const void* site) {
  const idtype_t type = which == -1 ? P_ALL : which > 0 ? P_PID : P_PGID;
  const auto id = static_cast<id_t>(which > 0 ? which : which < -1 ? -which : 0);
  const int states = WEXITED | (options & (WUNTRACED | WCONTINUED));
  await_process(engine, type, id, states, (options & WNOHANG) == 0, site);
  const long result =
      raw_syscall(SYS_wait4, which, argument(status), options | WNOHANG, argument(usage));
  emit_io(engine, result, site);
  return static_cast<pid_t>(in_c_manner(result));
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

int poll(pollfd* fds, nfds_t count, int timeout) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_poll()(fds, count, timeout);
  return interpose::poll_until(*engine, "poll", fds, count,
                               interpose::after_milliseconds(*engine, timeout), CHICANE_SITE());
}

int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_ppoll()(fds, count, timeout, mask);
  return interpose::poll_until(*engine, "ppoll", fds, count,
                               interpose::after_timeout(*engine, timeout), CHICANE_SITE());
}

int select(int count, fd_set* read, fd_set* write, fd_set* except, timeval* timeout) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_select()(count, read, write, except, timeout);
  timespec limit{};
  if (timeout != nullptr) {
    limit = {.tv_sec = timeout->tv_sec, .tv_nsec = timeout->tv_usec * 1000};
  }
  return interpose::select_until(
      *engine, count, read, write, except,
      interpose::after_timeout(*engine, timeout == nullptr ? nullptr : &limit), CHICANE_SITE());
}

int pselect(int count, fd_set* read, fd_set* write, fd_set* except, const timespec* timeout,
            const sigset_t* mask) {
  Engine* engine = Engine::active();
  if (engine == nullptr) {
    return interpose::real_pselect()(count, read, write, except, timeout, mask);
  }
  return interpose::select_until(*engine, count, read, write, except,
                                 interpose::after_timeout(*engine, timeout), CHICANE_SITE());
}

int epoll_wait(int fd, epoll_event* events, int count, int timeout) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_epoll_wait()(fd, events, count, timeout);
  return interpose::epoll_until(*engine, fd, events, count,
                                interpose::after_milliseconds(*engine, timeout), CHICANE_SITE());
}

int epoll_pwait(int fd, epoll_event* events, int count, int timeout, const sigset_t* mask) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_epoll_pwait()(fd, events, count, timeout, mask);
  return interpose::epoll_until(*engine, fd, events, count,
                                interpose::after_milliseconds(*engine, timeout), CHICANE_SITE());
}

pid_t wait(int* status) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_wait()(status);
  return interpose::wait_process(*engine, -1, status, 0, nullptr, CHICANE_SITE());
}

pid_t waitpid(pid_t which, int* status, int options) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_waitpid()(which, status, options);
  return interpose::wait_process(*engine, which, status, options, nullptr, CHICANE_SITE());
}

pid_t wait4(pid_t which, int* status, int options, rusage* usage) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_wait4()(which, status, options, usage);
  return interpose::wait_process(*engine, which, status, options, usage, CHICANE_SITE());
}

int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_waitid()(type, id, info, options);
  const void* site = CHICANE_SITE();
  interpose::await_process(*engine, type, id, options & ~(WNOHANG | WNOWAIT),
                           (options & WNOHANG) == 0, site);
  const long result = chicane::engine::raw_syscall(
      SYS_waitid, type, id, chicane::engine::argument(info), options | WNOHANG, 0);
  interpose::emit_io(*engine, result, site);
  return static_cast<int>(interpose::in_c_manner(result));
}

}  // extern "C"
