// SPDX-License-Identifier: Apache-2.0
#include "interpose/io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "engine/raw_syscall.h"
#include "interpose/cancel.h"

namespace chicane::interpose {

// The object of all these operations.
char g_descriptors;

using engine::argument;
using engine::Engine;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;
using engine::raw_syscall;

namespace {

// What orders the users of one pipe: a place for each of the first pipes that a run uses, and one
// for all other descriptors.
struct Places {
  static constexpr unsigned kPipes = 64;
  std::uint32_t generation;
  unsigned count;
  ino_t inodes[kPipes];
  char place[kPipes + 1];
} g_places;

constexpr int kDescriptors = 4096;
std::uint32_t g_made_in[kDescriptors];  // by descriptor: the run that made it

const void* place_of(const Engine& engine, int fd) {
  if (g_places.generation != engine.generation()) {
    g_places.generation = engine.generation();
    g_places.count = 0;
  }
  struct stat about{};
  const bool is_pipe = raw_syscall(SYS_fstat, fd, argument(&about)) == 0 && S_ISFIFO(about.st_mode);
  unsigned index = is_pipe ? 0 : Places::kPipes;
  while (index < g_places.count && g_places.inodes[index] != about.st_ino) ++index;
  if (index == g_places.count && index < Places::kPipes) {
    g_places.inodes[g_places.count++] = about.st_ino;
  }
  return &g_places.place[index];
}

bool is_ready(const Operation& operation) {
  const auto& wait = *static_cast<const IoWait*>(operation.context);
  return wait.is_ready(wait);
}

struct Transfer : IoWait {
  int fd;
  short events;
};

bool is_transfer_ready(const IoWait& wait) {
  const auto& transfer = static_cast<const Transfer&>(wait);
  pollfd one{.fd = transfer.fd, .events = transfer.events, .revents = 0};
  return poll_now(&one, 1) != 0;  // an error too: the call itself will say which
}

bool is_blocking(int fd) {
  const long flags = raw_syscall(SYS_fcntl, fd, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) == 0;
}

[[noreturn]] void give_up(Engine& engine, const engine::Thread& waiting, const IoWait& wait) {
  char text[200];
  std::snprintf(text, sizeof text,
                "%s waits for something outside of the program, and no other thread can go on; let "
                "it come from the program itself, or be there before the run",
                wait.call);
  engine::Finding* finding = engine.report("uncontrolled", text);
  if (finding != nullptr) finding->fatal = true;
  engine.add_site(finding, "blocks", waiting.id(), waiting.pending().site, true);
  engine.end_run(engine::RunEnd::kFatal);
}

// No thread can go on. If one waits for the world outside: that gets a chance.
bool wait_outside(Engine& engine) {
  constexpr int kPatience = 1000, kGlance = 2;  // milliseconds
  for (int waited = 0;; waited += kGlance) {
    const engine::Thread* waiting = nullptr;
    const IoWait* wait = nullptr;
    for (const engine::Thread* thread : engine.threads()) {
      if (thread->finished() || thread->pending().kind != OpKind::kIo) continue;
      const Operation& pending = *as_announced(&thread->pending());
      const auto* candidate = static_cast<const IoWait*>(pending.context);
      if (candidate->is_ready(*candidate)) return true;
      if (!candidate->outside || waiting != nullptr) continue;
      waiting = thread;
      wait = candidate;
    }
    if (waiting == nullptr) return false;
    if (waited >= kPatience) give_up(engine, *waiting, *wait);
    const timespec glance{.tv_sec = 0, .tv_nsec = kGlance * 1'000'000};
    raw_syscall(SYS_nanosleep, argument(&glance));
  }
}

[[maybe_unused]] const bool g_installed = (Engine::on_standstill = &wait_outside, true);

}  // namespace

bool perform_io(Engine& engine, const IoWait& wait, bool may_wait, engine::Time deadline,
                const void* site) {
  return perform_cancellable(engine, {.kind = OpKind::kIo,
                                      .object = &g_descriptors,
                                      .site = site,
                                      .ready = may_wait ? &is_ready : nullptr,
                                      .context = &wait,
                                      .deadline = deadline});
}

bool may_make_wait(int fd) {
  if (fd == STDOUT_FILENO || fd == STDERR_FILENO) return false;
  struct stat about{};
  if (raw_syscall(SYS_fstat, fd, argument(&about)) != 0) return false;
  if (S_ISCHR(about.st_mode)) return isatty(fd) != 0;
  return !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode) && !S_ISBLK(about.st_mode);
}

IoCall::IoCall(const void* site) : site_(site) {
  const int error = errno;
  Engine::active()->perform({.kind = OpKind::kIo, .object = &g_descriptors, .site = site});
  errno = error;
}

IoCall::~IoCall() {
  const int error = errno;
  Engine::active()->emit(OpKind::kIo, Outcome::kDone, &g_descriptors, site_);
  errno = error;
}

void emit_io(Engine& engine, long result, const void* site) {
  engine.emit(OpKind::kIo, result == -EAGAIN ? Outcome::kWouldBlock : Outcome::kDone,
              &g_descriptors, site, static_cast<std::uint64_t>(result));
}

bool perform_transfer(Engine& engine, const char* call, int fd, short events, bool may_wait,
                      const void* site) {
  if (!may_make_wait(fd)) return false;
  const Transfer transfer{{call, &is_transfer_ready, !made_in_run(engine, fd)}, fd, events};
  perform_io(engine, transfer, may_wait && is_blocking(fd), engine::kNever, site);
  return true;
}

void io_release(Engine& engine, int fd) { engine.release(place_of(engine, fd)); }
void io_acquire(Engine& engine, int fd) { engine.acquire(place_of(engine, fd)); }

bool made_in_run(const Engine& engine, int fd) {
  return fd >= 0 && fd < kDescriptors && g_made_in[fd] == engine.generation();
}

void note_made(const Engine& engine, int fd) {
  if (fd >= 0 && fd < kDescriptors) g_made_in[fd] = engine.generation();
}

long in_c_manner(long result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

int poll_now(void* fds, unsigned long count) {
  const timespec zero{};
  constexpr long kSignalSetSize = 8;
  return static_cast<int>(raw_syscall(SYS_ppoll, argument(fds), static_cast<long>(count),
                                      argument(&zero), 0, kSignalSetSize));
}

}  // namespace chicane::interpose
