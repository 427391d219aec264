// SPDX-License-Identifier: Apache-2.0
//
// The schedule: which thread goes on, and how a run begins and ends.
#include "engine/engine.h"

#include <algorithm>

#include "engine/journal.h"
#include "engine/scope.h"
#include "engine/seen_accesses.h"

namespace chicane::engine {

Engine& Engine::instance() {
  static Engine& engine = *new Engine;  // outlives the program's own last destructors
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
  all_looked_at_ = false;
  if (static_cast<std::uint32_t>(++generation_) == 0) ++generation_;
  quick_limit_ = recording_ || racy_count_ != 0 ? 0 : options.access_limit;
  g_quick_accesses = quick_limit_;
  special_accesses_ = 0;
  racy_accesses_ = 0;
  unlock_count_ = 0;
  strategy_kinds_ = strategy.event_kinds();
  strategy_wants_memory_ = strategy.wants_memory();
  fewest_to_choose_ = strategy.wants_every_step() ? 1 : 2;
  begin_monitors(monitors);
  Thread& main = add_thread(nullptr, nullptr, 0);
  current_ = &main;
  main.context_->switch_from(*driver_);           // returns when the run has ended
  g_shadow_stack = current_->context_->shadow();  // monitors may ask for the last thread's stack
  close_record();
  for (Monitor* monitor : monitors) monitor->end_run(end_);
  g_shadow_stack = ShadowStack{};
  if (g_access_stamp != 0) last_stamp_ = g_access_stamp;
  g_access_stamp = g_access_stamp_unit = 0;
  strategy.end_run(step_);
  recycle();
  return end_;
}

void Engine::begin_monitors(std::span<Monitor* const> monitors) {
  // Mostly they want what they wanted of the run before.
  bool as_before = access_sink_.read != nullptr && monitors.size() == watching_.size();
  watching_.resize(monitors.size());
  for (std::size_t i = 0; i < monitors.size(); ++i) {
    const Watching now{monitors[i], monitors[i]->begin_run(*this)};
    if (now == watching_[i]) continue;
    watching_[i] = now;
    as_before = false;
  }
  if (!as_before) attach_monitors();
  event_kinds_ = recording_ ? ~std::uint64_t{0} : strategy_kinds_ | monitor_kinds_;
  // Who watches only from a later step on is watched for then: see schedule().
  watch_from_ = std::min(last_step_ + 1, monitors_watch_from_);
  if (direct_ && quick_limit_ != 0) {
    g_access_stamp = last_stamp_;
    g_access_stamp_unit = kStampUnit;
    forget_seen();
  }
}

void Engine::attach_monitors() {
  event_monitors_.clear();
  edge_monitors_.clear();
  announce_monitors_.clear();
  memory_monitors_.clear();
  access_monitors_.clear();
  fair_monitors_.clear();
  monitor_kinds_ = 0;
  monitors_watch_from_ = ~std::uint64_t{0};
  for (const auto& [monitor, wants] : watching_) {
    if (wants.edges) edge_monitors_.push_back(monitor);
    if (wants.announcements) announce_monitors_.push_back(monitor);
    if (wants.memory) memory_monitors_.push_back(monitor);
    if (wants.accesses) access_monitors_.push_back(monitor);
    if (wants.fair_accesses) fair_monitors_.push_back(monitor);
    if (wants.events == 0) continue;
    event_monitors_.push_back({monitor, wants.events, wants.events_from_step});
    if (wants.events_from_step == 0) {
      monitor_kinds_ |= wants.events;
    } else {
      monitors_watch_from_ = std::min(monitors_watch_from_, wants.events_from_step);
    }
  }
  // A single one may take accesses, memory and edges without a detour.
  access_sink_ = own_sink();
  memory_sink_ = own_memory_sink();
  edge_sink_ = {&Engine::tell_acquire, &Engine::tell_release, this};
  direct_ = false;
  if (access_monitors_.size() == 1) {
    const AccessSink sink = access_monitors_[0]->access_sink();
    direct_ = sink.read != nullptr;
    if (direct_) access_sink_ = sink;
    if (direct_ && memory_monitors_.size() == 1 && memory_monitors_[0] == access_monitors_[0]) {
      const MemorySink memory = memory_monitors_[0]->memory_sink();
      if (memory.allocate != nullptr) memory_sink_ = memory;
    }
  }
  if (edge_monitors_.size() == 1) {
    const EdgeSink sink = edge_monitors_[0]->edge_sink();
    if (sink.acquire != nullptr) edge_sink_ = sink;
  }
}

/// Who can go on, at a glance; `note` is told of each thread.
template <typename Note>
[[gnu::always_inline]] inline Engine::Look Engine::look_at_all(const Note& note) {
  Thread** const enabled = enabled_.data();
  Look look;
  // Without branches on who is ready: in a random walk they would be mispredicted.
  for (Thread* thread : live_) {
    const std::int32_t gate = *thread->gate_;
    const bool ready = gate == 0;
    look.gates |= gate;
    thread->enabled_ = ready;
    thread->index_ = look.enabled;
    enabled[look.enabled] = thread;
    look.enabled += ready;
    note(thread);
  }
  return look;
}

[[gnu::always_inline]] inline std::size_t Engine::collect_enabled() {
  const Look look = live_.size() < kMany ? look_at_all([](Thread*) {}) : look_among_many();
  if (look.gates < 0) [[unlikely]]
    return collect_asking();
  current_index_ = current_->enabled_ ? static_cast<int>(current_->index_) : -1;
  return look.enabled;
}

// Most of many threads stand before operations that never block: while the running one does, too,
// only the others are looked at, and all when one of them has changed.
Engine::Look Engine::look_among_many() {
  std::int32_t gates = 0;
  bool as_before = all_looked_at_ && current_->gate_ == &kNotBlocked;
  for (std::size_t i = 0; as_before && i < gated_count_; ++i) {
    const std::int32_t gate = *gated_[i]->gate_;
    gates |= gate;
    as_before = (gate == 0) == gated_[i]->enabled_;
  }
  if (as_before) return {enabled_count_, gates};
  all_looked_at_ = true;
  gated_.resize(live_.size());
  std::size_t count = 0;
  const Look look = look_at_all([&](Thread* thread) {
    gated_[count] = thread;
    count += thread->gate_ != &kNotBlocked;
  });
  gated_count_ = count;
  enabled_count_ = look.enabled;
  return look;
}

// The running thread, which has ended, is no longer among the live ones.
void Engine::drop_from_enabled() {
  all_looked_at_ = all_looked_at_ && live_.size() >= kMany;
  if (!all_looked_at_) return;
  --enabled_count_;
  for (std::uint32_t i = current_->index_; i < enabled_count_; ++i) {
    enabled_[i] = enabled_[i + 1];
    enabled_[i]->index_ = i;
  }
}

// The same where some operation has a condition or a deadline of its own.
std::size_t Engine::collect_asking() {
  all_looked_at_ = false;
  std::size_t count = 0;
  Time earliest = kNever;
  current_index_ = -1;
  for (Thread* thread : live_) {
    thread->by_timeout_ = false;
    thread->enabled_ = thread->pending_.is_ready();
    if (thread->enabled_) {
      if (thread == current_) current_index_ = static_cast<int>(count);
      enabled_[count++] = thread;
    } else {
      earliest = std::min(earliest, thread->pending_.deadline);
    }
  }
  return earliest == kNever ? count : add_timed_out(earliest);
}

// A time-out may happen as soon as no earlier one is left: the machine may be as slow as it likes,
// so it need not wait for the others.
std::size_t Engine::add_timed_out(Time earliest) {
  const Time due = std::max(earliest, now_);
  std::size_t count = 0;
  for (Thread* thread : live_) {
    if (!thread->enabled_ && thread->pending_.deadline <= due) {
      thread->by_timeout_ = true;
      thread->enabled_ = true;
    }
    if (!thread->enabled_) continue;
    if (thread == current_) current_index_ = static_cast<int>(count);
    enabled_[count++] = thread;
  }
  return count;
}

Thread* Engine::choose_thread(std::size_t count) {
  if (step_ >= fair_from_) {
    // Fair, and no choice: a function of the step. Not in turns: two threads that back off from
    // each other in step would do so for ever.
    return enabled_[((step_ * 0x9e3779b97f4a7c15ull) >> 32) % count];
  }
  const ThreadChoice choice{{enabled_.data(), count}, current_->id_, current_index_, step_};
  unsigned index = strategy_->pick_thread(choice);
  if (index >= count) index = 0;
  Thread* next = enabled_[index];
  if (count == 1) return next;
  next_forced_ = current_index_ >= 0 && next != current_;
  journal_->add_choice({.chosen = next->id_,
                        .alternatives = static_cast<std::uint16_t>(count),
                        .kind = next->pending_.kind,
                        .is_outcome = 0,
                        .forced = next_forced_});
  return next;
}

[[gnu::always_inline]] inline void Engine::go_on() {
  std::size_t count = collect_enabled();
  while (count == 0) [[unlikely]] {
    const bool look_again = !live_.empty() && on_standstill != nullptr && on_standstill(*this);
    if (!look_again) leave(live_.empty() ? RunEnd::kFinished : RunEnd::kStuck);
    count = collect_enabled();
  }
  Thread* next = count < fewest_to_choose_ ? enabled_[0] : choose_thread(count);
  if (++step_ >= watch_from_) [[unlikely]] {
    if (step_ > last_step_) leave(RunEnd::kStepLimit);
    event_kinds_ = ~std::uint64_t{0};
    if (step_ >= fair_from_ && !fair_monitors_.empty()) quick_limit_ = 0;
  }
  journal_->note_step(step_, next->id_);
  forget_seen();
  g_quick_accesses = quick_limit_;
  special_accesses_ = 0;
  if (next->by_timeout_ && next->pending_.deadline > now_) now_ = next->pending_.deadline;
  if (next == current_) return;
  Context& from = *current_->context_;
  current_ = next;
  next->context_->switch_from(from);
}

void Engine::schedule() { go_on(); }

bool Engine::perform_pending() {
  Scope scope;
  Thread& me = *current_;
  last_site_ = me.pending_.site;
  me.by_timeout_ = false;
  if (recording_) [[unlikely]]
    close_record();
  for (Monitor* monitor : announce_monitors_) monitor->on_announce(me.id_, me.pending_);
  go_on();
  last_site_ = me.pending_.site;  // others ran meanwhile
  // A time-out may have made it ready after all: a timer's channel is filled by its deadline.
  return !me.by_timeout_ || me.pending_.is_ready();
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

void Engine::grow_held() {
  Scope scope;
  Thread& me = *current_;
  constexpr std::uint32_t kFirst = 8;
  const std::uint32_t capacity = me.held_capacity_ == 0 ? kFirst : 2 * me.held_capacity_;
  auto* larger = new HeldLock[capacity];
  std::copy_n(me.held_, me.held_count_, larger);
  delete[] me.held_;
  me.held_ = larger;
  me.held_capacity_ = capacity;
}

void Engine::drop_held_below(Thread& owner, const void* object) {
  for (std::uint32_t i = owner.held_count_; i-- > 0;) {
    if (owner.held_[i].object != object) continue;
    std::copy(owner.held_ + i + 1, owner.held_ + owner.held_count_, owner.held_ + i);
    --owner.held_count_;
    return;
  }
}

const Unlocked* Engine::last_unlock(ThreadId thread, const void* object,
                                    std::uint64_t before) const {
  const std::uint64_t oldest = unlock_count_ > kUnlocks ? unlock_count_ - kUnlocks : 0;
  for (std::uint64_t i = unlock_count_; i-- > oldest;) {
    const Unlocked& unlocked = unlocked_[i % kUnlocks];
    if (unlocked.object != object || unlocked.thread != thread) continue;
    if (unlocked.step < before) return &unlocked;
  }
  return nullptr;
}

void Engine::tell(OpKind kind, Outcome outcome, const void* object, const void* site,
                  std::uint64_t value, const void* other) {
  Scope scope;
  if (recording_) [[unlikely]]
    record(kind, outcome, object, site, value, other, 0);
  deliver({kind, outcome, current_->id_, object, other, site, value, step_});
}

void Engine::deliver(const Event& event) {
  const std::uint64_t kind = std::uint64_t{1} << static_cast<unsigned>(event.kind);
  const bool misuse = is_misuse(event.outcome);
  for (const EventMonitor& wants : event_monitors_) {
    if (((wants.kinds & kind) == 0 && !misuse) || event.step < wants.from_step) continue;
    wants.monitor->on_event(event);
  }
  const bool failed = event.outcome != Outcome::kDone;
  if ((strategy_kinds_ & kind) != 0 || (failed && strategy_kinds_ != 0)) strategy_->on_event(event);
}

void Engine::tell_acquire(void* engine, ThreadId thread, const void* sync) {
  Scope scope;
  for (Monitor* monitor : static_cast<Engine*>(engine)->edge_monitors_) {
    monitor->on_acquire(thread, sync);
  }
}

void Engine::tell_release(void* engine, ThreadId thread, const void* sync) {
  Scope scope;
  for (Monitor* monitor : static_cast<Engine*>(engine)->edge_monitors_) {
    monitor->on_release(thread, sync);
  }
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
