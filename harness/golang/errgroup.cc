// SPDX-License-Identifier: Apache-2.0
#include "chicane/golang/errgroup.h"

#include <optional>

#include "chicane/golang/panic.h"
#include "chicane/golang/sync.h"
#include "golang/channel.h"
#include "golang/context.h"

namespace chicane::golang {

using internal::OpKind;
using internal::Outcome;
using internal::Section;

struct ErrGroup::State {
  internal::References references;
  WaitGroup group;
  int limit = -1;
  int running = 0;
  bool failed = false;
  Error error;
  std::optional<Context> context;

  /// Takes a place among `limit`; whether there was one.
  bool enter(OpKind kind, bool blocking, const void* site);
  std::uint64_t places() const { return static_cast<std::uint64_t>(limit - running); }
  void leave(const void* site);
  void fail(Error e, const void* site);
  void cancel(const void* site);
  void drop() {
    if (references.drop_in_order()) delete this;
  }
};

bool ErrGroup::State::enter(OpKind kind, bool blocking, const void* site) {
  if (limit < 0) return true;
  Section section;
  const auto has_place = [](const internal::Operation& operation) {
    const auto* self = static_cast<const State*>(operation.object);
    return self->running < self->limit;
  };
  if (blocking) {
    section.wait({kind, this, site, has_place});
  } else {
    section.wait({kind, this, site});
  }
  const bool entered = running < limit;
  running += entered ? 1 : 0;
  section.emit(kind, entered ? Outcome::kDone : Outcome::kWouldBlock, this, site, places());
  return entered;
}

void ErrGroup::State::leave(const void* site) {
  if (limit < 0) return;
  Section section;
  section.wait({OpKind::kSemPost, this, site});
  --running;
  section.emit(OpKind::kSemPost, Outcome::kDone, this, site, places());
}

void ErrGroup::State::fail(Error e, const void* site) {
  {
    Section section;
    section.wait({OpKind::kAtomicRmw, &error, site});
    section.emit(OpKind::kAtomicRmw, Outcome::kDone, &error, site, failed ? 0 : 1);
    if (failed) return;
    failed = true;
    error = std::move(e);
  }
  cancel(site);
}

void ErrGroup::State::cancel(const void* site) {
  if (context) internal::context_cancel(context->node_, site);
}

/// A task on its way; lives in its goroutine.
struct ErrGroup::Task {
  State* state;
  std::function<Error()> f;
  const void* site;

  ~Task() {
    f = nullptr;  // what it captured is gone when wait returns
    state->leave(site);
    state->group.add_at(-1, site);
    state->drop();
  }
  static void* run(void* pointer) {
    struct Owner {
      Task* task;
      ~Owner() { delete task; }
    } owner{static_cast<Task*>(pointer)};
    Task& task = *owner.task;
    if (Error error = task.f()) task.state->fail(std::move(error), task.site);
    return nullptr;
  }
};

ErrGroup::ErrGroup() : state_(new State) {}

ErrGroup::ErrGroup(const ErrGroup& other) : state_(other.state_) { state_->references.add(); }

ErrGroup::~ErrGroup() { state_->drop(); }

std::pair<ErrGroup, Context> ErrGroup::with_context(const Context& parent) {
  ErrGroup group;
  Context child(internal::context_with_cancel(parent.node_, CHICANE_GOLANG_SITE()));
  group.state_->context = child;
  return {group, child};
}

void ErrGroup::start(State* state, std::function<Error()> f, const void* site) {
  state->group.add_at(1, site);
  state->references.add();
  internal::goroutine_at(&Task::run, new Task{state, std::move(f), site}, site);
}

void ErrGroup::go(std::function<Error()> f) const {
  const void* site = CHICANE_GOLANG_SITE();
  state_->enter(OpKind::kSemWait, true, site);
  start(state_, std::move(f), site);
}

bool ErrGroup::try_go(std::function<Error()> f) const {
  const void* site = CHICANE_GOLANG_SITE();
  if (!state_->enter(OpKind::kSemWait, false, site)) return false;
  start(state_, std::move(f), site);
  return true;
}

Error ErrGroup::wait() const {
  const void* site = CHICANE_GOLANG_SITE();
  state_->group.wait_at(site);
  state_->cancel(site);
  return state_->error;
}

void ErrGroup::set_limit(int limit) const {
  if (state_->running != 0) panic("errgroup: modify limit while goroutines are still active");
  state_->limit = limit;
}

}  // namespace chicane::golang
