// SPDX-License-Identifier: Apache-2.0
//
// Primitives used against their contract. The front doors keep each primitive's state machine and
// say when an operation has no transition (`is_misuse`); this monitor names the mistake, and adds
// the event that made it one.
//
//   operation                 outcome             kind                  sites
//   unlock                    any of the three    double-unlock         unlock, unlocked  (1)
//   unlock                    not-locked          unlock-of-unlocked    unlock
//   unlock                    not-owner           unlock-by-non-owner   unlock
//   lock                      already-owned       self-deadlock         holds, waits
//   wait                      wait-without-lock   wait-without-lock     wait
//                             wait-with-other-lock wait-with-other-lock wait
//   send, select              closed              send-on-closed        send, closed
//   close                     closed              close-of-closed       close, closed
//   close                     nil                 close-of-nil          close
//   wg-add                    negative            negative-waitgroup    add
//   wg-add, wg-wait           reused              waitgroup-misuse      add, wait
//   map-read, map-write       concurrent-access   concurrent-map-access read, write   (2)
//   any                       use-after-put       use-after-put         use, put
//   any                       copied              copied-lock           use
//   destroy                   destroyed-busy      destroyed-in-use      destroy
//   any                       wrong-type          wrong-type            store
//
// Elsewhere: lock-leak and goroutine-leak in leak.cc; rwlock-upgrade, a once that calls itself, a
// lost signal, and the copy of a held lock in deadlock.cc; a read lock in a read lock in
// lock_order.h; a lock or condition that dies in use in lifetime.cc; a thread that outlives what it
// uses in dead_stack.cc and race.cc; calls in a signal handler in interpose/signal.h; a wait
// without a predicate shows what it does when the sched leg lets waits return without a signal; a
// thread that is not joined ends the program (uncaught-panic).
//
// (1) when the same thread has unlocked it before, and does not hold it; (2) the other access is
// the last one of another thread. A receive from a closed channel is no misuse. Uncaught panics are
// the engine's.
//
// Thread safety: engine context. Cost: 1 ns per event.
#include <string>

#include "monitors/address_table.h"
#include "monitors/event_mask.h"
#include "monitors/monitors.h"
#include "monitors/wording.h"

namespace chicane::monitors {
namespace {

using engine::Engine;
using engine::Event;
using engine::Finding;
using engine::OpKind;
using engine::Outcome;
using engine::Wants;

/// An earlier event that may turn out to be one half of a mistake.
struct Earlier {
  engine::ThreadId thread = engine::kNoThread;
  OpKind kind = OpKind::kClose;
  const void* site = nullptr;
  std::uint64_t step = 0;
};

class MisuseMonitor final : public engine::Monitor {
 public:
  Wants begin_run(Engine& engine) override {
    engine_ = &engine;
    destroyed_.clear();
    closes_.clear();
    puts_.clear();
    maps_.clear();
    waitgroups_.clear();
    return {.events = kRemembered};
  }
  void on_event(const Event& event) override {
    if (engine::is_misuse(event.outcome)) [[unlikely]]
      judge(event);
    if (in_mask(event.kind, kRemembered)) remember(event);
  }

 private:
  static constexpr std::uint64_t kRemembered =
      event_mask(OpKind::kMutexDestroy, OpKind::kClose, OpKind::kPoolPut, OpKind::kWaitGroupAdd,
                 OpKind::kWaitGroupWait, OpKind::kMapRead, OpKind::kMapWrite);
  void remember(const Event& event);
  void judge(const Event& event);
  void judge_unlock(const Event& event);
  void judge_relock(const Event& event);
  void judge_closed(const Event& event);
  void judge_waitgroup(const Event& event);
  void judge_map(const Event& event);
  void judge_put(const Event& event);
  void simple(const Event& event, const char* kind, const char* what, const char* role);
  Finding* begin(const Event& event, const char* kind, const std::string& what);
  void add_now(Finding* finding, const Event& event, const char* role, const std::string& detail);
  void add_earlier(Finding* finding, const Event& event, const Earlier* earlier, const char* role,
                   const char* detail);

  Engine* engine_ = nullptr;
  AddressTable<std::uint64_t> destroyed_;
  AddressTable<Earlier> closes_, puts_, waitgroups_;
  struct MapAccesses {
    Earlier last, last_of_another;
  };
  AddressTable<MapAccesses> maps_;
};

void MisuseMonitor::remember(const Event& event) {
  const Earlier now{event.thread, event.kind, event.site, event.step};
  switch (event.kind) {
    case OpKind::kMutexDestroy:
      destroyed_[event.object] = event.step;
      break;
    case OpKind::kClose:
      if (event.outcome == Outcome::kDone) closes_[event.object] = now;
      break;
    case OpKind::kPoolPut:
      if (event.outcome != Outcome::kDone) break;
      puts_[event.object] = now;
      if (event.other != nullptr) puts_[event.other] = now;
      break;
    case OpKind::kWaitGroupAdd:
    case OpKind::kWaitGroupWait:
      waitgroups_[event.object] = now;
      break;
    case OpKind::kMapRead:
    case OpKind::kMapWrite: {
      MapAccesses& accesses = maps_[event.object];
      if (accesses.last.thread != event.thread) accesses.last_of_another = accesses.last;
      accesses.last = now;
      break;
    }
    default:
      break;
  }
}

void MisuseMonitor::judge(const Event& event) {
  switch (event.outcome) {
    case Outcome::kNotLocked:
    case Outcome::kDoubleUnlock:
      return judge_unlock(event);
    case Outcome::kNotOwner:
      return judge_unlock(event);
    case Outcome::kAlreadyOwned:
      return judge_relock(event);
    case Outcome::kWaitWithoutLock:
      return simple(event, "wait-without-lock", "waits on a condition without holding its lock",
                    "wait");
    case Outcome::kWaitWithOtherLock:
      return simple(event, "wait-with-other-lock",
                    "waits on a condition with another lock than those who wait already", "wait");
    case Outcome::kClosed:
      return judge_closed(event);
    case Outcome::kNil:
      if (event.kind != OpKind::kClose) return;
      return simple(event, "close-of-nil", "closes a nil channel", "close");
    case Outcome::kNegative:
      return simple(event, "negative-waitgroup", "takes a WaitGroup's counter below zero", "add");
    case Outcome::kReused:
      return judge_waitgroup(event);
    case Outcome::kDestroyedBusy:
      return simple(event, "destroyed-in-use",
                    "destroys a lock or condition that others hold or wait for", "destroy");
    case Outcome::kConcurrentAccess:
      return judge_map(event);
    case Outcome::kUseAfterPut:
      return judge_put(event);
    case Outcome::kWrongType:
      return simple(event, "wrong-type", "stores a value of another type than the first", "store");
    case Outcome::kCopied:
      return simple(event, "copied-lock", "uses a copy of a primitive that was in use", "use");
    case Outcome::kHeldAtExit:  // leak.cc
    case Outcome::kPanicked:    // the engine, when nobody catches it
    case Outcome::kDone:
    case Outcome::kTimedOut:
    case Outcome::kWouldBlock:
    case Outcome::kFailed:
      return;
  }
}

Finding* MisuseMonitor::begin(const Event& event, const char* kind, const std::string& what) {
  const std::string who = name_of(*engine_->threads()[event.thread]);
  return engine_->report(kind, who + " " + what, event.object);
}

void MisuseMonitor::add_now(Finding* finding, const Event& event, const char* role,
                            const std::string& detail) {
  engine_->add_site(finding, role, event.thread, event.site, true, 0, detail, event.object);
}

void MisuseMonitor::add_earlier(Finding* finding, const Event& event, const Earlier* earlier,
                                const char* role, const char* detail) {
  if (earlier == nullptr || earlier->thread == engine::kNoThread) return;
  engine_->add_site(finding, role, earlier->thread, earlier->site, false, earlier->step, detail,
                    event.object);
}

void MisuseMonitor::simple(const Event& event, const char* kind, const char* what,
                           const char* role) {
  add_now(begin(event, kind, what), event, role, "");
}

void MisuseMonitor::judge_unlock(const Event& event) {
  // A thread that unlocked it before and unlocks it again made the same mistake in every schedule,
  // whether nobody has it now or another thread has taken it in between.
  const engine::Unlocked* earlier = engine_->last_unlock(event.thread, event.object);
  const std::uint64_t* destroyed = destroyed_.find(event.object);
  if (earlier != nullptr && (destroyed == nullptr || earlier->step > *destroyed)) {
    Finding* finding = begin(event, "double-unlock", "unlocks a lock that it has already unlocked");
    add_now(finding, event, "unlock",
            event.outcome == Outcome::kNotOwner ? "another thread has it now" : "nobody holds it");
    return engine_->add_site(finding, "unlocked", earlier->thread, earlier->site, false,
                             earlier->step, "the first unlock", event.object);
  }
  if (event.outcome == Outcome::kNotOwner) {
    return simple(event, "unlock-by-non-owner", "unlocks a lock that it does not hold", "unlock");
  }
  simple(event, "unlock-of-unlocked", "unlocks a lock that is not locked", "unlock");
}

void MisuseMonitor::judge_relock(const Event& event) {
  Finding* finding = begin(event, "self-deadlock", "locks a lock that it already holds");
  for (const engine::HeldLock& lock : engine_->threads()[event.thread]->held()) {
    if (lock.object != event.object) continue;
    engine_->add_site(finding, "holds", event.thread, lock.site, false, lock.step, "",
                      event.object);
    break;
  }
  add_now(finding, event, "waits", "refused: it holds the lock itself");
}

void MisuseMonitor::judge_closed(const Event& event) {
  const Earlier* close = closes_.find(event.object);
  switch (event.kind) {
    case OpKind::kSend:
    case OpKind::kTrySend:
    case OpKind::kSelect: {
      // A select's object may be the select itself; its channel is then the other one.
      if (close == nullptr) close = closes_.find(event.other);
      Finding* finding = begin(event, "send-on-closed", "sends on a closed channel");
      add_now(finding, event, "send", "");
      return add_earlier(finding, event, close, "closed", "");
    }
    case OpKind::kClose: {
      Finding* finding = begin(event, "close-of-closed", "closes a channel that is closed already");
      add_now(finding, event, "close", "");
      return add_earlier(finding, event, close, "closed", "the first close");
    }
    default:
      return;  // receiving from a closed channel is how one learns of it
  }
}

void MisuseMonitor::judge_waitgroup(const Event& event) {
  Finding* finding = begin(event, "waitgroup-misuse",
                           event.kind == OpKind::kWaitGroupAdd
                               ? "adds to a WaitGroup at zero while another thread waits for it"
                               : "uses a WaitGroup again before its wait has returned");
  add_now(finding, event, event.kind == OpKind::kWaitGroupAdd ? "add" : "wait", "");
  if (event.other != nullptr) {
    // Go's WaitGroup says who is in wait: thread + 1, and where.
    const auto waiter =
        static_cast<engine::ThreadId>(reinterpret_cast<std::uintptr_t>(event.other));
    return engine_->add_site(finding, "wait", waiter - 1,
                             reinterpret_cast<const void*>(event.value), true, 0,
                             "in wait, the counter at zero", event.object);
  }
  const Earlier* other = waitgroups_.find(event.object);
  if (other == nullptr || other->thread == event.thread) return;
  add_earlier(finding, event, other, other->kind == OpKind::kWaitGroupAdd ? "add" : "wait", "");
}

void MisuseMonitor::judge_map(const Event& event) {
  const bool write = event.kind == OpKind::kMapWrite;
  Finding* finding =
      begin(event, "concurrent-map-access",
            std::string(write ? "writes" : "reads") + " a map while another thread is in it");
  add_now(finding, event, write ? "write" : "read", "");
  const MapAccesses* accesses = maps_.find(event.object);
  if (accesses == nullptr) return;
  const Earlier& other =
      accesses->last.thread != event.thread ? accesses->last : accesses->last_of_another;
  add_earlier(finding, event, &other, other.kind == OpKind::kMapWrite ? "write" : "read", "");
}

void MisuseMonitor::judge_put(const Event& event) {
  const Earlier* put = puts_.find(event.object);
  if (event.other != nullptr && puts_.find(event.other) != nullptr) put = puts_.find(event.other);
  Finding* finding = begin(event, "use-after-put", "uses what it has put back into the pool");
  add_now(finding, event, event.kind == OpKind::kPoolPut ? "put" : "use", "");
  add_earlier(finding, event, put, "put", "");
}

}  // namespace

std::unique_ptr<engine::Monitor> make_misuse_monitor() { return std::make_unique<MisuseMonitor>(); }

}  // namespace chicane::monitors
