// SPDX-License-Identifier: Apache-2.0
//
// Locks whose life ends while somebody holds them. `std::mutex` has no destructor that anybody
// could watch; its memory has an end:
//
//   destroyed-in-use   a block is freed, and another thread holds a      sites destroy, locked
//                      lock in it
//
// What a thread kept when it ended is a lock-leak (leak.cc), and who unlocks what it has freed uses
// freed memory: they are told as that. A lock
// among the variables of a function that has returned is not told from a live one.
//
// Only the first runs of a process are watched: the mistake shows in every run that has it, and a
// look at all threads at each free would be dear.
//
// Thread safety: engine context. Cost: in a watched run about 5 ns per thread at each lock and
// free.
#include <string>

#include "engine/engine.h"
#include "monitors/monitors.h"
#include "monitors/wording.h"

namespace chicane::monitors {
namespace {

using engine::Engine;
using engine::HeldLock;
using engine::Thread;
using engine::ThreadId;

class LifetimeMonitor final : public engine::Monitor {
 public:
  void begin_run(Engine& engine) override { engine_ = &engine; }
  bool wants_memory() const override { return runs_ < kFirstRuns; }
  std::uint64_t event_kinds() const override { return 0; }
  void on_free(ThreadId thread, const void* start, std::size_t size) override {
    const char* first = static_cast<const char*>(start);
    for (const Thread* holder : engine_->threads()) {
      if (holder->finished() || holder->id() == thread) continue;
      for (const HeldLock& lock : holder->held()) {
        const char* at = static_cast<const char*>(lock.object);
        if (at >= first && at < first + size) report_freed(thread, *holder, lock);
      }
    }
  }
  void end_run(engine::RunEnd) override { ++runs_; }

 private:
  static constexpr std::uint64_t kFirstRuns = 64;

  void report_freed(ThreadId thread, const Thread& holder, const HeldLock& lock) {
    engine::Finding* finding = engine_->report(
        "destroyed-in-use",
        name_of(*engine_->threads()[thread]) + " frees a lock that " + name_of(holder) + " holds",
        lock.object);
    engine_->add_site(finding, "destroy", thread, engine_->last_site(), true, 0, "", lock.object);
    add_locked(finding, holder, lock);
  }
  void add_locked(engine::Finding* finding, const Thread& holder, const HeldLock& lock) {
    engine_->add_site(finding, "locked", holder.id(), lock.site, false, lock.step, "", lock.object);
  }

  Engine* engine_ = nullptr;
  std::uint64_t runs_ = 0;
};

}  // namespace

std::unique_ptr<engine::Monitor> make_lifetime_monitor() {
  return std::make_unique<LifetimeMonitor>();
}

}  // namespace chicane::monitors
