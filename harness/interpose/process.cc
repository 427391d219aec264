// SPDX-License-Identifier: Apache-2.0
//
// Front door: the ends of a process.
#include "interpose/process.h"

#include <assert.h>
#include <cxxabi.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <typeinfo>

#include "chicane/golang/panic.h"
#include "engine/engine.h"
#include "engine/guarded_read.h"
#include "engine/journal.h"
#include "engine/lack.h"
#include "engine/scope.h"
#include "engine/shadow_stack.h"
#include "interpose/exit.h"
#include "interpose/place.h"
#include "interpose/real.h"

CHICANE_REAL(void, abort, ())
CHICANE_REAL(void, exit, (int))
CHICANE_REAL(void, _exit, (int))
CHICANE_REAL(void, quick_exit, (int))
CHICANE_REAL(void, __assert_fail, (const char*, const char*, unsigned, const char*))
CHICANE_REAL(void, __cxa_throw, (void*, std::type_info*, void (*)(void*)))

// The linker's: the section of what CHICANE_REAL has made.
using Resolve = void (*)();
extern "C" Resolve __start_chicane_reals[], __stop_chicane_reals[];

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::Finding;
using engine::Journal;
using engine::RunEnd;

constexpr std::size_t kSignalStack = 64 << 10;

// Reports at the running thread's current place and ends the run.
[[noreturn]] void end_badly(Engine& engine, const char* kind, const char* message, const void* site,
                            const char* role) {
  Finding* finding = engine.report(kind, message);
  if (finding != nullptr) finding->fatal = true;
  engine.add_site(finding, role, engine.self().id(), site, true);
  engine.end_run(RunEnd::kFatal);
}

// A scenario's or a test's body must not end the process that it shares with others; a whole
// program may end as it likes.
[[noreturn]] void exit_of_program(Engine& engine, Ending ending, const char* name, int status,
                                  const void* site) {
  if (engine.options().end_process != nullptr) end_program(engine, ending, status, site);
  char text[64];
  std::snprintf(text, sizeof text, "the program called %s(%d) in the middle of a run", name,
                status);
  end_badly(engine, "crash", text, site, "exits");
}

const char* describe_signal(int number, bool overflow) {
  if (overflow) return "stack overflow: the thread ran out of stack";
  switch (number) {
    case SIGSEGV:
      return "segmentation fault: access to an address that is not mapped";
    case SIGBUS:
      return "bus error: access to memory that is not there";
    case SIGFPE:
      return "arithmetic fault: an integer division by zero or overflow";
    case SIGILL:
    case SIGTRAP:
      return "illegal instruction or trap";
    default:
      return "the program was ended by a signal";
  }
}

// Whether the faulting address lies in or just below the running thread's guard page.
bool is_overflow(const Engine& engine, const void* address) {
  constexpr std::ptrdiff_t kGuard = 64 << 10;
  const char* byte = static_cast<const char*>(address);
  for (const engine::Thread* thread : engine.threads()) {
    const char* low = engine.stack_low(*thread);
    if (byte >= low - kGuard && byte < low + kGuard) return true;
  }
  return false;
}

// The running function rather than the very place in it.
const void* function_of(const Engine& engine) {
  const engine::ShadowStack& stack = engine::g_shadow_stack;
  return stack.top != stack.base ? stack.top[-1].entry : engine.last_site();
}

// Where the machine is; a stack ends in the innermost call, or somewhere in what was called.
const void* place_of(const Engine& engine, const siginfo_t& info, bool overflow, void* context) {
  if (overflow) {
    const engine::ShadowStack& stack = engine::g_shadow_stack;
    return stack.top != stack.base ? stack.top[-1].call_site : engine.last_site();
  }
  const void* place = place_of_fault(info, context);
  return place != nullptr ? place : engine.last_site();
}

// The access that a recorded trace ends in has no value where it is what faulted: a plain access of
// size 0, which there is none of otherwise, says so.
void note_faulting_access(Engine& engine, const siginfo_t& info) {
  engine::TraceRecord* last = engine.journal().last_trace();
  if (last == nullptr || last->thread != engine.self().id()) return;
  if (last->kind != engine::OpKind::kRead && last->kind != engine::OpKind::kWrite) return;
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  // Of an address that no memory can have the processor does not say what it is.
  if (info.si_code == SI_KERNEL || address - last->object < last->size) last->size = 0;
}

// A fault of the program: written down on the signal stack, without allocating; the process ends,
// as its state can no longer be trusted. A fault of the runtime itself says so.
void on_fault(int number, siginfo_t* info, void* context) {
  if (Engine::reading_for_program()) engine::give_up_read();
  Engine& engine = Engine::instance();
  if (engine.journal_or_null() == nullptr) _exit(128 + number);
  // A stack that the program has spoilt may not be read: the second fault is not the program's.
  static const char* text = nullptr;
  static const void* place = nullptr;
  if (text == nullptr) {
    place = engine.last_site();
    const bool overflow = number == SIGSEGV && is_overflow(engine, info->si_addr);
    // The engine works on the program's stack.
    text = Engine::active() != nullptr || overflow
               ? describe_signal(number, overflow)
               : "a fault inside Chicane's runtime (a bug of Chicane: please report it)";
    place = place_of(engine, *info, overflow, context);
  }
  Finding* finding = engine.report("crash", text);
  if (finding != nullptr) finding->fatal = true;
  engine.add_site(finding, "crashes", engine.self().id(), place, true);
  note_faulting_access(engine, *info);
  engine.journal_or_null()->commit_finding();
  engine.journal_or_null()->end_dead_run();
  real__exit()(0);
}

void on_stuck(int number, siginfo_t*, void*) {
  Engine& engine = Engine::instance();
  Journal* journal = engine.journal_or_null();
  if (journal == nullptr || journal->counters().in_program == 0) return;
  const bool blocked = number == blocked_signal();
  Finding* finding =
      engine.report(blocked ? "uncontrolled" : "livelock",
                    blocked ? "a thread waits in a call that the engine does not see"
                            : "a thread computes without an end, out of the engine's sight");
  if (finding != nullptr) finding->fatal = true;
  // The very place differs from run to run.
  engine.add_site(finding, blocked ? "blocks" : "spins", engine.self().id(), function_of(engine),
                  true);
  journal->commit_finding();
  journal->end_dead_run();
  real__exit()(0);
}

enum class InFlight : std::uint8_t {
  kException,
  kPanic,
  kToldPanic,  // Go's panics that have a kind of their own were reported where they were thrown
};

// The text of the exception in flight, and what it is.
InFlight describe_exception(char* text, std::size_t size) {
  int status = 0;
  const std::type_info* type = abi::__cxa_current_exception_type();
  char* name =
      type == nullptr ? nullptr : abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  const char* shown = name != nullptr ? name : type != nullptr ? type->name() : "an exception";
  InFlight what = InFlight::kException;
  try {
    throw;
  } catch (const golang::Panic& panic) {
    what = *panic.kind() == '\0' ? InFlight::kPanic : InFlight::kToldPanic;
    std::snprintf(text, size, "uncaught panic: %s", panic.what());
  } catch (const std::exception& error) {
    std::snprintf(text, size, "uncaught %s: %s", shown, error.what());
  } catch (...) {
    std::snprintf(text, size, "uncaught %s", shown);
  }
  std::free(name);
  return what;
}

[[noreturn]] void on_terminate() {
  Engine* engine = Engine::active();
  if (engine == nullptr) real_abort()();
  char text[200] = "std::terminate was called";
  const void* site = place_in_program();
  if (std::current_exception() != nullptr) {
    const InFlight what = describe_exception(text, sizeof text);
    if (what == InFlight::kToldPanic) engine->end_run(RunEnd::kFatal);
    // Go's panic() told the engine who called it.
    if (what == InFlight::kException) site = engine->throw_site();
  }
  if (site == nullptr) site = engine->last_site();
  end_badly(*engine, "uncaught-panic", text, site, "throws");
}

void handle(int number, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action{};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(number, &action, nullptr);
}

}  // namespace

int spinning_signal() { return SIGXCPU; }
int blocked_signal() { return SIGXFSZ; }

void resolve_all() {
  for (Resolve* at = __start_chicane_reals; at != __stop_chicane_reals; ++at) (*at)();
  // Those of statics' guards are looked up where they are called.
  __extension__ static __cxxabiv1::__guard guard;
  if (__cxxabiv1::__cxa_guard_acquire(&guard) != 0) __cxxabiv1::__cxa_guard_release(&guard);
}

void install_crash_handlers() {
  void* memory =
      mmap(nullptr, kSignalStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const stack_t stack{.ss_sp = memory, .ss_flags = 0, .ss_size = kSignalStack};
  sigaltstack(&stack, nullptr);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) handle(number, &on_fault);
  handle(spinning_signal(), &on_stuck);
  handle(blocked_signal(), &on_stuck);
  std::set_terminate(&on_terminate);
}

}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

void abort() noexcept {
  if (Engine* engine = Engine::active()) {
    interpose::end_badly(*engine, "crash", "the program called abort()", CHICANE_SITE(), "crashes");
  }
  interpose::real_abort()();
  __builtin_unreachable();
}

// gcc declares __cxa_throw by itself, with other types than the standard's: it has another name
// here.
[[noreturn]] void chicane_cxa_throw(void* exception, std::type_info* type,
                                    void (*destroy)(void*)) asm("__cxa_throw");
void chicane_cxa_throw(void* exception, std::type_info* type, void (*destroy)(void*)) {
  if (Engine* engine = Engine::active()) {
    engine->note_throw(CHICANE_SITE());
  } else if (*type == typeid(std::bad_alloc) && chicane::engine::has_listener()) {
    // The runtime's own: the program would get it.
    chicane::engine::lack("memory: is the address space limited (ulimit -v)?");
  }
  interpose::real___cxa_throw()(exception, type, destroy);
  __builtin_unreachable();
}

void exit(int status) noexcept {
  if (Engine* engine = Engine::active()) {
    interpose::exit_of_program(*engine, interpose::Ending::kExit, "exit", status, CHICANE_SITE());
  }
  interpose::real_exit()(status);
  __builtin_unreachable();
}

void _exit(int status) {
  if (Engine* engine = Engine::active()) {
    interpose::exit_of_program(*engine, interpose::Ending::kAtOnce, "_exit", status,
                               CHICANE_SITE());
  }
  interpose::real__exit()(status);
  __builtin_unreachable();
}

void _Exit(int status) noexcept {
  if (Engine* engine = Engine::active()) {
    interpose::exit_of_program(*engine, interpose::Ending::kAtOnce, "_Exit", status,
                               CHICANE_SITE());
  }
  interpose::real__exit()(status);
  __builtin_unreachable();
}

void quick_exit(int status) noexcept {
  if (Engine* engine = Engine::active()) {
    interpose::exit_of_program(*engine, interpose::Ending::kQuickExit, "quick_exit", status,
                               CHICANE_SITE());
  }
  interpose::real_quick_exit()(status);
  __builtin_unreachable();
}

void __assert_fail(const char* expression, const char* file, unsigned line,
                   const char* function) noexcept {
  if (Engine* engine = Engine::active()) {
    char text[180];
    std::snprintf(text, sizeof text, "assertion `%s` failed", expression);
    interpose::end_badly(*engine, "assertion-failed", text, CHICANE_SITE(), "asserts");
  }
  interpose::real___assert_fail()(expression, file, line, function);
  __builtin_unreachable();
}

}  // extern "C"
