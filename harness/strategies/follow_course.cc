// SPDX-License-Identifier: Apache-2.0
//
// Follows a course (engine/course.h), for the shrinker: always the first stretch that is not at its
// end and whose thread can go on; when there is none, the default policy (stay with the running
// thread, else the lowest id). Whoever a lock held up thus goes on as soon as it is free. Also:
// whatever another strategy does, written down as a course.
#include <algorithm>
#include <utility>
#include <vector>

#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using engine::Course;
using engine::CourseLog;
using engine::ThreadId;

/// A number per thread.
class PerThread {
 public:
  void clear() { counts_.clear(); }
  std::uint32_t& operator[](ThreadId id) {
    if (id >= counts_.size()) counts_.resize(id + 1, 0);
    return counts_[id];
  }

 private:
  engine::SharedVector<std::uint32_t> counts_;
};

class FollowCourse final : public engine::Strategy {
 public:
  explicit FollowCourse(Course course) : course_(std::move(course)) {
    const auto& stretches = course_.stretches;
    following_.resize(stretches.size());
    for (std::size_t k = stretches.size(); k-- > 0;) {
      const ThreadId thread = stretches[k].thread;
      if (thread >= first_of_.size()) first_of_.resize(thread + 1, kNone);
      following_[k] = first_of_[thread];
      first_of_[thread] = k;
    }
  }
  const char* name() const override { return "follow-course"; }
  bool wants_every_step() const override { return true; }
  std::uint64_t event_kinds() const override { return 0; }

  bool begin_run(std::uint64_t) override {
    done_.clear();
    asked_.clear();
    next_of_ = first_of_;
    running_ = engine::kMainThread;
    return true;
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    const unsigned picked = pick(choice);
    running_ = choice.enabled[picked]->id();
    ++done_[running_];
    return picked;
  }
  unsigned pick_outcome(const engine::Operation&, unsigned count) override {
    const std::uint32_t number = asked_[running_]++;
    for (const engine::OutcomeOf& outcome : course_.outcomes) {
      if (outcome.thread == running_ && outcome.number == number) {
        return outcome.chosen < count ? outcome.chosen : 0;
      }
    }
    return 0;
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  /// The first of the thread's stretches that is not at its end; kNone when there is none.
  std::size_t next_of(ThreadId thread) {
    if (thread >= next_of_.size()) return kNone;
    std::size_t& next = next_of_[thread];
    while (next != kNone && done_[thread] >= course_.stretches[next].until) next = following_[next];
    return next;
  }
  unsigned pick(const engine::ThreadChoice& choice) {
    std::size_t first = kNone;
    unsigned picked = choice.current_index >= 0 ? static_cast<unsigned>(choice.current_index) : 0;
    for (unsigned i = 0; i < choice.enabled.size(); ++i) {
      const std::size_t next = next_of(choice.enabled[i]->id());
      if (next >= first) continue;
      first = next;
      picked = i;
    }
    return picked;
  }

  Course course_;
  PerThread done_, asked_;
  // Of each thread: its first stretch, and the one that it is at; of each stretch: its thread's
  // next.
  std::vector<std::size_t> first_of_, next_of_, following_;
  ThreadId running_ = engine::kMainThread;
};

class Logged final : public engine::Strategy {
 public:
  Logged(std::unique_ptr<engine::Strategy> inner, CourseLog* log)
      : inner_(std::move(inner)), log_(log) {}
  const char* name() const override { return inner_->name(); }
  bool wants_every_step() const override { return true; }
  std::uint64_t event_kinds() const override { return 0; }

  bool begin_run(std::uint64_t run) override {
    done_.clear();
    asked_.clear();
    log_->stretch_count = log_->outcome_count = 0;
    log_->truncated = false;
    running_ = engine::kMainThread;
    return inner_->begin_run(run);
  }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    const unsigned picked = choice.enabled.size() == 1 ? 0 : inner_->pick_thread(choice);
    running_ = choice.enabled[picked]->id();
    const std::uint32_t until = ++done_[running_];
    const std::uint32_t count = log_->stretch_count;
    if (count != 0 && log_->stretches[count - 1].thread == running_) {
      log_->stretches[count - 1].until = until;
    } else if (count < CourseLog::kMost) {
      log_->stretches[log_->stretch_count++] = {running_, until};
    } else {
      log_->truncated = true;
    }
    return picked;
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
    const unsigned chosen = inner_->pick_outcome(operation, count);
    const std::uint32_t number = asked_[running_]++;
    if (chosen != 0 && log_->outcome_count < CourseLog::kMost) {
      log_->outcomes[log_->outcome_count++] = {running_, number, chosen};
    }
    log_->truncated |= log_->outcome_count == CourseLog::kMost;
    return chosen;
  }

 private:
  std::unique_ptr<engine::Strategy> inner_;
  CourseLog* log_;
  PerThread done_, asked_;
  ThreadId running_ = engine::kMainThread;
};

}  // namespace

std::unique_ptr<engine::Strategy> make_follow_course(Course course) {
  return std::make_unique<FollowCourse>(std::move(course));
}

std::unique_ptr<engine::Strategy> make_logged(std::unique_ptr<engine::Strategy> inner,
                                              CourseLog* log) {
  return std::make_unique<Logged>(std::move(inner), log);
}

}  // namespace chicane::strategies
