// SPDX-License-Identifier: Apache-2.0
#include "interpose/exit.h"

#include <bitset>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "engine/scope.h"
#include "interpose/real.h"

using HandlerBody = void (*)(void*);
using StatusBody = void (*)(int, void*);

CHICANE_REAL(int, __cxa_atexit, (HandlerBody, void*, void*))
CHICANE_REAL(int, __cxa_at_quick_exit, (HandlerBody, void*))
CHICANE_REAL(int, on_exit, (StatusBody, void*))
CHICANE_REAL(void, __cxa_finalize, (void*))

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::Finding;
using engine::RunEnd;

struct Handler {
  HandlerBody body;
  StatusBody with_status;  // on_exit's
  void* argument;
  void* module;
  bool early;  // registered before main: the C library has it too
};

// Not destroyed: the C library's own handlers run after the last use.
struct Handlers {
  std::vector<Handler> at_exit, at_quick_exit;
  std::bitset<256> allowed;
  bool call_early = true;
};

Handlers& handlers() {
  static Handlers& all = *new Handlers;
  return all;
}

void call(const Handler& handler, int status) {
  if (handler.with_status != nullptr) {
    handler.with_status(status, handler.argument);
  } else {
    handler.body(handler.argument);
  }
}

// A handler may register further ones, and may let other threads run, which may do so too.
void call_all(std::vector<Handler>& list, int status) {
  while (!list.empty()) {
    const Handler last = list.back();
    list.pop_back();
    if (!last.early || handlers().call_early) call(last, status);
  }
}

/// Notes a handler of a hosted process. True: the C library need not know of it.
bool note(std::vector<Handler>& list, Handler handler) {
  Engine* engine = Engine::active();
  if (engine == nullptr) {
    handler.early = true;
    if (is_hosted()) list.push_back(handler);
    return false;
  }
  if (engine->options().end_process == nullptr) return false;
  // Whoever calls the handlers sees what was before their registration.
  engine->release(&handlers());
  const Engine::Scope scope;
  list.push_back(handler);
  return true;
}

void report_status(Engine& engine, Ending ending, int status, const void* site) {
  const auto number = static_cast<unsigned>(status) & 0xff;
  if (number == 0 || handlers().allowed[number]) return;
  char text[96];
  const char* form = ending == Ending::kReturn      ? "main returned %d"
                     : ending == Ending::kAtOnce    ? "the program called _exit(%d)"
                     : ending == Ending::kQuickExit ? "the program called quick_exit(%d)"
                                                    : "the program called exit(%d)";
  std::snprintf(text, sizeof text, form, status);
  Finding* finding = engine.report("nonzero-exit", text);
  engine.add_site(finding, ending == Ending::kReturn ? "returns" : "exits", engine.self().id(),
                  site, ending != Ending::kReturn);
}

/// Until here the other threads may have come; a run that ends leaves them where they are.
void let_others_run(Engine& engine, const void* site) {
  engine.perform({.kind = engine::OpKind::kThreadExit, .object = &handlers(), .site = site});
}

}  // namespace

bool is_hosted() {
  static const bool hosted = std::getenv(kSessionVariable) != nullptr;
  return hosted;
}

void allow_exit_status(int status) { handlers().allowed.set(static_cast<unsigned>(status) & 0xff); }
void allow_every_exit_status() { handlers().allowed.set(); }
void call_early_handlers(bool call) { handlers().call_early = call; }

void end_program(Engine& engine, Ending ending, int status, const void* site) {
  let_others_run(engine, site);
  report_status(engine, ending, status, site);
  if (ending != Ending::kAtOnce) {
    engine.acquire(&handlers());
    if (ending == Ending::kQuickExit) {
      call_all(handlers().at_quick_exit, status);
    } else {
      engine.destroy_thread_locals();
      call_all(handlers().at_exit, status);
    }
  }
  if (ending != Ending::kAtOnce && ending != Ending::kQuickExit) {
    const Engine::Scope scope;
    std::fflush(nullptr);
  }
  // They may still run when what they use has been destroyed.
  if (ending != Ending::kAtOnce) let_others_run(engine, site);
  engine.end_run(RunEnd::kFinished);
}

void end_after_last_thread() {
  Engine& engine = *Engine::active();
  end_program(engine, Ending::kLastThread, 0, engine.last_site());
}

}  // namespace chicane::interpose

using chicane::engine::Engine;
namespace interpose = chicane::interpose;

extern "C" {

// atexit and the destructors of static objects come here, too.
int __cxa_atexit(HandlerBody body, void* argument, void* module) noexcept {
  if (interpose::note(interpose::handlers().at_exit, {body, nullptr, argument, module, false})) {
    return 0;
  }
  return interpose::real___cxa_atexit()(body, argument, module);
}

int on_exit(StatusBody body, void* argument) noexcept {
  if (interpose::note(interpose::handlers().at_exit, {nullptr, body, argument, nullptr, false})) {
    return 0;
  }
  return interpose::real_on_exit()(body, argument);
}

int __cxa_at_quick_exit(HandlerBody body, void* module) noexcept {
  const interpose::Handler handler{body, nullptr, nullptr, module, false};
  if (interpose::note(interpose::handlers().at_quick_exit, handler)) return 0;
  return interpose::real___cxa_at_quick_exit()(body, module);
}

// A library that is unloaded in the middle of a run: its handlers would be gone with it.
void __cxa_finalize(void* module) {
  if (Engine::active() != nullptr && module != nullptr) {
    auto& list = interpose::handlers().at_exit;
    for (std::size_t i = list.size(); i-- > 0;) {
      if (list[i].module != module) continue;
      const interpose::Handler handler = list[i];
      list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
      if (!handler.early) interpose::call(handler, 0);
      i = std::min(i, list.size());
    }
  }
  interpose::real___cxa_finalize()(module);
}

}  // extern "C"
