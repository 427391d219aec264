// SPDX-License-Identifier: Apache-2.0
//
// Front door: raising signals.
#include "interpose/signal.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "engine/scope.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

CHICANE_REAL(int, raise, (int))
CHICANE_REAL(int, kill, (pid_t, int))
CHICANE_REAL(int, pthread_kill, (pthread_t, int))

namespace chicane::interpose {
namespace {

using engine::Engine;

engine::Stack g_raised_at;
int g_number = 0;

bool has_handler(int number) {
  struct sigaction action{};
  if (sigaction(number, nullptr, &action) != 0) return false;
  return (action.sa_flags & SA_SIGINFO) != 0 ||
         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

/// While it exists, the running thread is in a handler of `number`, if there is one.
class Raising {
 public:
  Raising(Engine& engine, int number, const void* site) : before_(g_in_signal_handler) {
    if (!has_handler(number)) return;
    g_in_signal_handler = engine.self().id() + 1;
    g_number = number;
    const Engine::Scope scope;
    g_raised_at = engine.stack_of(engine.self(), site);
  }
  ~Raising() { g_in_signal_handler = before_; }
  Raising(const Raising&) = delete;
  Raising& operator=(const Raising&) = delete;

 private:
  engine::ThreadId before_;
};

}  // namespace

void report_unsafe_call(Engine& engine, const char* function, const void* site) {
  // The report itself is no call of the program's, and one is enough of a call within a call.
  const engine::ThreadId before = g_in_signal_handler;
  g_in_signal_handler = 0;
  char text[120];
  std::snprintf(text, sizeof text, "%s is called in a signal handler", function);
  engine::Finding* finding = engine.report("signal-unsafe-call", text);
  engine.add_site(finding, "calls", engine.self().id(), site, true);
  std::snprintf(text, sizeof text, "signal %d", g_number);
  engine.add_site_with_stack(finding, "raises", engine.self().id(), g_raised_at, text);
  g_in_signal_handler = before;
}

}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

int raise(int number) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_raise()(number);
  const interpose::Raising raising(*engine, number, CHICANE_SITE());
  return interpose::real_raise()(number);
}

int kill(pid_t process, int number) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr || process != getpid()) return interpose::real_kill()(process, number);
  const interpose::Raising raising(*engine, number, CHICANE_SITE());
  // The thread that the engine runs on: another one of the process would take it out of sight.
  return interpose::real_raise()(number);
}

int pthread_kill(pthread_t thread, int number) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr || number == 0) return interpose::real_pthread_kill()(thread, number);
  if (engine->find_thread(thread) != &engine->self()) {
    interpose::refuse(*engine, "pthread_kill", "signals are not scheduled by the engine",
                      "wait on a condition variable, or read a pipe, instead", CHICANE_SITE());
  }
  const interpose::Raising raising(*engine, number, CHICANE_SITE());
  return interpose::real_raise()(number);
}

}  // extern "C"
