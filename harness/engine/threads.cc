// SPDX-License-Identifier: Apache-2.0
//
// Life and death of virtual threads.
#include <pthread.h>
#include <unwind.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/engine.h"
#include "engine/journal.h"
#include "engine/lack.h"
#include "engine/scope.h"

namespace chicane::engine {

void Monitor::on_create(ThreadId creator, const Thread& created) {
  on_release(creator, created.start_sync());
}
void Monitor::on_begin(const Thread& thread) { on_acquire(thread.id(), thread.start_sync()); }
void Monitor::on_end(const Thread& thread) { on_release(thread.id(), thread.end_sync()); }
void Monitor::on_join(ThreadId joiner, const Thread& ended) {
  on_acquire(joiner, ended.end_sync());
}

void Engine::prepare_threads(std::size_t count) {
  // ThreadSanitizer would take the inherited ones for threads that ended unseen.
  if (!has_real_tsan()) pool_.prepare(count);
}

Thread& Engine::add_thread(void* (*body)(void*), void* argument, std::size_t stack_size) {
  if (thread_count_ == all_.size()) all_.push_back(new Thread);
  Thread& thread = *all_[thread_count_];
  thread.id_ = static_cast<ThreadId>(thread_count_++);
  journal_->counters().threads = std::max(journal_->counters().threads, thread.id_ + 1);
  thread.parent_ = thread.id_ == kMainThread ? kNoThread : current_->id_;
  thread.running_ = 1;
  thread.is_goroutine_ = thread.joined_ = thread.detached_ = false;
  thread.by_timeout_ = false;
  thread.enabled_ = true;
  thread.pending_ = {.kind = OpKind::kThreadStart};
  thread.gate_ = gate_of(thread.pending_);
  thread.body_ = body;
  thread.argument_ = argument;
  thread.result_ = nullptr;
  thread.held_count_ = 0;
  thread.destructors_.clear();
  thread.created_at_.depth = 0;
  thread.spin_site_ = thread.spin_address_ = nullptr;
  thread.clock_readings_ = 0;
  thread.throw_site_ = nullptr;
  thread.door_ = {};
  thread.context_ = pool_.take(&Engine::thread_entry, stack_size);
  if (thread.context_ == nullptr) {
    char what[160];
    std::snprintf(what, sizeof what,
                  "a thread beyond the %zu of this run, or its stack: is the address space or the "
                  "number of processes limited (ulimit -v, ulimit -u)?",
                  thread_count_ - 1);
    lack(what);
  }
  thread.predecessor_ = thread.context_->occupy(generation_, thread.id_);
  live_.push_back(&thread);
  all_looked_at_ = false;
  if (enabled_.size() < live_.size()) enabled_.resize(live_.size());
  return thread;
}

void Engine::note_thread(const Thread& thread) {
  ThreadRecord* record = journal_->add_thread();
  if (record == nullptr) return;
  record->id = thread.id_;
  record->parent = thread.parent_;
  record->is_goroutine = thread.is_goroutine_;
  record->created_at = thread.created_at_;
}

Thread& Engine::spawn(void* (*body)(void*), void* argument, const SpawnOptions& options) {
  Scope scope;
  Thread& thread = add_thread(body, argument, options.stack_size);
  thread.is_goroutine_ = options.is_goroutine;
  thread.detached_ = options.detached;
  if (recording_) {
    close_record();
    thread.created_at_ = stack_of(*current_, options.site);
  }
  if (recording_) note_thread(thread);
  for (Monitor* monitor : edge_monitors_) monitor->on_create(current_->id_, thread);
  emit(OpKind::kThreadCreate, Outcome::kDone, &thread, options.site, thread.id_,
       reinterpret_cast<const void*>(static_cast<std::uintptr_t>(thread.id_)));
  return thread;
}

void Engine::thread_entry() { instance().run_thread(); }

void Engine::run_thread() {
  Thread& me = *current_;
  // The borrowed thread ended its last life inside the engine, with ThreadSanitizer looking away.
  if (has_real_tsan() && me.context_->set_looking_away(false)) __tsan_ignore_thread_end();
  if (me.id_ == kMainThread) {
    if (recording_) note_thread(me);
    journal_->note_step(++step_, me.id_);
  }
  for (Monitor* monitor : edge_monitors_) monitor->on_begin(me);
  emit(OpKind::kThreadStart, Outcome::kDone, &me, nullptr);
  active_ = this;
  if (me.id_ == kMainThread) {
    (*program_)();
  } else {
    me.result_ = me.body_(me.argument_);
  }
  finish_thread();
}

void Engine::destroy_thread_locals() {
  Thread& thread = *current_;
  while (!thread.destructors_.empty()) {
    const ThreadLocalDestructor last = thread.destructors_.back();
    thread.destructors_.pop_back();
    last.destroy(last.object);
  }
}

void Engine::run_destructors() {
  if (!current_->destructors_.empty()) destroy_thread_locals();
  for (const Key& key : keys_) {
    if (pthread_getspecific(key.number) != nullptr) return destroy_values();
  }
}

void Engine::destroy_values() {
  // A destructor may set values anew. What is there after the last round is forgotten: the next
  // thread of this context begins with none.
  bool again = true;
  for (int round = 0; again && round <= PTHREAD_DESTRUCTOR_ITERATIONS; ++round) {
    again = false;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const Key key = keys_[i];  // a destructor may make and delete others
      void* value = pthread_getspecific(key.number);
      if (value == nullptr) continue;
      pthread_setspecific(key.number, nullptr);
      if (round < PTHREAD_DESTRUCTOR_ITERATIONS) key.destroy(value);
      again = true;
    }
  }
}

void Engine::finish_thread() {
  Thread& me = *current_;
  if (forgotten_) [[unlikely]]
    std::exit(0);
  run_destructors();  // the program's code: other threads may run here
  if (options_.end_process != nullptr && live_.size() == 1) options_.end_process();
  active_ = nullptr;
  if (has_real_tsan()) {
    me.context_->set_looking_away(true);
    __tsan_ignore_thread_begin();
  }
  if (recording_) close_record();
  emit(OpKind::kThreadExit, me.held_count_ == 0 ? Outcome::kDone : Outcome::kHeldAtExit, &me,
       nullptr);
  for (Monitor* monitor : edge_monitors_) monitor->on_end(me);
  me.running_ = 0;
  me.enabled_ = false;
  auto at = live_.begin();
  while (*at != &me) ++at;
  live_.erase(at);
  drop_from_enabled();
  if (me.id_ == kMainThread && options_.end_process == nullptr) {
    // What the others still do is theirs to end soon.
    constexpr std::uint64_t kDrainSteps = 1000;
    fair_from_ = std::min(fair_from_, step_ + kDrainSteps);
    last_step_ = std::min(last_step_, step_ + 2 * kDrainSteps);
    watch_from_ = std::min(watch_from_, last_step_ + 1);
  }
  // A joiner may still ask for this pthread handle: the context stays taken until it did.
  if (me.detached_) pool_.give_back(me.context_);
  schedule();
  __builtin_trap();  // a finished thread is not resumed
}

bool Engine::join(Thread& thread, void** result, const void* site, Time deadline) {
  const bool done = perform({.kind = OpKind::kThreadJoin,
                             .object = &thread,
                             .site = site,
                             .deadline = deadline,
                             .blocked_while = &thread.running_});
  if (!done) {
    emit(OpKind::kThreadJoin, Outcome::kTimedOut, &thread, site, thread.id_);
    return false;
  }
  finish_join(thread, result, site);
  return true;
}

void Engine::finish_join(Thread& thread, void** result, const void* site) {
  Scope scope;
  for (Monitor* monitor : edge_monitors_) monitor->on_join(current_->id_, thread);
  thread.joined_ = true;
  if (result != nullptr) *result = thread.result_;
  emit(OpKind::kThreadJoin, Outcome::kDone, &thread, site, thread.id_,
       reinterpret_cast<const void*>(static_cast<std::uintptr_t>(thread.id_)));
  pool_.give_back(thread.context_);
}

void Engine::detach(Thread& thread, const void* site) {
  thread.detached_ = true;
  emit(OpKind::kThreadDetach, Outcome::kDone, &thread, site, thread.id_);
  Scope scope;
  if (thread.finished()) pool_.give_back(thread.context_);
}

void Engine::recycle() {
  for (std::size_t i = 0; i < thread_count_; ++i) {
    Thread& thread = *all_[i];
    const bool given_back = thread.finished() && (thread.joined_ || thread.detached_);
    if (!given_back) pool_.give_back(thread.context_);  // also of who ran when the process ended
  }
}

Thread* Engine::find_thread(std::uint64_t pthread_handle) {
  // From the newest: an ended thread's handle may have come back with a later one.
  for (std::size_t i = thread_count_; i-- > 0;) {
    if (all_[i]->context_->handle() == pthread_handle) return all_[i];
  }
  return nullptr;
}

std::uint64_t Engine::pthread_handle(const Thread& thread) const {
  return thread.context_->handle();
}

void Engine::at_thread_exit(void (*destroy)(void*), void* object) {
  Scope scope;
  current_->destructors_.push_back({destroy, object});
}

void Engine::add_key(unsigned key, void (*destroy)(void*)) {
  Scope scope;
  keys_.push_back({key, destroy != nullptr ? destroy : [](void*) {}});
}

void Engine::remove_key(unsigned key) {
  std::erase_if(keys_, [key](const Key& in_use) { return in_use.number == key; });
}

void Engine::exit_thread(void* result) {
  current_->result_ = result;
  // Unwinds every frame (destructors run) down to the fiber's first, then ends the thread.
  static_assert(sizeof(_Unwind_Exception) <= sizeof current_->unwinding_);
  auto* unwinding = reinterpret_cast<_Unwind_Exception*>(current_->unwinding_);
  std::memset(current_->unwinding_, 0, sizeof current_->unwinding_);
  // A `catch (...)` that does not let it go on is the program's end, as it is with the C library.
  unwinding->exception_cleanup = [](_Unwind_Reason_Code, _Unwind_Exception*) { std::abort(); };
  const auto stop = [](int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception*,
                       _Unwind_Context* frame, void* self) -> _Unwind_Reason_Code {
    auto& engine = *static_cast<Engine*>(self);
    if (on_unwinding != nullptr) {
      on_unwinding(*engine.current_, reinterpret_cast<const void*>(_Unwind_GetCFA(frame)));
    }
    if ((actions & _UA_END_OF_STACK) != 0) engine.finish_thread();
    return _URC_NO_REASON;
  };
  _Unwind_ForcedUnwind(unwinding, stop, this);
  finish_thread();
}

}  // namespace chicane::engine
