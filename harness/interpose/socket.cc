// SPDX-License-Identifier: Apache-2.0
//
// Front door: sockets. See io.h.
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "engine/raw_syscall.h"
#include "interpose/io.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

CHICANE_REAL(int, socketpair, (int, int, int, int*))
CHICANE_REAL(ssize_t, recv, (int, void*, std::size_t, int))
CHICANE_REAL(ssize_t, recvfrom, (int, void*, std::size_t, int, sockaddr*, socklen_t*))
CHICANE_REAL(ssize_t, recvmsg, (int, msghdr*, int))
CHICANE_REAL(ssize_t, send, (int, const void*, std::size_t, int))
CHICANE_REAL(ssize_t, sendto, (int, const void*, std::size_t, int, const sockaddr*, socklen_t))
CHICANE_REAL(ssize_t, sendmsg, (int, const msghdr*, int))
CHICANE_REAL(int, accept, (int, sockaddr*, socklen_t*))
CHICANE_REAL(int, accept4, (int, sockaddr*, socklen_t*, int))

namespace chicane::interpose {
namespace {

using engine::argument;
using engine::Engine;
using engine::raw_syscall;

template <typename Call>
long receive(Engine& engine, const char* name, int fd, int flags, const void* site, Call call) {
  const bool waited = perform_transfer(engine, name, fd, POLLIN, (flags & MSG_DONTWAIT) == 0, site);
  const long result = call();
  if (waited) {
    io_acquire(engine, fd);
    emit_io(engine, result, site);
  }
  return in_c_manner(result);
}

// MSG_WAITALL: the real call would wait for what is missing. `call(flags, have)` receives what
// follows the first `have` bytes.
template <typename Call>
long receive_all(Engine& engine, const char* name, int fd, std::size_t size, int flags,
                 const void* site, Call call) {
  if ((flags & MSG_WAITALL) == 0 || (flags & (MSG_DONTWAIT | MSG_PEEK)) != 0) {
    return receive(engine, name, fd, flags, site, [&] { return call(flags, 0); });
  }
  flags &= ~MSG_WAITALL;
  std::size_t have = 0;
  while (have < size) {
    const long part = receive(engine, name, fd, flags, site, [&] { return call(flags, have); });
    if (part < 0) return have != 0 ? static_cast<long>(have) : part;
    if (part == 0) break;
    have += static_cast<std::size_t>(part);
  }
  return static_cast<long>(have);
}

// The socket may have room, but not for all: the real call would wait for the rest.
template <typename Call>
long transmit(Engine& engine, const char* name, int fd, int flags, const void* site, Call call) {
  const bool may_wait = (flags & MSG_DONTWAIT) == 0;
  for (;;) {
    const bool waited = perform_transfer(engine, name, fd, POLLOUT, may_wait, site);
    if (waited) io_release(engine, fd);
    const long result = call(flags | MSG_DONTWAIT);
    if (waited) emit_io(engine, result, site);
    if (result != -EAGAIN || !may_wait || !waited) return in_c_manner(result);
  }
}

int accept_one(Engine& engine, int fd, sockaddr* from, socklen_t* size, int flags,
               const void* site) {
  return static_cast<int>(receive(engine, "accept", fd, 0, site, [&] {
    const long result = raw_syscall(SYS_accept4, fd, argument(from), argument(size), flags);
    if (result >= 0) note_made(engine, static_cast<int>(result));
    return result;
  }));
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;
using chicane::engine::argument;
using chicane::engine::raw_syscall;

extern "C" {

int socketpair(int domain, int type, int protocol, int* fds) noexcept {
  const int result = interpose::real_socketpair()(domain, type, protocol, fds);
  const Engine* engine = Engine::active();
  if (engine != nullptr && result == 0) {
    interpose::note_made(*engine, fds[0]);
    interpose::note_made(*engine, fds[1]);
  }
  return result;
}

ssize_t recv(int fd, void* to, std::size_t size, int flags) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_recv()(fd, to, size, flags);
  const auto part = [&](int part_flags, std::size_t have) {
    return raw_syscall(SYS_recvfrom, fd, argument(static_cast<char*>(to) + have),
                       static_cast<long>(size - have), part_flags);
  };
  return interpose::receive_all(*engine, "recv", fd, size, flags, CHICANE_SITE(), part);
}

ssize_t recvfrom(int fd, void* to, std::size_t size, int flags, sockaddr* from,
                 socklen_t* from_size) {
  Engine* engine = Engine::active();
  if (engine == nullptr) {
    return interpose::real_recvfrom()(fd, to, size, flags, from, from_size);
  }
  const auto part = [&](int part_flags, std::size_t have) {
    return raw_syscall(SYS_recvfrom, fd, argument(static_cast<char*>(to) + have),
                       static_cast<long>(size - have), part_flags, argument(from),
                       argument(from_size));
  };
  return interpose::receive_all(*engine, "recvfrom", fd, size, flags, CHICANE_SITE(), part);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_recvmsg()(fd, message, flags);
  if ((flags & MSG_WAITALL) != 0 && (flags & MSG_DONTWAIT) == 0) {
    interpose::refuse(*engine, "recvmsg(MSG_WAITALL)", "it may wait in the midst of a message",
                      "use recv with MSG_WAITALL, or recvmsg in a loop", CHICANE_SITE());
  }
  return interpose::receive(*engine, "recvmsg", fd, flags, CHICANE_SITE(),
                            [&] { return raw_syscall(SYS_recvmsg, fd, argument(message), flags); });
}

ssize_t send(int fd, const void* from, std::size_t size, int flags) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_send()(fd, from, size, flags);
  return interpose::transmit(*engine, "send", fd, flags, CHICANE_SITE(), [&](int all_flags) {
    return raw_syscall(SYS_sendto, fd, argument(from), static_cast<long>(size), all_flags);
  });
}

ssize_t sendto(int fd, const void* from, std::size_t size, int flags, const sockaddr* to,
               socklen_t to_size) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sendto()(fd, from, size, flags, to, to_size);
  return interpose::transmit(*engine, "sendto", fd, flags, CHICANE_SITE(), [&](int all_flags) {
    return raw_syscall(SYS_sendto, fd, argument(from), static_cast<long>(size), all_flags,
                       argument(to), to_size);
  });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sendmsg()(fd, message, flags);
  return interpose::transmit(*engine, "sendmsg", fd, flags, CHICANE_SITE(), [&](int all_flags) {
    return raw_syscall(SYS_sendmsg, fd, argument(message), all_flags);
  });
}

int accept(int fd, sockaddr* from, socklen_t* size) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_accept()(fd, from, size);
  return interpose::accept_one(*engine, fd, from, size, 0, CHICANE_SITE());
}

int accept4(int fd, sockaddr* from, socklen_t* size, int flags) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_accept4()(fd, from, size, flags);
  return interpose::accept_one(*engine, fd, from, size, flags, CHICANE_SITE());
}

}  // extern "C"
