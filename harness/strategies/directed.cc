// SPDX-License-Identifier: Apache-2.0
//
// Reverses conflicts that earlier runs have shown. Each run has a target, an operation that has
// met a conflicting one of another thread (coverage.h): threads that are about to do it are held
// back, until another thread has done something that conflicts with it, or nobody else can go on.
// The check then sees what happens between a load and its store, a second lock wanted by two, a
// notification before its wait.
//
// Targets are taken in turn, those that were tried least first; among these, locks wanted while
// another is held come first (lock cycles), unlocks last. In three runs of four the thread that did
// the target before is driven there before the others move, and goes on first when it is let go;
// the others have random priorities. In the fourth, all that are not held back take a random walk.
//
// The idea of holding a thread back at a suspected place is that of active testing (Sen: "Race
// directed random testing of concurrent programs", PLDI 2008; Joshi, Park, Sen, Naik: "A randomized
// dynamic program analysis technique for detecting real deadlocks", PLDI 2009).
#include <algorithm>

#include "strategies/dependence.h"
#include "strategies/random_bits.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using engine::OpKind;

class Directed final : public engine::Strategy {
 public:
  Directed(std::uint64_t seed, const Coverage& coverage) : seed_(seed), coverage_(coverage) {
    tries_.reserve(Coverage::kMaxClasses);
  }
  const char* name() const override { return "directed"; }

  bool begin_run(std::uint64_t run) override {
    bits_.seed(seed_ ^ 0xd12ec7u, run);
    priorities_.clear();
    released_.clear();
    held_.clear();
    random_walk_ = bits_.below(4) == 0;
    choose_target();
    return true;
  }

  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    unsigned best = 0, free = 0;
    for (unsigned i = 0; i < choice.enabled.size(); ++i) {
      const engine::Thread& thread = *choice.enabled[i];
      if (is_held_back(thread)) continue;
      const bool better =
          random_walk_ ? bits_.below(free + 1) == 0
                       : free == 0 || priority(thread.id()) > priority(choice.enabled[best]->id());
      ++free;
      if (better) best = i;
    }
    if (free != 0) return best;
    best = bits_.below(static_cast<unsigned>(choice.enabled.size()));
    release(choice.enabled[best]->id());
    return best;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    return bits_.below(count);
  }
  void on_event(const engine::Event& event) override {
    for (std::size_t i = held_.size(); i-- > 0;) {
      const engine::Operation done{.kind = event.kind, .object = event.object};
      if (held_[i].thread == event.thread || !conflict(held_[i].operation, done)) continue;
      release(held_[i].thread);
    }
  }

 private:
  struct Held {
    engine::ThreadId thread;
    engine::Operation operation;
  };

  static unsigned rank(const OpClass& op) {
    switch (op.kind) {
      case OpKind::kLock:
      case OpKind::kReadLock:
        return op.nested ? 0 : 2;
      case OpKind::kUnlock:
      case OpKind::kReadUnlock:
        return 3;
      default:
        return 1;
    }
  }

  void choose_target() {
    const engine::SharedVector<OpClass>& classes = coverage_.classes();
    has_target_ = !classes.empty();
    if (!has_target_) return;
    tries_.resize(classes.size(), 0);
    std::size_t best = 0;
    unsigned ties = 0;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const auto key = [&](std::size_t k) { return tries_[k] * 4 + rank(classes[k]); };
      if (i != 0 && key(i) > key(best)) continue;
      ties = i != 0 && key(i) == key(best) ? ties + 1 : 1;
      if (bits_.below(ties) == 0) best = i;
    }
    ++tries_[best];
    target_ = classes[best];
    driven_ = bits_.below(2) == 0 ? target_.first_thread : target_.last_thread;
    only_driven_ = bits_.below(2) == 0;
  }

  bool is_held_back(const engine::Thread& thread) {
    const engine::Operation& pending = thread.pending();
    if (!has_target_ || pending.site != target_.site) return false;
    if (only_driven_ && thread.id() != driven_) return false;
    if (coverage_.next_occurrence(thread.id(), pending.site) != target_.occurrence) return false;
    if (std::find(released_.begin(), released_.end(), thread.id()) != released_.end()) return false;
    const bool known = std::any_of(held_.begin(), held_.end(),
                                   [&](const Held& held) { return held.thread == thread.id(); });
    if (!known) held_.push_back({thread.id(), pending});
    return true;
  }

  void release(engine::ThreadId id) {
    released_.push_back(id);
    std::erase_if(held_, [id](const Held& held) { return held.thread == id; });
  }

  std::uint64_t priority(engine::ThreadId id) {
    while (priorities_.size() <= id) priorities_.push_back(bits_.next() >> 1);
    return has_target_ && id == driven_ ? ~std::uint64_t{0} : priorities_[id];
  }

  std::uint64_t seed_;
  const Coverage& coverage_;
  RandomBits bits_;
  OpClass target_;
  engine::ThreadId driven_ = engine::kNoThread;
  bool has_target_ = false, random_walk_ = false, only_driven_ = false;
  engine::SharedVector<unsigned> tries_;  // of the classes, by their index
  engine::SharedVector<std::uint64_t> priorities_;
  engine::SharedVector<engine::ThreadId> released_;
  engine::SharedVector<Held> held_;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_directed(std::uint64_t seed, const Coverage& coverage) {
  return std::make_unique<Directed>(seed, coverage);
}

}  // namespace chicane::strategies
