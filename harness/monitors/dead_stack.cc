// SPDX-License-Identifier: Apache-2.0
//
// Variables of threads that have ended, and of functions that have returned:
//
//   use-after-free   a thread reads or writes a variable of another    site  read or write
//                    one, which has ended
//                    ... or of a function of another thread's, which
//                    has returned
//
// That is what a detached thread does that was given a reference to a variable of its creator. The
// memory is the creator's stack: it is still there, or somebody else's, and no allocator knows.
//
// That a function has returned shows where its thread stands in a function further up: the address
// lies beyond the end of the stack. Where it stands in other calls, the memory is theirs, and whose
// variable was meant cannot be told: another schedule finds it in between.
//
// The end of main is left out: in a whole program it ends the others, too.
//
// Only the first runs of a process are watched, as accesses are many.
//
// Thread safety: engine context. Cost: in a watched run, 1 ns per thread and access.
#include <algorithm>
#include <array>
#include <string>

#include "engine/engine.h"
#include "monitors/event_mask.h"
#include "monitors/monitors.h"
#include "monitors/wording.h"

namespace chicane::monitors {
namespace {

using engine::Engine;
using engine::Event;
using engine::OpKind;
using engine::Thread;
using engine::ThreadId;
using engine::Wants;

class DeadStackMonitor final : public engine::Monitor {
 public:
  Wants begin_run(Engine& engine) override {
    engine_ = &engine;
    count_ = 0;
    return {.events = is_watched() ? event_mask(OpKind::kThreadExit) : 0, .accesses = is_watched()};
  }
  void on_event(const Event& event) override {
    // Misuse of any kind is told to all.
    if (event.kind != OpKind::kThreadExit || event.thread == engine::kMainThread) return;
    const Thread& ended = *engine_->threads()[event.thread];
    const Stack stack{engine_->stack_low(ended), engine_->stack_high(ended), event.thread};
    forget(stack.low);
    if (count_ != stacks_.size()) stacks_[count_++] = stack;
  }
  void on_access(ThreadId thread, const void* address, std::size_t, bool write,
                 const void* site) override {
    look(thread, address, write, site);
  }
  void on_atomic(const engine::AtomicAccess& access) override {
    look(access.thread, access.address, access.kind != OpKind::kAtomicLoad, access.site);
  }
  void end_run(engine::RunEnd) override { ++runs_; }

 private:
  static constexpr std::uint64_t kFirstRuns = 48;
  static constexpr std::size_t kMostThreads = 64;
  struct Stack {
    const char* low;
    const char* high;
    ThreadId thread;
  };

  bool is_watched() const { return runs_ < kFirstRuns; }

  void look(ThreadId thread, const void* address, bool write, const void* site) {
    const auto threads = engine_->threads();
    if (has(*threads[thread], address)) return;
    look_at_ended(thread, address, write, site);
    if (threads.size() > kMostThreads) return;
    for (const Thread* other : threads) {
      if (other->finished() || !has(*other, address)) continue;
      const bool begun = other->pending().kind != OpKind::kThreadStart;
      if (begun && is_beyond_its_end(address)) report(thread, other->id(), address, write, site);
      return;
    }
  }

  void look_at_ended(ThreadId thread, const void* address, bool write, const void* site) {
    const char* at = static_cast<const char*>(address);
    for (std::size_t i = 0; i < count_; ++i) {
      const Stack stack = stacks_[i];
      if (at < stack.low || at >= stack.high || stack.thread == thread) continue;
      if (is_taken(stack)) return forget(stack.low);
      return report(thread, stack.thread, address, write, site);
    }
  }

  bool has(const Thread& thread, const void* address) const {
    return address >= engine_->stack_low(thread) && address < engine_->stack_high(thread);
  }
  /// Of memory on a stack.
  bool is_beyond_its_end(const void* address) const {
    const engine::Place place = engine_->locate(address);
    return place.frame_base != 0 && place.frame_entry == 0 && place.frame_pc == 0;
  }

  /// A later thread may have got the stack.
  bool is_taken(const Stack& stack) const {
    const auto threads = engine_->threads();
    return std::any_of(threads.begin(), threads.end(), [&](const Thread* thread) {
      return !thread->finished() && engine_->stack_low(*thread) == stack.low;
    });
  }

  void forget(const char* low) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (stacks_[i].low == low) {
        stacks_[i--] = stacks_[--count_];
      }
    }
  }

  void report(ThreadId thread, ThreadId owner, const void* address, bool write, const void* site) {
    const Thread& thread_of_it = *engine_->threads()[owner];
    const std::string whose = name_of(thread_of_it);
    const std::string end =
        thread_of_it.finished() ? "that has ended" : "its function has returned";
    engine::Finding* finding = engine_->report(
        "use-after-free", "a variable of " + whose + " is used after " + end, address);
    engine_->add_site(finding, write ? "write" : "read", thread, site, true, 0,
                      "on the stack of " + whose);
  }

  Engine* engine_ = nullptr;
  std::uint64_t runs_ = 0;
  std::array<Stack, 32> stacks_{};
  std::size_t count_ = 0;
};

}  // namespace

std::unique_ptr<engine::Monitor> make_dead_stack_monitor() {
  return std::make_unique<DeadStackMonitor>();
}

}  // namespace chicane::monitors
