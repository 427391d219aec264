// SPDX-License-Identifier: Apache-2.0
//
// Selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury: "Selectively uniform
// concurrency testing", ASPLOS 2025). Uniform over the orders of a few *interesting* operations,
// not over all: most bugs depend on few, and the others only dilute the uniform distribution. A
// thread is drawn ahead, with a probability proportional to its interesting operations left
// (urw.cc): the next interesting operation is to be its. Until it has done that, the others go on,
// with equal probability, but not past an interesting operation of their own.
//
// What is interesting changes from run to run: the operations at one object's places, as the
// earlier runs' conflicts (coverage.h) tell which places share an object; every fourth run those at
// all objects with conflicts. As in the paper every schedule stays possible.
#include <algorithm>

#include "strategies/dependence.h"
#include "strategies/estimates.h"
#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using engine::OpKind;

class Surw final : public engine::Strategy {
 public:
  Surw(std::uint64_t seed, const Coverage& coverage) : seed_(seed), coverage_(coverage) {}
  const char* name() const override { return "surw"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0x5123u, run);
    estimates_.begin_run();
    step_ = 0;
    intended_ = engine::kNoThread;
    choose_places();
    left_.assign(1, total(engine::kMainThread));
    return true;
  }

  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    unsigned picked = 0, candidates = 0;
    for (int attempt = 0; attempt < 2 && candidates == 0; ++attempt) {
      // Whoever was to be next cannot be: another is.
      if (attempt == 1 || intended_ == engine::kNoThread) draw(choice);
      for (unsigned i = 0; i < choice.enabled.size(); ++i) {
        const engine::Thread& thread = *choice.enabled[i];
        if (is_interesting(thread.pending().site) && thread.id() != intended_) continue;
        if (bits_.below(++candidates) == 0) picked = i;
      }
    }
    return candidates != 0 ? picked : bits_.below(static_cast<unsigned>(choice.enabled.size()));
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }

  void on_event(const engine::Event& event) override {
    if (event.kind == OpKind::kThreadCreate) {
      const auto child = static_cast<engine::ThreadId>(event.value);
      estimates_.created(event.thread, child);
      left(child) = total(child);
      left(event.thread) -= left(child);
      // What was meant for the parent may be the child's to do.
      if (intended_ == event.thread) intended_ = engine::kNoThread;
    }
    if (event.step == step_ || !touches_object(event.kind)) return;
    step_ = event.step;
    estimates_.count(event.thread, sort_of(event.site));
    if (!is_interesting(event.site)) return;
    --left(event.thread);
    intended_ = engine::kNoThread;
  }
  void end_run(std::uint64_t) override { estimates_.end_run(); }

 private:
  static constexpr std::uint64_t kKnown = 16;

  static Estimates::Sort sort_of(const void* site) {
    return reinterpret_cast<std::uintptr_t>(site);
  }

  void choose_places() {
    places_.clear();
    const engine::SharedVector<OpClass>& classes = coverage_.classes();
    if (classes.empty()) return;
    const bool all = bits_.below(4) == 0;
    const unsigned object = classes[bits_.below(static_cast<unsigned>(classes.size()))].object;
    for (const OpClass& op : classes) {
      if (!all && op.object != object) continue;
      if (!is_interesting(op.site)) places_.push_back(op.site);
    }
  }
  bool is_interesting(const void* site) const {
    return std::find(places_.begin(), places_.end(), site) != places_.end();
  }
  std::int64_t total(engine::ThreadId thread) const {
    std::uint64_t sum = 0;
    for (const void* place : places_) sum += estimates_.total(thread, sort_of(place));
    return static_cast<std::int64_t>(sum);
  }
  std::int64_t& left(engine::ThreadId id) {
    if (id >= left_.size()) left_.resize(id + 1, 0);
    return left_[id];
  }
  // Who seems to have none left may have some yet: the numbers are averages.
  std::uint64_t weight(engine::ThreadId id) {
    return left(id) > 0 ? kKnown * static_cast<std::uint64_t>(left(id)) : 1;
  }
  void draw(const engine::ThreadChoice& choice) {
    std::uint64_t sum = 0;
    for (const engine::Thread* thread : choice.enabled) sum += weight(thread->id());
    std::uint64_t ticket = bits_.below(sum);
    for (const engine::Thread* thread : choice.enabled) {
      intended_ = thread->id();
      if (ticket < weight(intended_)) return;
      ticket -= weight(intended_);
    }
  }

  std::uint64_t seed_;
  const Coverage& coverage_;
  RandomBits bits_;
  Estimates estimates_;
  engine::SharedVector<const void*> places_;
  engine::SharedVector<std::int64_t> left_;
  engine::ThreadId intended_ = engine::kNoThread;
  std::uint64_t step_ = 0;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_surw(std::uint64_t seed, const Coverage& coverage) {
  return std::make_unique<Surw>(seed, coverage);
}

}  // namespace chicane::strategies
