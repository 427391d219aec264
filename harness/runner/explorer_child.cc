// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_child.h"

#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include "engine/engine.h"
#include "engine/lack.h"
#include "engine/stain.h"
#include "interpose/process.h"
#include "monitors/monitors.h"
#include "monitors/run_recorder.h"
#include "runner/explorer_core.h"
#include "runner/explorer_interrupts.h"
#include "runner/explorer_standstill.h"
#include "runner/explorer_stop.h"

namespace chicane::monitors {
// Present when the program is linked with ThreadSanitizer (sanitizers/tsan).
std::unique_ptr<engine::Monitor> make_tsan_monitor() __attribute__((weak));
}  // namespace chicane::monitors

namespace chicane::runner {
namespace {

using engine::Engine;
using engine::Finding;
using engine::Journal;
using engine::RunEnd;

// A program that computes this long without an operation or an instrumented access is stuck...
constexpr double kSpinSeconds = 1.0;
// ...and one that does not even compute is blocked in a call that the engine does not see.
constexpr double kBlockedSeconds = 5.0;
constexpr int kLookEvery = 50;  // milliseconds

std::uint32_t g_most_threads = 0;

/// A strategy that serves one child only; null when the exploration's is to be used.
std::unique_ptr<engine::Strategy> make_own_strategy(const ChildTask& task) {
  if (task.course != nullptr) return strategies::make_follow_course(*task.course);
  if (task.replay != nullptr && task.lenient) {
    auto follow = strategies::make_follow(*task.replay);
    if (task.log == nullptr) return follow;
    return strategies::make_logged(std::move(follow), task.log);
  }
  if (task.replay != nullptr) return std::make_unique<strategies::Replay>(*task.replay);
  if (task.steer != nullptr) return strategies::make_steer(task.options->seed, *task.steer);
  if (task.steer_race != nullptr) {
    return strategies::make_steer_race(task.options->seed, *task.steer_race);
  }
  return nullptr;
}

// The accesses of the races just found are operations from the next run on.
void add_racy_sites(Journal& journal, std::size_t first_finding) {
  const auto findings = journal.findings();
  for (std::size_t i = first_finding; i < findings.size(); ++i) {
    if (std::strcmp(findings[i].kind, "data-race") != 0) continue;
    for (const engine::FindingSite& site : journal.sites(findings[i])) {
      if (site.stack.depth > 0) journal.add_racy_site(site.stack.pcs[0]);
    }
  }
}

void add_proven_sites(Journal& journal, const std::vector<engine::Monitor*>& monitors) {
  for (engine::Monitor* monitor : monitors) {
    auto* recorder = dynamic_cast<monitors::RunRecorder*>(monitor);
    if (recorder == nullptr) continue;
    for (const std::uint64_t site : recorder->take_new_sites()) journal.add_racy_site(site);
  }
}

void note_divergence(Journal& journal, const engine::Strategy& strategy) {
  const auto* replay = dynamic_cast<const strategies::Replay*>(&strategy);
  if (replay == nullptr || !replay->status().diverged) return;
  journal.counters().diverged = 1;
  journal.counters().diverged_at = replay->status().position;
  std::snprintf(journal.counters().divergence, sizeof journal.counters().divergence, "%s",
                replay->status().found.c_str());
  journal.counters().diverged_site = reinterpret_cast<std::uint64_t>(replay->status().site);
}

/// A wait without a predicate is right until it returns without a signal: every few runs of a
/// search that samples it may. (The choices of such a run say so: Explorer::rerun.)
bool wakes_spuriously(const ChildTask& task, std::uint64_t run) {
  constexpr std::uint64_t kEvery = 8;
  if (task.options->spurious_wakeups || task.spurious_wakeups) return true;
  if (!task.options->sample_spurious_wakeups) return false;
  if (task.replay != nullptr || task.steer != nullptr || task.steer_race != nullptr) return false;
  if (task.options->leg != "sched") return false;
  const Strategy strategy = task.options->strategy;
  // By the lane's own count: every other run of the portfolio may be a search's, and these are as
  // many as all others only while none of them lets a wait return so.
  if (strategy == Strategy::kPortfolio) return run / task.stride % kEvery == kEvery - 1;
  const bool samples = strategy == Strategy::kRandom || strategy == Strategy::kPct;
  return samples && run % kEvery == kEvery - 1;
}

// The heap's blocks come from elsewhere, those that had been given back before, too; and what the
// allocator gives out, and what lies on a new thread's stack, is not what it happens to be.
void disturb() {
  constexpr std::size_t kElsewhere = 3 * 4096 + 208, kLargestKept = 1040, kKept = 8;
  constexpr unsigned char kStain = 0xa5;
  // Neither call is to be left out, as what nobody uses may be.
  const auto take = [](std::size_t size) {
    asm volatile("" : : "r"(std::malloc(size)) : "memory");
  };
  mallopt(M_ARENA_MAX, 1);  // a thread's own heap would begin at an address as round as before
  for (std::size_t size = 8; size <= kLargestKept; size += 16) {
    for (std::size_t i = 0; i < kKept; ++i) take(size);
  }
  take(kElsewhere);
  mallopt(M_PERTURB, kStain);
  engine::g_stack_stain = kStain;
}

/// Every so many runs, of which there may be 100,000 in a second.
void tell_progress(const ChildTask& task, const engine::Strategy& strategy, std::uint64_t run) {
  constexpr std::uint64_t kEvery = 64;
  if (task.progress == nullptr || (run % kEvery != 0 && !task.options->isolate_runs)) return;
  engine::SearchStatistics statistics;
  if (strategy.statistics(&statistics)) task.progress->tell(statistics);
}

void run_all(const ChildTask& task, Journal& journal) {
  interpose::install_crash_handlers();
  if (task.disturbed) disturb();
  // Nothing is foretold by runs that are led.
  const bool led = task.replay != nullptr || task.steer_race != nullptr;
  std::vector<engine::Monitor*> monitors;
  const auto use = [&monitors](const auto& made) {
    for (const auto& monitor : made) monitors.push_back(monitor.get());
  };
  // Not destroyed: the process ends with its runs, and to give their memory back takes it longer.
  use(task.monitors != nullptr
          ? *task.monitors
          : *new auto(make_monitors(task.options->leg, led, task.kind, !journal.recording())));
  if (task.options->stop_at_step != 0) {
    monitors.push_back(make_stop_monitor(task.options->stop_at_step).release());
  }
  for (engine::Monitor* monitor : monitors) {
    auto* recorder = dynamic_cast<monitors::RunRecorder*>(monitor);
    if (recorder != nullptr && task.monitors != nullptr) recorder->begin_alone(task.first_run);
  }
  if (task.strategy != nullptr) engine::SharedHeap::use(task.strategy->heap());
  const auto own_strategy = make_own_strategy(task);
  engine::Strategy* strategy = own_strategy.get();
  if (strategy == nullptr) strategy = task.strategy->get();
  engine::RunOptions options;
  options.step_limit = task.options->step_limit;
  options.racy_limit = std::max(options.racy_limit, options.step_limit / 2);
  if (task.hosting != nullptr) options.end_process = task.hosting->end_process;
  Engine& engine = Engine::instance();
  const auto start = std::chrono::steady_clock::now();
  RunEnd end = RunEnd::kFinished;
  std::size_t racy = journal.racy_sites().size();
  engine.set_racy_sites(journal.racy_sites());
  strategy->use_racy_sites(racy);
  const std::uint64_t end_run =
      task.options->isolate_runs ? std::min(task.first_run + 1, task.end_run) : task.end_run;
  for (std::uint64_t run = task.first_run;
       run < end_run && end == RunEnd::kFinished && journal.counters().stop == 0;
       run += task.stride) {
    if (!strategy->begin_run(run)) {
      journal.counters().exhausted = 1;
      break;
    }
    const std::size_t findings = journal.findings().size();
    if (task.hosting != nullptr) task.hosting->before_run(journal.recording());
    options.spurious_wakeups = wakes_spuriously(task, run);
    journal.begin_run(run);
    end = engine.run(*task.program, *strategy, monitors, journal, options);
    note_divergence(journal, *strategy);
    journal.end_run(end, engine.step());
    tell_progress(task, *strategy, run);
    if (journal.findings().size() != findings && task.replay == nullptr) {
      add_racy_sites(journal, findings);
    } else if (end == RunEnd::kFinished && journal.current_choices().empty()) {
      // Nothing was to be chosen and nothing was found that would make it so: the only run.
      journal.counters().exhausted = 1;
      break;
    }
    if (task.replay == nullptr) add_proven_sites(journal, monitors);
    if (journal.racy_sites().size() != racy) {
      racy = journal.racy_sites().size();
      engine.set_racy_sites(journal.racy_sites());
      strategy->use_racy_sites(racy);
    }
  }
  const auto spent = std::chrono::steady_clock::now() - start;
  journal.counters().run_nanoseconds += static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count());
  if (end == RunEnd::kFinished && task.after_runs) task.after_runs(monitors);
}

double seconds_of(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// A child that died without a word: what is known is the last choice.
void write_obituary(Journal& journal, int status, bool stuck) {
  if (journal.counters().in_program == 0) return;
  char text[160];
  if (stuck) {
    std::snprintf(text, sizeof text, "the program stopped moving, and did not say where");
  } else if (WIFSIGNALED(status)) {
    std::snprintf(text, sizeof text, "the process was killed by signal %d (%s)", WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
  } else {
    std::snprintf(text, sizeof text, "the process ended with status %d in the middle of a run",
                  WEXITSTATUS(status));
  }
  Finding* finding = journal.begin_finding(stuck ? "livelock" : "crash", text);
  if (finding != nullptr) {
    finding->fatal = true;
    if (engine::FindingSite* site = journal.begin_site(finding)) {
      std::snprintf(site->role, sizeof site->role, "crashes");
      site->thread = journal.counters().thread;
    }
  }
  journal.end_dead_run();
}

}  // namespace

Monitors make_monitors(const std::string& leg, bool replays, const std::string& kind,
                       bool sparing) {
  Monitors monitors;
  if (leg == "tsan") {
    if (monitors::make_tsan_monitor != nullptr) monitors.push_back(monitors::make_tsan_monitor());
    return monitors;
  }
  monitors.push_back(monitors::make_deadlock_monitor());
  if (leg == "lockorder") {
    monitors.push_back(monitors::make_lock_order_monitor());
    return monitors;
  }
  monitors::AccessWatchers wanted;
  if (!kind.empty()) wanted = monitors::access_watchers_of(kind);
  if (wanted.race || !sparing) monitors.push_back(monitors::make_race_monitor());
  monitors.push_back(monitors::make_misuse_monitor());
  monitors.push_back(monitors::make_leak_monitor());
  monitors.push_back(monitors::make_livelock_monitor());
  monitors.push_back(monitors::make_lifetime_monitor());
  if (wanted.dead_stack || !sparing) monitors.push_back(monitors::make_dead_stack_monitor());
  if (wanted.recorder) monitors.push_back(monitors::make_run_recorder(replays));
  return monitors;
}

ChildProcess::ChildProcess(const ChildTask& task, Journal& journal)
    : task_(task), journal_(journal) {
  std::fflush(nullptr);
  journal.counters().in_program = 0;
  journal.counters().diverged = 0;
  journal.counters().stop = 0;
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) return;
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) syscall(SYS_exit_group, 1);
    OneCore::release_in_child();
    Interrupts::restore_in_child();
    Engine::instance().forget_parents_threads();
    run_all(task_, journal_);
    std::fflush(nullptr);
    // Not _exit: with ThreadSanitizer linked in it would wait for the parked threads.
    syscall(SYS_exit_group, 0);
  }
  handle_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  has_cpu_clock_ = clock_getcpuclockid(pid_, &cpu_clock_) == 0;
  last_progress_ = progress();
  since_ = seconds_of(CLOCK_MONOTONIC);
  cpu_since_ = has_cpu_clock_ ? seconds_of(cpu_clock_) : since_;
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  kill();
  waitpid(pid_, nullptr, 0);
  if (handle_ >= 0) close(handle_);
}

std::uint64_t ChildProcess::progress() const {
  const auto& counters = journal_.counters();
  return counters.total_steps + counters.runs_done +
         __atomic_load_n(&counters.step, __ATOMIC_RELAXED);
}

bool ChildProcess::ended() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

void ChildProcess::wait_for_any(const std::vector<ChildProcess*>& children, int milliseconds) {
  std::vector<pollfd> handles;
  for (const ChildProcess* child : children) {
    handles.push_back({.fd = child->handle_, .events = POLLIN, .revents = 0});
    if (child->handle_ < 0) milliseconds = std::min(milliseconds, 2);
  }
  poll(handles.data(), handles.size(), milliseconds);
}

void ChildProcess::look() {
  if (task_.options->stop_at_step != 0) return;  // a person looks at it
  const double now = seconds_of(CLOCK_MONOTONIC);
  const double cpu = has_cpu_clock_ ? seconds_of(cpu_clock_) : now;
  if (progress() != last_progress_) {
    last_progress_ = progress();
    since_ = now;
    cpu_since_ = cpu;
    return;
  }
  if (!only_waits(pid_)) since_ = now;  // the machine's business
  const bool spins = cpu - cpu_since_ > kSpinSeconds;
  const double patience = asked_ ? kSpinSeconds : kBlockedSeconds;
  const bool blocked = now - since_ > patience;
  if (!spins && !blocked) return;
  // First it is asked to say where it is; if it cannot even do that, it is killed.
  const int question = spins ? interpose::spinning_signal() : interpose::blocked_signal();
  ::kill(pid_, asked_ ? SIGKILL : question);
  asked_ = true;
  since_ = now;
  cpu_since_ = cpu;
}

void ChildProcess::kill() {
  killed_ = true;
  ::kill(pid_, SIGKILL);
}

std::uint32_t ChildProcess::most_threads() { return g_most_threads; }

ChildEnd ChildProcess::finish() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (handle_ >= 0) close(handle_);
  handle_ = -1;
  g_most_threads = std::max(g_most_threads, journal_.counters().threads);
  // An interrupt of the terminal reaches the whole process group, the program among them.
  const bool interrupted = WIFSIGNALED(status) && Interrupts::signal() != 0 &&
                           (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM);
  if (killed_ || interrupted) return ChildEnd::kStopped;
  if (engine::lacked() != nullptr) return ChildEnd::kNoChild;
  const bool died = !WIFEXITED(status) || journal_.counters().in_program != 0;
  if (died) write_obituary(journal_, status, asked_);
  if (died && task_.replay == nullptr) add_racy_sites(journal_, 0);
  if (asked_) return ChildEnd::kStuck;
  return died ? ChildEnd::kKilled : ChildEnd::kRan;
}

std::string refusal_of_memory(const std::string& what) {
  return "the system refuses shared memory for " + what +
         ": is the address space limited (ulimit -v)?";
}

std::string refusal() {
  const char* lacked = engine::lacked();
  return std::string("the system refuses ") + (lacked != nullptr ? lacked : "a further process");
}

std::uint64_t g_runs_besides = 0;

ChildEnd run_child(const ChildTask& task, Journal& journal) {
  const std::uint64_t before = journal.counters().runs_done;
  ChildProcess child(task, journal);
  if (!child.started()) return ChildEnd::kNoChild;
  while (!child.ended()) {
    ChildProcess::wait_for_any({&child}, kLookEvery);
    child.look();
  }
  const ChildEnd end = child.finish();
  g_runs_besides += journal.counters().runs_done - before;
  return end;
}

}  // namespace chicane::runner
