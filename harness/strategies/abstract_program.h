// SPDX-License-Identifier: Apache-2.0
//
// For tests of strategies: programs that are only lists of operations, one list per thread, run
// without an engine. Main creates the threads and does nothing else; they have the ids 1, 2, ...
// Locks block, as in the engine; a strategy is not asked where only one thread is enabled, unless
// it wants every step.
//
// Thread safety: test code, one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace chicane::engine {

struct ThreadDouble {
  static void announce(Thread* thread, ThreadId id, const Operation& operation) {
    thread->id_ = id;
    thread->pending_ = operation;
  }
};

}  // namespace chicane::engine

namespace chicane::strategies {

class AbstractProgram {
 public:
  struct Step {
    engine::OpKind kind;
    int object;  // 0: none
  };
  using Body = std::vector<Step>;

  explicit AbstractProgram(std::vector<Body> bodies)
      : bodies_(std::move(bodies)), threads_(bodies_.size() + 1), next_(bodies_.size() + 1) {}

  static Step write(int object) { return {engine::OpKind::kAtomicStore, object}; }
  static Step read(int object) { return {engine::OpKind::kAtomicLoad, object}; }
  static Step lock(int object) { return {engine::OpKind::kLock, object}; }
  static Step unlock(int object) { return {engine::OpKind::kUnlock, object}; }

  /// One run: the threads in the order of their operations, "1221"; "!" at the end when some are
  /// left that cannot go on. Empty when the strategy has no such run.
  std::string run(engine::Strategy& strategy, std::uint64_t number) {
    if (!strategy.begin_run(number)) return {};
    std::string order;
    owners_.clear();
    for (std::size_t i = 1; i < threads_.size(); ++i) {
      next_[i] = 0;
      announce(i);
      strategy.on_event({.kind = engine::OpKind::kThreadCreate,
                         .outcome = engine::Outcome::kDone,
                         .thread = 0,
                         .object = &threads_[i],
                         .other = nullptr,
                         .site = nullptr,
                         .value = i,
                         .step = 1});
    }
    engine::ThreadId current = 0;
    for (std::uint64_t step = 2;; ++step) {
      std::vector<engine::Thread*> enabled;
      int current_index = -1;
      for (std::size_t i = 1; i < threads_.size(); ++i) {
        if (!can_go_on(i)) continue;
        if (i == current) current_index = static_cast<int>(enabled.size());
        enabled.push_back(&threads_[i]);
      }
      if (enabled.empty()) break;
      const engine::ThreadChoice choice{enabled, current, current_index, step};
      const bool asked = enabled.size() > 1 || strategy.wants_every_step();
      current = enabled[asked ? strategy.pick_thread(choice) : 0]->id();
      order += static_cast<char>('0' + current);
      take_step(current, step, strategy);
    }
    for (std::size_t i = 1; i < threads_.size(); ++i) {
      if (next_[i] != bodies_[i - 1].size() && order.back() != '!') order += '!';
    }
    strategy.end_run(order.size());
    return order;
  }

 private:
  bool can_go_on(std::size_t thread) const {
    if (next_[thread] == bodies_[thread - 1].size()) return false;
    const Step& step = bodies_[thread - 1][next_[thread]];
    return step.kind != engine::OpKind::kLock || !owners_.contains(step.object);
  }
  // Places and objects are addresses that nobody looks behind.
  static const void* address(std::size_t a, std::size_t b) {
    return reinterpret_cast<const void*>(0x1000 * (a + 1) + 0x10 * b);
  }
  void announce(std::size_t thread) {
    engine::Operation operation{.kind = engine::OpKind::kThreadExit};
    if (next_[thread] < bodies_[thread - 1].size()) {
      const Step& step = bodies_[thread - 1][next_[thread]];
      operation = {.kind = step.kind,
                   .object = step.object == 0 ? nullptr : address(100, step.object),
                   .site = address(thread, next_[thread])};
    }
    engine::ThreadDouble::announce(&threads_[thread], static_cast<engine::ThreadId>(thread),
                                   operation);
  }
  void take_step(engine::ThreadId thread, std::uint64_t number, engine::Strategy& strategy) {
    const engine::Operation& operation = threads_[thread].pending();
    const Step& step = bodies_[thread - 1][next_[thread]];
    if (step.kind == engine::OpKind::kLock) owners_[step.object] = thread;
    if (step.kind == engine::OpKind::kUnlock) owners_.erase(step.object);
    const engine::Event event{.kind = step.kind,
                              .outcome = engine::Outcome::kDone,
                              .thread = thread,
                              .object = operation.object,
                              .other = nullptr,
                              .site = operation.site,
                              .value = 0,
                              .step = number};
    ++next_[thread];
    announce(thread);
    strategy.on_event(event);
  }

  std::vector<Body> bodies_;
  std::vector<engine::Thread> threads_;
  std::vector<std::size_t> next_;
  std::map<int, engine::ThreadId> owners_;
};

}  // namespace chicane::strategies
