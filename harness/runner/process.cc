// SPDX-License-Identifier: Apache-2.0
#include "runner/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

extern char** environ;

namespace chicane::runner {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxProcesses = 256;
std::atomic<pid_t> running[kMaxProcesses];
std::atomic<int> interrupt = 0;
// So long an interrupted process may take to say what it has.
constexpr double kGraceSeconds = 10;

void on_interrupt(int signal) {
  if (interrupt.exchange(signal) != 0) {
    kill_all_processes();
    _exit(128 + signal);
  }
  for (auto& slot : running) {
    const pid_t pid = slot.load();
    if (pid > 0) kill(pid, signal);
  }
}

/// Remembers a process while it runs, for `kill_all_processes`.
class Registration {
 public:
  explicit Registration(pid_t pid) {
    for (auto& slot : running) {
      pid_t empty = 0;
      if (slot.compare_exchange_strong(empty, pid)) {
        slot_ = &slot;
        return;
      }
    }
  }
  ~Registration() {
    if (slot_ != nullptr) slot_->store(0);
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  std::atomic<pid_t>* slot_ = nullptr;
};

int spawn(const std::vector<std::string>& arguments, const std::string& log,
          const ProcessOptions& options, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (!options.keep_output) {
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           options.own_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const int error = posix_spawn(pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/// Waits until the process has ended (it stays a zombie, so its group's number is not reused) or
/// the time is over: false.
bool wait_for_end(pid_t pid, double limit_seconds) {
  auto deadline = Clock::now() + std::chrono::duration<double>(limit_seconds);
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  bool ended = false;
  bool hurried = false;
  while (!ended) {
    if (interrupted_by() != 0 && !hurried) {
      hurried = true;
      deadline = std::min(deadline, Clock::now() + std::chrono::duration<double>(kGraceSeconds));
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) break;
    if (descriptor >= 0) {
      pollfd wait{descriptor, POLLIN, 0};
      ended = poll(&wait, 1, static_cast<int>(std::min<long long>(left, 1000))) > 0;
    } else {  // a kernel before 5.3
      siginfo_t info{};
      ended = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
              info.si_pid == pid;
      if (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  if (descriptor >= 0) close(descriptor);
  return ended;
}

}  // namespace

std::string ProcessEnd::describe() const {
  if (!error.empty()) return error;
  if (timed_out) return fmt::format("did not finish within {:.0f} s", seconds);
  if (signal != 0) {
    const char* name = sigabbrev_np(signal);
    return fmt::format("was ended by SIG{}", name != nullptr ? name : std::to_string(signal));
  }
  return fmt::format("exited with {}", exit_code);
}

ProcessEnd run_process(const std::vector<std::string>& arguments, const std::string& log,
                       double limit_seconds, const ProcessOptions& options) {
  ProcessEnd end;
  const auto start = Clock::now();
  pid_t pid = 0;
  const int error = spawn(arguments, log, options, &pid);
  if (error != 0) {
    end.error = fmt::format("{} cannot be started: {}", arguments[0], std::strerror(error));
    return end;
  }
  int status = 0;
  {
    const Registration registration(pid);
    if (interrupted_by() != 0) kill(pid, interrupted_by());  // it came while this one began
    end.timed_out = !wait_for_end(pid, limit_seconds);
    kill(-pid, SIGKILL);  // also when it has ended: its children may be left
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
  end.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

int run_on_terminal(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
  if (error != 0) {
    errno = error;
    return -1;
  }
  const auto before = ::signal(SIGINT, SIG_IGN);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::signal(SIGINT, before);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void hand_on_interrupts() {
  for (const int signal : {SIGINT, SIGTERM}) ::signal(signal, on_interrupt);
}

int interrupted_by() { return interrupt.load(); }

void kill_all_processes() {
  for (auto& slot : running) {
    const pid_t pid = slot.load();
    if (pid > 0) kill(-pid, SIGKILL);
  }
}

}  // namespace chicane::runner
