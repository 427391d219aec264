// SPDX-License-Identifier: Apache-2.0
//
// Calls that may wait in the kernel, as operations: enabled when the kernel says that the call
// would not wait now. Then the real call is made.
//
//     read, recv, accept, ...   enabled when poll() says that there is something to read
//     write, send, ...          enabled when poll() says that there is room
//     poll, select, epoll_wait  enabled when one of theirs is; a time-out is in virtual time
//     waitpid, ...              enabled when the process has ended
//
// All are operations on one object, because what is done to one descriptor may make another one
// ready (the ends of a pipe, an epoll set and its members). What is always ready (a regular file)
// is a matter of state.h; standard output and error lead out of the program: they are no
// operations.
//
// Happens-before: what is written before what is read from the same pipe; sockets, eventfds and
// epoll sets count as one.
//
// When no thread can go on but one waits for something outside of the program (a descriptor that
// the run did not make, another process), the engine waits for it too, for a second of real time;
// then the run ends as `uncontrolled`.
//
// Thread safety: program thread, under the engine.
#pragma once

#include <sys/types.h>

#include "engine/engine.h"

namespace chicane::interpose {

/// A wait in the kernel. Lives in the waiting thread's stack.
struct IoWait {
  const char* call;  // "read"
  bool (*is_ready)(const IoWait&);
  /// Whether only something outside of the program may make it ready.
  bool outside;
};

/// Announces a call; unless `may_wait` is false, returns when it is ready (true) or at the deadline
/// (false). A cancellation point.
bool perform_io(engine::Engine& engine, const IoWait& wait, bool may_wait, engine::Time deadline,
                const void* site);
/// The call has been made; `result` is the kernel's.
void emit_io(engine::Engine& engine, long result, const void* site);

/// Whether a call for that descriptor may wait in the kernel.
bool may_make_wait(int fd);
/// A call, while it exists, that does not wait but changes what others wait for: announced when it
/// is made, told when it ends. Under the engine.
class IoCall {
 public:
  explicit IoCall(const void* site);
  ~IoCall();
  IoCall(const IoCall&) = delete;
  IoCall& operator=(const IoCall&) = delete;

 private:
  const void* site_;
};

/// For one descriptor: waits until `events` (POLLIN or POLLOUT) are there. False: the descriptor is
/// always ready, and nothing was announced. Edges: `io_release` before a write, `io_acquire` after
/// a read.
bool perform_transfer(engine::Engine& engine, const char* call, int fd, short events, bool may_wait,
                      const void* site);
void io_release(engine::Engine& engine, int fd);
void io_acquire(engine::Engine& engine, int fd);

/// Whether the run itself made the descriptor, so that its other end is in the program.
bool made_in_run(const engine::Engine& engine, int fd);
void note_made(const engine::Engine& engine, int fd);

/// The kernel's answer in the C library's manner: -1 and errno.
long in_c_manner(long result);

/// ppoll with no time to wait; `fds` is an array of struct pollfd.
int poll_now(void* fds, unsigned long count);

}  // namespace chicane::interpose
