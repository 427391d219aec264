// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_nested.h"

#include "engine/engine.h"

namespace chicane::runner {
namespace {

void (*g_handler)() = nullptr;

}  // namespace

bool is_explored() { return engine::Engine::active() != nullptr; }

void on_nested_exploration(void (*handler)()) { g_handler = handler; }

Result refuse_nested() {
  if (g_handler != nullptr) g_handler();
  Result result;
  result.error = "a program that is being explored explores by itself; explore only one of the two";
  return result;
}

}  // namespace chicane::runner
