// SPDX-License-Identifier: Apache-2.0
//
// A compiler's command line, as far as the wrapper must understand it: what the compiler will do
// (preprocess, compile, link a program or a library), from which sources, and which options cannot
// be combined with instrumentation. gcc and clang agree on all of these.
//
// Thread safety: pure functions, but that response files (@file) are read.
// Invariants:
//   I1. `arguments` and `roles` have the same size; every argument is there once, in its order.
#pragma once

#include <string>
#include <vector>

namespace chicane::wrapper {

enum class Action {
  kAsk,         // --version, -print-..., -###, no input at all
  kPreprocess,  // -E, -M, -MM
  kCompile,     // -c, -S, -fsyntax-only, precompiled headers
  kLinkProgram,
  kLinkShared,  // -shared
  kLinkOther,   // -r, -nostdlib, -nostartfiles: no place for a runtime
};

enum class Role {
  kOption,    // or an option's value
  kSource,    // a file that is compiled
  kInput,     // another file: an object, an archive, assembler
  kLanguage,  // -x and its value
  kOutput,    // -o and its value
};

struct CommandLine {
  std::vector<std::string> arguments;  // without the command's own name, response files expanded
  std::vector<Role> roles;
  Action action = Action::kAsk;
  bool has_optimization = false;   // -O...
  bool forbids_undefined = false;  // -Wl,-z,defs or --no-undefined
  /// What cannot be combined, and what to do; empty: nothing.
  std::string refusal, instead;
};

bool has_sources(const CommandLine& line);
CommandLine understand(const std::vector<std::string>& arguments);

}  // namespace chicane::wrapper
