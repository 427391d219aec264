// SPDX-License-Identifier: Apache-2.0
//
// The real ThreadSanitizer under the engine. Its runtime is linked in and keeps its own shadow
// memory and clocks per borrowed thread; the engine schedules, and this adapter
//   - tells TSan the synchronization that the engine models (as acquire and release on the object),
//   - takes TSan's reports as data, through __tsan_on_report, and makes findings of them.
//
// TSan says nothing of its own accord (options.cc): what it saw is in the findings.
// Thread safety: engine context; the report hook runs on the program's thread, inside an access.
#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>

#include "engine/engine.h"
#include "engine/journal.h"
#include "engine/monitor.h"
#include "engine/scope.h"
#include "sanitizers/tsan/fences.h"

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void __tsan_mutex_destroy(void* mutex, unsigned flags);
int __tsan_get_report_data(void* report, const char** description, int* count, int* stack_count,
                           int* mop_count, int* loc_count, int* mutex_count, int* thread_count,
                           int* unique_tid_count, void** sleep_trace, unsigned long trace_size);
int __tsan_get_report_mop(void* report, unsigned long index, int* tid, void** address, int* size,
                          int* write, int* atomic, void** trace, unsigned long trace_size);
int __tsan_get_report_stack(void* report, unsigned long index, void** trace,
                            unsigned long trace_size);
}

namespace chicane::monitors {
namespace {

using engine::Engine;
using engine::Event;
using engine::Finding;
using engine::OpKind;
using engine::Outcome;
using engine::Stack;
using engine::ThreadId;
using engine::Wants;

Stack copy_stack(void* const* trace) {
  Stack stack;
  while (stack.depth < engine::kMaxFrames && trace[stack.depth] != nullptr) {
    stack.pcs[stack.depth] = reinterpret_cast<std::uintptr_t>(trace[stack.depth]);
    ++stack.depth;
  }
  return stack;
}

class TsanMonitor final : public engine::Monitor {
 public:
  TsanMonitor() { tsan::prepare_fences(); }
  Wants begin_run(Engine&) override {
    running_ = this;
    tsan::begin_run_fences();
    return {.edges = true};
  }
  void end_run(engine::RunEnd) override { running_ = nullptr; }
  void on_event(const Event& event) override {
    // Pool threads live on from run to run: everything in one run comes before the next.
    if (event.kind == OpKind::kThreadExit) {
      __tsan_release(&between_runs_);
      // A lock that is never unlocked must not be locked still when the next run begins.
      if (event.outcome == Outcome::kHeldAtExit) forget_held_locks();
    }
    if (event.kind == OpKind::kThreadStart && event.thread == engine::kMainThread) {
      __tsan_acquire(&between_runs_);
    }
    if (event.kind == OpKind::kUnlock || event.kind == OpKind::kReadUnlock) last_unlock_ = event;
  }
  void on_acquire(ThreadId, const void* sync) override { __tsan_acquire(const_cast<void*>(sync)); }
  void on_release(ThreadId, const void* sync) override { __tsan_release(const_cast<void*>(sync)); }
  void on_release_store(ThreadId, const void* sync) override {
    __tsan_release(const_cast<void*>(sync));
  }

  /// TSan has one report for an unlock that must not be; the engine knows why it must not.
  static const char* kind_of_bad_unlock() {
    const bool by_other =
        running_ != nullptr && running_->last_unlock_.outcome == Outcome::kNotOwner;
    return by_other ? "unlock-by-non-owner" : "double-unlock";
  }

 private:
  static void forget_held_locks() {
    for (const engine::HeldLock& held : Engine::instance().self().held()) {
      __tsan_mutex_destroy(const_cast<void*>(held.object), 0);
    }
  }

  static inline TsanMonitor* running_ = nullptr;
  char between_runs_ = 0;
  Event last_unlock_{};
};

void add_accesses(Engine& engine, Finding* finding, void* report, int count) {
  for (int i = 0; i < count; ++i) {
    int tid = 0, size = 0, write = 0, atomic = 0;
    void* address = nullptr;
    void* trace[engine::kMaxFrames + 1] = {};
    __tsan_get_report_mop(report, static_cast<unsigned long>(i), &tid, &address, &size, &write,
                          &atomic, trace, engine::kMaxFrames);
    const char* role = atomic != 0 ? (write != 0 ? "atomic write" : "atomic read")
                                   : (write != 0 ? "write" : "read");
    // TSan's thread numbers are its own; the first access is the running thread's.
    const ThreadId thread = i == 0 ? engine.self().id() : engine::kNoThread;
    engine.add_site_with_stack(finding, role, thread, copy_stack(trace));
  }
}

void add_stacks(Engine& engine, Finding* finding, void* report, int count, const char* role) {
  for (int i = 0; i < count; ++i) {
    void* trace[engine::kMaxFrames + 1] = {};
    __tsan_get_report_stack(report, static_cast<unsigned long>(i), trace, engine::kMaxFrames);
    engine.add_site_with_stack(finding, role, engine.self().id(), copy_stack(trace));
  }
}

void take_report(Engine& engine, void* report) {
  const char* description = "";
  int count = 0, stacks = 0, accesses = 0, locations = 0, mutexes = 0, threads = 0, unique = 0;
  void* sleep_trace[1] = {};
  __tsan_get_report_data(report, &description, &count, &stacks, &accesses, &locations, &mutexes,
                         &threads, &unique, sleep_trace, 1);
  const std::string_view kind = description;
  if (kind.starts_with("data-race") || kind.starts_with("heap-use-after-free")) {
    void* address = nullptr;
    int unused = 0;
    void* trace[2] = {};
    __tsan_get_report_mop(report, 0, &unused, &address, &unused, &unused, &unused, trace, 1);
    Finding* finding =
        engine.report(kind.starts_with("data-race") ? "data-race" : "use-after-free",
                      kind.starts_with("data-race") ? "two threads touch `%o`, nothing orders them"
                                                    : "`%o` is used after it was freed",
                      address);
    add_accesses(engine, finding, report, accesses);
  } else if (kind == "mutex-bad-unlock") {
    Finding* finding =
        engine.report(TsanMonitor::kind_of_bad_unlock(),
                      "a mutex is unlocked that is not locked, or that another thread has locked");
    add_stacks(engine, finding, report, stacks > 0 ? 1 : 0, "unlock");
  } else if (kind == "mutex-double-lock") {
    Finding* finding = engine.report("self-deadlock", "a mutex is locked twice by one thread");
    add_stacks(engine, finding, report, stacks > 0 ? 1 : 0, "waits");
  } else {
    const bool bad_lock_use = kind.starts_with("mutex-");
    Finding* finding =
        engine.report(bad_lock_use ? "destroyed-in-use" : "uncontrolled", description);
    add_stacks(engine, finding, report, stacks, "reported");
  }
  engine.journal().commit_finding();
}

}  // namespace

namespace {
std::atomic<unsigned> native_reports = 0;
}  // namespace

/// How often TSan has reported in this process while no run was explored.
unsigned tsan_reports();
unsigned tsan_reports() { return native_reports; }

std::unique_ptr<engine::Monitor> make_tsan_monitor() { return std::make_unique<TsanMonitor>(); }

}  // namespace chicane::monitors

// Called by TSan for every report, on the thread that it is about.
extern "C" void __tsan_on_report(void* report) {
  using chicane::engine::Engine;
  Engine& engine = Engine::instance();
  if (engine.journal_or_null() == nullptr) {
    ++chicane::monitors::native_reports;
    return;
  }
  chicane::monitors::take_report(engine, report);
}
