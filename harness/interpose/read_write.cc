// SPDX-License-Identifier: Apache-2.0
//
// Front door: read and write, eventfd's calls, and the calls that make descriptors. See io.h.
//
// A write to a pipe is made in parts that fit as soon as there is room at all, each an operation,
// until all is written: the real call would wait in the middle.
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/raw_syscall.h"
#include "interpose/io.h"
#include "interpose/real.h"
#include "interpose/refuse.h"
#include "interpose/state.h"

CHICANE_REAL(ssize_t, read, (int, void*, std::size_t))
CHICANE_REAL(ssize_t, write, (int, const void*, std::size_t))
CHICANE_REAL(ssize_t, readv, (int, const iovec*, int))
CHICANE_REAL(ssize_t, writev, (int, const iovec*, int))
CHICANE_REAL(int, eventfd_read, (int, eventfd_t*))
CHICANE_REAL(int, eventfd_write, (int, eventfd_t))
CHICANE_REAL(int, pipe, (int*))
CHICANE_REAL(int, pipe2, (int*, int))
CHICANE_REAL(int, eventfd, (unsigned, int))
CHICANE_REAL(int, epoll_create, (int))
CHICANE_REAL(int, epoll_create1, (int))

namespace chicane::interpose {
namespace {

using engine::argument;
using engine::Engine;
using engine::raw_syscall;

// The kernel writes to the program's memory, or reads it.
void touch(Engine& engine, const void* memory, long size, bool write, const void* site) {
  if (size > 0 && in_executable(site)) {
    engine.on_access(memory, static_cast<std::size_t>(size), write, site);
  }
}

long read_all_there_is(Engine& engine, int fd, void* to, std::size_t size, const void* site) {
  const bool waited = perform_transfer(engine, "read", fd, POLLIN, true, site);
  const StateCall of_file(true, waited ? nullptr : file_place(fd), site);
  const long result = raw_syscall(SYS_read, fd, argument(to), static_cast<long>(size));
  if (waited) {
    io_acquire(engine, fd);
    emit_io(engine, result, site);
  }
  touch(engine, to, result, true, site);
  return result;
}

bool is_pipe(int fd) {
  struct stat about{};
  return raw_syscall(SYS_fstat, fd, argument(&about)) == 0 && S_ISFIFO(about.st_mode);
}

long write_part(Engine& engine, int fd, const char* from, std::size_t size, const void* site) {
  const bool waited = perform_transfer(engine, "write", fd, POLLOUT, true, site);
  const StateCall of_file(true, waited ? nullptr : file_place(fd), site);
  touch(engine, from, static_cast<long>(size), false, site);
  if (waited) io_release(engine, fd);
  const long result = raw_syscall(SYS_write, fd, argument(from), static_cast<long>(size));
  if (waited) emit_io(engine, result, site);
  return result;
}

long write_all(Engine& engine, int fd, const void* from, std::size_t size, const void* site) {
  const bool nonblocking = (raw_syscall(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK) != 0;
  const std::size_t part = is_pipe(fd) && !nonblocking ? PIPE_BUF : SSIZE_MAX;
  const auto* bytes = static_cast<const char*>(from);
  std::size_t done = 0;
  do {
    const long result = write_part(engine, fd, bytes + done, std::min(part, size - done), site);
    if (result < 0) return done != 0 ? static_cast<long>(done) : result;
    done += static_cast<std::size_t>(result);
  } while (done < size && part == PIPE_BUF);
  return static_cast<long>(done);
}

// One vector after the other, as long as they are read or written completely.
template <typename Step>
long each(const iovec* vectors, int count, Step step) {
  long total = 0;
  for (int i = 0; i < count; ++i) {
    if (vectors[i].iov_len == 0) continue;
    const long result = step(vectors[i]);
    if (result < 0) return total != 0 ? total : result;
    total += result;
    if (static_cast<std::size_t>(result) < vectors[i].iov_len) break;
  }
  return total;
}

void note_pair(const int* fds, int result) {
  const Engine* engine = Engine::active();
  if (engine == nullptr || result != 0) return;
  note_made(*engine, fds[0]);
  note_made(*engine, fds[1]);
}

int noted(int fd) {
  const Engine* engine = Engine::active();
  if (engine != nullptr) note_made(*engine, fd);
  return fd;
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

ssize_t read(int fd, void* to, std::size_t size) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_read()(fd, to, size);
  return interpose::in_c_manner(
      interpose::read_all_there_is(*engine, fd, to, size, CHICANE_SITE()));
}

ssize_t write(int fd, const void* from, std::size_t size) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_write()(fd, from, size);
  return interpose::in_c_manner(interpose::write_all(*engine, fd, from, size, CHICANE_SITE()));
}

// The first vector is waited for; what is there then fills the others too, as far as it goes.
ssize_t readv(int fd, const iovec* vectors, int count) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_readv()(fd, vectors, count);
  const void* site = CHICANE_SITE();
  const bool waited = interpose::perform_transfer(*engine, "readv", fd, POLLIN, true, site);
  const interpose::StateCall of_file(true, waited ? nullptr : interpose::file_place(fd), site);
  const long result =
      chicane::engine::raw_syscall(SYS_readv, fd, chicane::engine::argument(vectors), count);
  if (waited) {
    interpose::io_acquire(*engine, fd);
    interpose::emit_io(*engine, result, site);
  }
  return interpose::in_c_manner(result);
}

ssize_t writev(int fd, const iovec* vectors, int count) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_writev()(fd, vectors, count);
  const void* site = CHICANE_SITE();
  return interpose::in_c_manner(interpose::each(vectors, count, [&](const iovec& vector) {
    return interpose::write_all(*engine, fd, vector.iov_base, vector.iov_len, site);
  }));
}

int eventfd_read(int fd, eventfd_t* value) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_eventfd_read()(fd, value);
  const long size = interpose::read_all_there_is(*engine, fd, value, sizeof *value, CHICANE_SITE());
  return interpose::in_c_manner(size) == sizeof *value ? 0 : -1;
}

int eventfd_write(int fd, eventfd_t value) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_eventfd_write()(fd, value);
  const long size = interpose::write_part(*engine, fd, reinterpret_cast<const char*>(&value),
                                          sizeof value, CHICANE_SITE());
  return interpose::in_c_manner(size) == sizeof value ? 0 : -1;
}

int pipe(int* fds) noexcept {
  const int result = interpose::real_pipe()(fds);
  interpose::note_pair(fds, result);
  return result;
}

int pipe2(int* fds, int flags) noexcept {
  const int result = interpose::real_pipe2()(fds, flags);
  interpose::note_pair(fds, result);
  return result;
}

int eventfd(unsigned value, int flags) noexcept {
  return interpose::noted(interpose::real_eventfd()(value, flags));
}
int epoll_create(int size) noexcept {
  return interpose::noted(interpose::real_epoll_create()(size));
}
int epoll_create1(int flags) noexcept {
  return interpose::noted(interpose::real_epoll_create1()(flags));
}

}  // extern "C"
