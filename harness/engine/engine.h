// SPDX-License-Identifier: Apache-2.0
//
// The engine executes one run of a program: its virtual threads, their operations, the choices
// between them, and virtual time. All threads of the program are fibers on one OS thread; each
// borrows the stack and the thread-local storage of a parked pthread (see context.h), so that
// `thread_local`, `pthread_self`, `errno` and exceptions in flight are its own.
//
// A front door (interposition, Go's vocabulary) does three things, always in this order:
//
//     engine.perform({OpKind::kLock, mutex, site, is_free, state});   // other threads may run here
//     state->owner = engine.self();                                   // nobody else runs here
//     engine.emit(OpKind::kLock, Outcome::kDone, mutex, site);        // monitors see it
//
// Between two `perform`s a thread is alone: effects need no further synchronization.
//
// Thread safety: "program thread" members may be called by the virtual thread that runs; "driver"
// members only while no run is in progress. `Engine::active()` may be called from anywhere.
// Invariants:
//   I1. Program + choices = the same run: nothing else enters (no clock, no address, no random
//       number of the engine's own).
//   I2. A thread is stopped before its next operation; blocking is "not enabled", never a spin.
//   I3. A run never outlives `Options::step_limit` + `Options::fair_steps` operations.
//   I4. Nothing on the path of an operation allocates or takes a lock.
// Cost: a switch about 10 ns; an operation without one about 5 ns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/context.h"
#include "engine/finding.h"
#include "engine/monitor.h"
#include "engine/operation.h"
#include "engine/seen_accesses.h"
#include "engine/shadow_stack.h"
#include "engine/strategy.h"

namespace chicane::engine {

class Journal;

/// A lock that a thread holds.
struct HeldLock {
  const void* object;
  const void* site;  // where it was acquired
  std::uint64_t step;
  bool shared;
};

/// A lock that was unlocked.
struct Unlocked {
  const void* object;
  const void* site;
  std::uint64_t step;
  ThreadId thread;
};

/// The destructor of a thread_local object.
struct ThreadLocalDestructor {
  void (*destroy)(void*);
  void* object;
};

/// What front doors keep of a thread; all of it is fresh with each thread.
struct DoorState {
  char name[16];
  bool cancel_requested, cancel_disabled, cancel_asynchronous;
  bool interruptible;  // stands before an operation that a cancellation interrupts
  void* cleanups;      // C's cleanup handlers: the innermost one's buffer
};

/// A virtual thread. Strategies and monitors read it; only the engine writes it, except `held`,
/// which the engine keeps from kLock/kUnlock events.
class Thread {
 public:
  ThreadId id() const { return id_; }
  ThreadId parent() const { return parent_; }
  bool is_goroutine() const { return is_goroutine_; }
  /// What it is about to do (or was, when it ended).
  const Operation& pending() const { return pending_; }
  bool finished() const { return running_ == 0; }
  bool joined() const { return joined_; }
  bool detached() const { return detached_; }
  /// Enabled because of its deadline: choosing it lets the time-out happen.
  bool by_timeout() const { return by_timeout_; }
  /// Whether it could go on now.
  bool enabled() const { return enabled_; }
  /// The locks that it holds, in the order of acquisition.
  std::span<const HeldLock> held() const { return {held_, held_count_}; }
  /// The stack at its creation, in its creator.
  const Stack& created_at() const { return created_at_; }
  /// Who had its stack and its thread-local storage before, in this run; kNoThread when nobody had.
  ThreadId predecessor() const { return predecessor_; }

  /// An address that stands for the thread in happens-before edges: its creator releases to
  /// `start_sync`, it releases to `end_sync` when it ends.
  const void* start_sync() const { return &start_sync_; }
  const void* end_sync() const { return &end_sync_; }
  /// Program thread.
  DoorState& door() { return door_; }

 private:
  friend class Engine;
  friend struct ThreadDouble;  // a thread without an engine, for tests of strategies
  ThreadId id_ = 0, parent_ = kNoThread, predecessor_ = kNoThread;
  std::int32_t running_ = 0;  // 1 until it has ended
  bool is_goroutine_ = false, joined_ = false, detached_ = false;
  bool by_timeout_ = false, enabled_ = false;
  std::uint32_t index_ = 0;  // among the enabled, if it is
  // Whether it is enabled, at a glance: 0, it is; positive, it is not; negative, ask `pending_`.
  const std::int32_t* gate_ = &kNotBlocked;
  Operation pending_{};
  Context* context_ = nullptr;
  void* (*body_)(void*) = nullptr;
  void* argument_ = nullptr;
  void* result_ = nullptr;
  HeldLock* held_ = nullptr;
  std::uint32_t held_count_ = 0, held_capacity_ = 0;
  std::vector<ThreadLocalDestructor> destructors_;
  Stack created_at_{};
  char start_sync_ = 0, end_sync_ = 0;
  const void* spin_site_ = nullptr;  // the access at which it last gave way, when that was a read
  const void* spin_address_ = nullptr;
  unsigned clock_readings_ = 0;
  const void* throw_site_ = nullptr;
  DoorState door_{};
  // The exception that unwinds it at pthread_exit: others may be unwound at the same time, and it
  // must not lie on the stack that goes.
  alignas(16) unsigned char unwinding_[64];
};

/// What a run may use.
struct RunOptions {
  /// Operations until the run is judged under a fair schedule...
  std::uint64_t step_limit = 20000;
  /// ...for so many more, before `livelock`.
  std::uint64_t fair_steps = 5000;
  /// Whether a condition wait may return without a signal.
  bool spurious_wakeups = false;
  /// Plain accesses without an operation after which others get a chance (a spin on a plain flag).
  std::uint64_t access_limit = 2000;
  /// Accesses that are operations because they are known to race, after which no more of them are:
  /// a loop over much that races would never come to its end.
  std::uint64_t racy_limit = 10000;
  /// Set when the program is a whole process: what ends that when its last thread has ended (main
  /// left by pthread_exit). The end of main alone then ends nothing. Does not return.
  void (*end_process)() = nullptr;
};

/// The engine. One per process.
class Engine {
 public:
  /// The engine while a program thread runs under it on this OS thread, else null. Front doors ask
  /// this first and fall through to the real function when it is null. Any thread.
  static Engine* active() { return active_; }
  /// While one exists, what this OS thread does is not the program's doing (scope.h).
  struct Scope;
  /// The one engine of the process, running or not. Driver.
  static Engine& instance();

  // ---- driver ----

  /// Runs `program` once, under `strategy`, watched by `monitors`; choices, findings and (when
  /// `journal.recording()`) events go to `journal`.
  RunEnd run(const std::function<void()>& program, Strategy& strategy,
             std::span<Monitor* const> monitors, Journal& journal, const RunOptions& options);

  /// Makes the contexts of so many threads ahead, for the processes that this one forks.
  void prepare_threads(std::size_t count);
  /// In a process forked from one that had runs of its own: before its first run.
  void forget_parents_threads() { pool_.keep_inheritable(); }

  // ---- program thread: operations ----

  /// Announces `operation` and returns when the strategy lets this thread go on. True: it is ready.
  /// False: its deadline passed (virtual time is now at least the deadline) and it is not ready.
  bool perform(const Operation& operation) {
    current_->pending_ = operation;  // written where it stays: a copy would wait for its stores
    current_->gate_ = gate_of(operation);
    return perform_pending();
  }
  /// `thread` stands before an operation that only `blocked_while` blocks: lets it go on, to find
  /// that the operation is not ready. (A cancelled join.)
  static void interrupt(Thread& thread) {
    thread.pending_.blocked_while = &kNotBlocked;
    thread.gate_ = gate_of(thread.pending_);
  }
  /// One of `count` outcomes of `operation`, chosen by the strategy. `count` is at least 1.
  unsigned choose(const Operation& operation, unsigned count);
  /// Tells the monitors that an operation of the running thread has taken effect. kLock, kReadLock,
  /// kUnlock, kReadUnlock (and successful try-locks) with Outcome::kDone update `Thread::held`.
  void emit(OpKind kind, Outcome outcome, const void* object, const void* site,
            std::uint64_t value = 0, const void* other = nullptr) {
    const std::uint64_t bit = bit_of(kind);
    const bool done = outcome == Outcome::kDone;
    // An unlock is seen while the lock still counts as held, a lock when it does already.
    if (done && (bit & kLockKinds) != 0) add_held(object, site, (bit & kReadLockKinds) != 0);
    if ((event_kinds_ & bit) != 0 || !done) {
      tell(kind, outcome, object, site, value, other);
    }
    if (done && (bit & kUnlockKinds) != 0) {
      unlocked_[unlock_count_++ % kUnlocks] = {object, site, step_, current_->id_};
      drop_held(*current_, object);
    }
  }
  /// Where the thread last unlocked the lock, in this run and before step `before`; null when it
  /// has not, or too many unlocks ago.
  const Unlocked* last_unlock(ThreadId thread, const void* object,
                              std::uint64_t before = ~std::uint64_t{0}) const;
  /// Another thread's lock is no longer held: it was unlocked by the running one (misuse).
  void drop_held(Thread& owner, const void* object) {
    const std::uint32_t count = owner.held_count_;
    if (count != 0 && owner.held_[count - 1].object == object) {
      owner.held_count_ = count - 1;
    } else {
      drop_held_below(owner, object);
    }
  }
  /// Happens-before edges of the running thread with a synchronization object (any address that is
  /// the object's own as long as it lives).
  void acquire(const void* sync) { edge_sink_.acquire(edge_sink_.context, current_->id_, sync); }
  void release(const void* sync) { edge_sink_.release(edge_sink_.context, current_->id_, sync); }
  /// As `release`, but forgets what others released to `sync` before.
  void release_store(const void* sync);

  // ---- program thread: threads ----

  struct SpawnOptions {
    bool is_goroutine = false;
    bool detached = false;
    const void* site = nullptr;
    std::size_t stack_size = 0;  // in bytes; 0: the system's default
  };
  /// Makes a thread that will run `body(argument)`, and announces its creation.
  Thread& spawn(void* (*body)(void*), void* argument, const SpawnOptions& options);
  /// Waits for `thread` to end (or `deadline`); its result goes to `*result` unless that is null.
  bool join(Thread& thread, void** result, const void* site, Time deadline = kNever);
  /// The effect of a join, once the thread has ended.
  void finish_join(Thread& thread, void** result, const void* site);
  /// What blocks an operation until `thread` has ended: its `blocked_while`.
  static const std::int32_t* end_of(const Thread& thread) { return &thread.running_; }
  void detach(Thread& thread, const void* site);
  /// Ends the running thread after unwinding its stack. `result` is what `join` gives.
  [[noreturn]] void exit_thread(void* result);
  /// Goes on with what `exit_thread` began, when `on_unwinding` has left it.
  [[noreturn]] void go_on_unwinding() { exit_thread(current_->result_); }
  /// Called while `exit_thread` unwinds, with each frame's canonical address before it goes. Need
  /// not return. Set by a front door, once.
  static inline void (*on_unwinding)(Thread& thread, const void* frame) = nullptr;
  /// Called when no thread can go on. True: something outside of the program has happened, look
  /// again. Set by a front door, once.
  static inline bool (*on_standstill)(Engine& engine) = nullptr;
  /// Calls `destroy(object)` when the running thread ends, last registered first.
  void at_thread_exit(void (*destroy)(void*), void* object);
  /// Destroys the running thread's thread_local objects now, as exit() does.
  void destroy_thread_locals();
  /// What `pthread_key_create` registered: values of ended threads are destroyed by it, or, when
  /// it is null, forgotten.
  void add_key(unsigned key, void (*destroy)(void*));
  void remove_key(unsigned key);
  Thread& self() { return *current_; }
  /// The thread whose borrowed pthread has this handle; null when none has.
  Thread* find_thread(std::uint64_t pthread_handle);
  std::uint64_t pthread_handle(const Thread& thread) const;
  std::span<Thread* const> threads() const { return {all_.data(), thread_count_}; }
  /// Differs from run to run: state that front doors keep in the program's own objects (a mutex)
  /// belongs to this run only when it carries this number. Never 0.
  std::uint32_t generation() const { return static_cast<std::uint32_t>(generation_); }

  // ---- program thread: time ----

  /// Virtual time, without advancing it.
  Time now() const { return now_; }
  /// Virtual time as a clock call sees it: every reading moves it on, and a thread that keeps
  /// reading without blocking sees it move faster and faster, so that "until a second has passed"
  /// ends.
  Time read_clock(const void* site);

  // ---- program thread: memory (called by the compiler's instrumentation) ----

  /// Whether an access (of at most 16 bytes) is one that says nothing new, so that `on_access` need
  /// not be told of it.
  static bool passes_by(const void* address, std::size_t size, bool write) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    SeenAccess& seen = seen_access(at);
    if (!is_seen(seen, at, size, write)) return false;
    return static_cast<std::int64_t>(++seen.passed) < 0;
  }
  void on_access(const void* address, std::size_t size, bool write, const void* site) {
    last_site_ = site;
    if (__builtin_sub_overflow(g_quick_accesses, 1, &g_quick_accesses)) [[unlikely]] {
      return on_special_access(address, size, write, site, *this);
    }
    sink(write)(address, size, site, access_sink_.context);
  }
  void on_atomic(const void* address, std::size_t size, OpKind kind, MemoryOrder order,
                 const void* site) {
    access_sink_.atomic(address, size, site, access_sink_.context, kind, order);
  }
  void on_fence(MemoryOrder order);
  void on_allocate(const void* start, std::size_t size) {
    memory_sink_.allocate(memory_sink_.context, start, size);
    if (strategy_wants_memory_) tell_strategy(start, size);
  }
  /// How many bytes of a freed block count as written: enough for objects, bounded for buffers.
  static constexpr std::size_t kFreeWrites = 4096;
  /// `site`, unless it is null: the program's own code frees the block. To free it is to write to
  /// its first kFreeWrites bytes: other threads may run here.
  void on_free(const void* start, std::size_t size, const void* site) {
    if (site != nullptr) {
      if (g_quick_accesses == 0) [[unlikely]] {
        on_access(start, std::min(size, kFreeWrites), true, site);
        site = nullptr;
      } else {
        last_site_ = site;
        --g_quick_accesses;
      }
    }
    if (recording_) [[unlikely]]
      record_free(start);
    memory_sink_.free(memory_sink_.context, start, size, site);
  }
  /// Code addresses whose plain accesses are operations in the runs that follow, because they are
  /// known to race. Driver.
  void set_racy_sites(std::span<const std::uint64_t> sites);

  // ---- findings: monitors, crash handlers ----

  /// Begins a finding; its sites follow with add_site. `fatal` findings end the run at once when
  /// `end_run` is called after the last site. Returns a token for add_site, or null when the same
  /// finding (kind and sites) need not be reported again or there is no room.
  Finding* report(std::string_view kind, std::string_view message, const void* object = nullptr);
  /// Adds a site. `site` is the innermost return address; the rest of the stack is the thread's
  /// current one when `live` is true, and looked up in the journal at `step` when it is not.
  void add_site(Finding* finding, std::string_view role, ThreadId thread, const void* site,
                bool live, std::uint64_t step = 0, std::string_view detail = {},
                const void* object = nullptr);
  /// Adds a site whose stack is known already (another detector's).
  void add_site_with_stack(Finding* finding, std::string_view role, ThreadId thread,
                           const Stack& stack, std::string_view detail = {});
  /// Ends the run after a fatal finding: does not return to the program. Program thread.
  [[noreturn]] void end_run(RunEnd end);

  /// In a forked child of the program: the run is its parent's. The program goes on without the
  /// engine; where the thread would end, the process does. Program thread.
  void forget_run() {
    active_ = nullptr;
    forgotten_ = true;
  }

  /// How the last run ended. Driver.
  RunEnd last_end() const { return end_; }
  /// Whether there were accesses beyond `RunOptions::racy_limit` in the last run.
  bool left_out_accesses() const { return racy_accesses_ > options_.racy_limit; }
  /// The running step's number.
  std::uint64_t step() const { return step_; }
  const RunOptions& options() const { return options_; }
  /// From this step on the schedule is fair, and no choice; after `last_step()` the run is cut.
  std::uint64_t fair_from() const { return fair_from_; }
  std::uint64_t last_step() const { return last_step_; }
  Journal& journal() { return *journal_; }
  /// Null while nothing has ever been run.
  Journal* journal_or_null() { return journal_; }
  /// The last call site in the program that the engine saw of the running thread.
  const void* last_site() const { return last_site_; }
  /// Where the running thread last threw an exception.
  const void* throw_site() const { return current_->throw_site_; }
  void note_throw(const void* site) { current_->throw_site_ = site; }
  /// Whether the engine is reading a variable at an address that the program gave.
  static bool reading_for_program();
  /// What the program has at `address`: at most 8 bytes, as a number; 0 when `size` is larger.
  static std::uint64_t read_value(const void* address, std::size_t size);
  const char* stack_low(const Thread& thread) const { return thread.context_->stack_low(); }
  const char* stack_high(const Thread& thread) const { return thread.context_->stack_high(); }
  /// Where `address` lies.
  Place locate(const void* address) const;
  /// The call stack of a thread, from function entries, below `site`.
  Stack stack_of(const Thread& thread, const void* site) const;

 private:
  static inline Engine* active_ = nullptr;
  static inline const void* last_site_ = nullptr;

  // engine.cc: the schedule
  bool perform_pending();
  // Inlined where an operation begins: the way back to the program has no needless return, which
  // the processor would mispredict after a switch.
  void go_on();
  void schedule();
  static const std::int32_t* gate_of(const Operation& operation) {
    const bool glance = operation.ready == nullptr && operation.deadline == kNever;
    return glance ? operation.blocked_while : &kAskPending;
  }
  static constexpr std::int32_t kAskPending = -1;
  std::size_t collect_enabled();
  static constexpr std::size_t kMany = 6;  // threads
  struct Look {
    std::uint32_t enabled = 0;
    std::int32_t gates = 0;  // negative: some thread has to be asked
  };
  template <typename Note>
  Look look_at_all(const Note& note);
  [[gnu::noinline]] Look look_among_many();
  void drop_from_enabled();
  [[gnu::noinline]] std::size_t collect_asking();
  std::size_t add_timed_out(Time earliest);
  Thread* choose_thread(std::size_t count);
  void begin_monitors(std::span<Monitor* const> monitors);
  void attach_monitors();
  [[noreturn]] void leave(RunEnd end);
  // threads.cc: life and death of threads
  Thread& add_thread(void* (*body)(void*), void* argument, std::size_t stack_size);
  void recycle();
  void note_thread(const Thread& thread);
  static void thread_entry();
  void run_thread();
  [[noreturn]] void finish_thread();
  void run_destructors();
  void destroy_values();
  // trace.cc: recording
  [[gnu::cold, gnu::noinline]] void record(OpKind kind, Outcome outcome, const void* object,
                                           const void* site, std::uint64_t value, const void* other,
                                           std::size_t size);
  void close_record();
  void record_free(const void* start);
  void fill_stack(FindingSite* to, const Thread& thread, const void* site, std::uint64_t step,
                  std::uint64_t address);
  bool is_racy(const void* site) const;
  [[gnu::cold, gnu::noinline]] static void on_special_access(const void* address, std::size_t size,
                                                             bool write, const void* site,
                                                             Engine& engine);
  void access_operation(const void* address, std::size_t size, bool write, const void* site);
  [[gnu::cold, gnu::noinline]] void give_way(const void* address, bool write, const void* site);
  [[gnu::noinline]] void tell(OpKind kind, Outcome outcome, const void* object, const void* site,
                              std::uint64_t value, const void* other);
  void deliver(const Event& event);
  void add_held(const void* object, const void* site, bool shared) {
    Thread& me = *current_;
    if (me.held_count_ == me.held_capacity_) [[unlikely]]
      grow_held();
    me.held_[me.held_count_++] = {object, site, step_, shared};
  }
  [[gnu::cold, gnu::noinline]] void grow_held();
  [[gnu::noinline]] static void drop_held_below(Thread& owner, const void* object);
  AccessSink::Take sink(bool write) const { return write ? access_sink_.write : access_sink_.read; }
  template <bool kWrite>
  static void tell_access(const void* address, std::size_t size, const void* site, void* engine);
  static void tell_atomic(const void* address, std::size_t size, const void* site, void* engine,
                          OpKind kind, MemoryOrder order);
  AccessSink own_sink();
  static void tell_allocate(void* engine, const void* start, std::size_t size);
  static void tell_free(void* engine, const void* start, std::size_t size, const void* site);
  MemorySink own_memory_sink();
  [[gnu::noinline]] void tell_strategy(const void* start, std::size_t size);
  static constexpr std::uint64_t kUnlocks = 1024;
  static void tell_acquire(void* engine, ThreadId thread, const void* sync);
  static void tell_release(void* engine, ThreadId thread, const void* sync);

  // What every access and every operation touches stands together.
  Thread* current_ = nullptr;
  // g_quick_accesses at each operation: none in a recorded run, and where some are operations.
  std::uint64_t quick_limit_ = 0;
  AccessSink access_sink_;
  MemorySink memory_sink_;
  EdgeSink edge_sink_;
  std::uint64_t event_kinds_ = 0;  // what any monitor wants
  std::uint64_t step_ = 0;
  bool recording_ = false;
  bool next_forced_ = false;
  int current_index_ = -1;  // of the running thread in enabled_
  std::uint64_t special_accesses_ = 0;
  std::uint64_t racy_accesses_ = 0;  // of the run
  std::uint64_t last_stamp_ = 0;     // of the last run that had any: g_access_stamp's
  std::uint64_t unlock_count_ = 0;   // in this run; the last of them are in unlocked_
  std::vector<Thread*> all_;         // Thread objects, reused from run to run
  std::size_t thread_count_ = 0;     // of this run
  std::vector<Thread*> live_;        // not finished, by rising id
  std::vector<Thread*> enabled_;
  // Of those in live_ when all were looked at: who stands before an operation that may block, and
  // how many can go on.
  std::vector<Thread*> gated_;
  std::size_t gated_count_ = 0;
  std::uint32_t enabled_count_ = 0;
  bool all_looked_at_ = false;  // and live_ is as it was
  Context* driver_ = nullptr;
  ContextPool pool_;
  Strategy* strategy_ = nullptr;
  struct EventMonitor {
    Monitor* monitor;
    std::uint64_t kinds, from_step;
  };
  std::vector<EventMonitor> event_monitors_;
  struct Watching {
    Monitor* monitor = nullptr;
    Wants wants;
    friend bool operator==(const Watching&, const Watching&) = default;
  };
  std::vector<Watching> watching_;  // in the last run, and what follows from it:
  std::uint64_t monitor_kinds_ = 0, monitors_watch_from_ = 0;
  bool direct_ = false;               // accesses go to a monitor without a detour
  std::uint64_t strategy_kinds_ = 0;  // of events that it wants
  bool strategy_wants_memory_ = false;
  std::size_t fewest_to_choose_ = 2;  // enabled threads with which the strategy is asked
  std::uint64_t watch_from_ = 0;
  std::vector<Monitor*> edge_monitors_, announce_monitors_, memory_monitors_, access_monitors_;
  std::vector<Monitor*> fair_monitors_;  // who wants accesses in the fair part only
  Journal* journal_ = nullptr;
  const std::function<void()>* program_ = nullptr;
  RunOptions options_;
  Time now_ = 0;
  std::uint64_t fair_from_ = 0, last_step_ = 0;
  RunEnd end_ = RunEnd::kFinished;
  bool forgotten_ = false;
  TraceRecord* open_record_ = nullptr;
  static constexpr std::size_t kRacySlots = 1024;
  std::uint64_t racy_[kRacySlots] = {};
  std::size_t racy_count_ = 0;
  std::uint64_t generation_ = 0;
  struct Key {
    unsigned number;
    void (*destroy)(void*);
  };
  std::vector<Key> keys_;  // of pthread_key_create, in use
  Unlocked unlocked_[kUnlocks];
};

}  // namespace chicane::engine
