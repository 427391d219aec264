// SPDX-License-Identifier: Apache-2.0
//
// Where a debugger stops: `break chicane_decisive_step`. It is called on the stack of the thread
// that has made the step, so that the frames above it are the program's.
#include "runner/explorer_stop.h"

/// For debuggers; not inlined, not folded with another function.
extern "C" [[gnu::noinline, gnu::used]] void chicane_decisive_step(std::uint64_t step,
                                                                   unsigned thread) {
  asm volatile("" : : "r"(step), "r"(thread) : "memory");
}

namespace chicane::runner {
namespace {

class StopMonitor final : public engine::Monitor {
 public:
  explicit StopMonitor(std::uint64_t step) : step_(step) {}
  void on_event(const engine::Event& event) override {
    if (called_ || event.step < step_) return;
    called_ = true;
    chicane_decisive_step(event.step, event.thread);
  }

 private:
  std::uint64_t step_;
  bool called_ = false;
};

}  // namespace

std::unique_ptr<engine::Monitor> make_stop_monitor(std::uint64_t step) {
  return std::make_unique<StopMonitor>(step);
}

}  // namespace chicane::runner
