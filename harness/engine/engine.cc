// SPDX-License-Identifier: Apache-2.0
//
// The schedule: which thread goes on, and how a run begins and ends.
#include "engine/engine.h"

#include <algorithm>

#include "engine/journal.h"
#include "engine/scope.h"

namespace chicane::engine {

Engine& Engine::instance() {
  static Engine engine;
  return engine;
}

RunEnd Engine::run(const std::function<void()>& program, Strategy& strategy,
                   std::span<Monitor* const> monitors, Journal& journal,
                   const RunOptions& options) {
  if (driver_ == nullptr) driver_ = Context::adopt_caller();
  strategy_ = &strategy;
  journal_ = &journal;
  program_ = &program;
  options_ = options;
  recording_ = journal.recording();
  now_ = 0;
  step_ = 0;
  fair_from_ = options.step_limit;
  last_step_ = options.step_limit + options.fair_steps;
  next_forced_ = false;
  last_site_ = nullptr;
  open_record_ = nullptr;
  thread_count_ = 0;
  live_.clear();
  if (static_cast<std::uint32_t>(++generation_) == 0) ++generation_;
  event_monitors_.clear();
  edge_monitors_.clear();
  announce_monitors_.clear();
  strategy_wants_events_ = strategy.wants_events();
  access_monitors_.clear();
  all_monitors_.assign(monitors.begin(), monitors.end());
  for (Monitor* monitor : monitors) {
    if (monitor->wants_edges()) edge_monitors_.push_back(monitor);
    if (monitor->wants_announcements()) announce_monitors_.push_back(monitor);
    if (monitor->wants_accesses()) access_monitors_.push_back(monitor);
    monitor->begin_run(*this);
    event_monitors_.push_back({monitor, monitor->event_kinds(), monitor->events_from_step()});
  }
  // Who watches only from a later step on is watched for then: see schedule().
  watch_from_ = last_step_ + 1;
  event_kinds_ = recording_ || strategy_wants_events_ ? ~std::uint64_t{0} : 0;
  for (const EventMonitor& wants : event_monitors_) {
    if (wants.from_step == 0) {
      event_kinds_ |= wants.kinds;
    } else {
      watch_from_ = std::min(watch_from_, wants.from_step);
    }
  }
  Thread& main = add_thread(nullptr, nullptr);
  current_ = &main;
  main.context_->switch_from(*driver_);           // returns when the run has ended
  g_shadow_stack = current_->context_->shadow();  // monitors may ask for the last thread's stack
  close_record();
  for (Monitor* monitor : monitors) monitor->end_run(end_);
  g_shadow_stack = ShadowStack{};
  strategy.end_run(step_);
  recycle();
  return end_;
}

std::size_t Engine::collect_enabled() {
  Thread** enabled = enabled_.data();
  std::size_t count = 0;
  Time earliest = kNever;
  for (Thread* thread : live_) {
    const Operation& pending = thread->pending_;
    thread->by_timeout_ = false;
    thread->enabled_ = pending.ready == nullptr || pending.ready(pending);
    if (thread->enabled_) {
      enabled[count++] = thread;
    } else if (pending.deadline < earliest) {
      earliest = pending.deadline;
    }
  }
  if (earliest == kNever) return count;
  // A time-out may happen as soon as no earlier one is left: the machine may be as slow as it
  // likes, so it need not wait for the others.
  const Time due = std::max(earliest, now_);
  count = 0;
  for (Thread* thread : live_) {
    if (!thread->enabled_ && thread->pending_.deadline <= due) {
      thread->by_timeout_ = true;
      thread->enabled_ = true;
    }
    if (thread->enabled_) enabled_[count++] = thread;
  }
  return count;
}

Thread* Engine::choose_thread(std::size_t count) {
  if (step_ >= fair_from_) {
    // Fair, and no choice: a function of the step. Not in turns: two threads that back off from
    // each other in step would do so for ever.
    return enabled_[((step_ * 0x9e3779b97f4a7c15ull) >> 32) % count];
  }
  ThreadChoice choice{{enabled_.data(), count}, current_->id_, -1, step_};
  for (std::size_t i = 0; i < count; ++i) {
    if (enabled_[i] == current_) choice.current_index = static_cast<int>(i);
  }
  unsigned index = strategy_->pick_thread(choice);
  if (index >= count) index = 0;
  Thread* next = enabled_[index];
  const bool forced = choice.current_index >= 0 && next != current_;
  journal_->add_choice({.chosen = next->id_,
                        .alternatives = static_cast<std::uint16_t>(count),
                        .kind = next->pending_.kind,
                        .is_outcome = 0,
                        .forced = forced});
  next_forced_ = forced;
  return next;
}

Thread* Engine::pick_next() {
  const std::size_t count = collect_enabled();
  if (count == 0) return nullptr;
  Thread* next = count == 1 ? enabled_[0] : choose_thread(count);
  return next;
}

void Engine::schedule() {
  Thread* next = pick_next();
  if (next == nullptr) leave(live_.empty() ? RunEnd::kFinished : RunEnd::kStuck);
  if (++step_ >= watch_from_) [[unlikely]] {
    if (step_ > last_step_) leave(RunEnd::kStepLimit);
    event_kinds_ = ~std::uint64_t{0};
  }
  journal_->counters().step = step_;
  journal_->counters().thread = next->id_;
  if (next->by_timeout_ && next->pending_.deadline > now_) now_ = next->pending_.deadline;
  if (next == current_) return;
  Context& from = *current_->context_;
  current_ = next;
  next->context_->switch_from(from);
}

bool Engine::perform(const Operation& operation) {
  Scope scope;
  Thread& me = *current_;
  me.pending_ = operation;
  last_site_ = operation.site;
  me.accesses_since_operation_ = 0;
  if (recording_) close_record();
  for (Monitor* monitor : announce_monitors_) monitor->on_announce(me.id_, operation);
  schedule();
  // A time-out may have made it ready after all: a timer's channel is filled by its deadline.
  return !me.by_timeout_ || (operation.ready != nullptr && operation.ready(operation));
}

unsigned Engine::choose(const Operation& operation, unsigned count) {
  if (count <= 1) return 0;
  Scope scope;
  unsigned index = 0;
  if (step_ < fair_from_) {
    index = strategy_->pick_outcome(operation, count);
    if (index >= count) index = 0;
    journal_->add_choice({.chosen = index,
                          .alternatives = static_cast<std::uint16_t>(count),
                          .kind = operation.kind,
                          .is_outcome = 1,
                          .forced = 0});
  }
  return index;
}

void Engine::leave(RunEnd end) {
  end_ = end;
  Context& from = *current_->context_;
  driver_->switch_from(from);
  __builtin_trap();  // an ended run is not resumed
}

void Engine::end_run(RunEnd end) {
  active_ = nullptr;
  leave(end);
}

void Engine::drop_held(Thread& owner, const void* object) {
  auto& held = owner.held_;
  for (std::size_t i = held.size(); i-- > 0;) {
    if (held[i].object != object) continue;
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

void Engine::add_held(OpKind kind, const void* object, const void* site) {
  const bool shared = kind == OpKind::kReadLock || kind == OpKind::kTryReadLock;
  current_->held_.push_back({object, site, step_, shared});
}

void Engine::emit(OpKind kind, Outcome outcome, const void* object, const void* site,
                  std::uint64_t value, const void* other) {
  // An unlock is seen while the lock still counts as held, a lock when it does already.
  const bool lock =
      outcome == Outcome::kDone && kind >= OpKind::kLock && kind <= OpKind::kReadUnlock;
  const bool unlock = kind == OpKind::kUnlock || kind == OpKind::kReadUnlock;
  if (lock && !unlock) add_held(kind, object, site);
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(kind);
  if ((event_kinds_ & bit) != 0 || is_misuse(outcome)) {
    Scope scope;
    if (recording_) [[unlikely]]
      record(kind, outcome, object, site, value, other, 0);
    deliver({kind, outcome, current_->id_, object, other, site, value, step_});
  }
  if (lock && unlock) drop_held(*current_, object);
}

void Engine::deliver(const Event& event) {
  const std::uint64_t kind = std::uint64_t{1} << static_cast<unsigned>(event.kind);
  const bool misuse = is_misuse(event.outcome);
  for (const EventMonitor& wants : event_monitors_) {
    if (((wants.kinds & kind) == 0 && !misuse) || event.step < wants.from_step) continue;
    wants.monitor->on_event(event);
  }
  if (strategy_wants_events_) strategy_->on_event(event);
}

void Engine::acquire(const void* sync) {
  Scope scope;
  for (Monitor* monitor : edge_monitors_) monitor->on_acquire(current_->id_, sync);
}

void Engine::release(const void* sync) {
  Scope scope;
  for (Monitor* monitor : edge_monitors_) monitor->on_release(current_->id_, sync);
}

void Engine::release_store(const void* sync) {
  Scope scope;
  for (Monitor* monitor : edge_monitors_) monitor->on_release_store(current_->id_, sync);
}

Time Engine::read_clock(const void* site) {
  perform({.kind = OpKind::kClock, .site = site});
  // Doubling, from a microsecond to a tenth of a second: a loop that polls the clock ends, and the
  // times of a program that looks at it now and then stay small.
  constexpr unsigned kLongest = 17;
  const unsigned readings = std::min(current_->clock_readings_++, kLongest);
  now_ += Time{1000} << readings;
  return now_;
}

}  // namespace chicane::engine
