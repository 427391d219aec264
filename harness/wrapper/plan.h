// SPDX-License-Identifier: Apache-2.0
//
// What the wrapper runs instead of what it was asked for.
//
//     asks, assembles       the compiler, as asked
//     preprocesses,         the compiler with the instrumentation's options before the user's, so
//     compiles              that the user's win where the two disagree (-O2, -g0)
//     links from objects    the compiler with the runtime after the user's objects and libraries
//     compiles and links    first each source by itself, since -fsanitize=thread at a link would
//                           bring in ThreadSanitizer's runtime; then the link
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "wrapper/command_line.h"

namespace chicane::wrapper {

using Words = std::vector<std::string>;

/// The compiler below, and how the runtime is linked.
struct Toolchain {
  Words compiler;  // a program, with a launcher before it perhaps: {"ccache", "g++-12"}
  bool clang = false;
  int version = 0;  // clang's; 0: not known, or another compiler's
  Words headers;    // options of each compilation: what stands before the library's own headers
  Words runtime;    // options of the link
};

struct Plan {
  std::vector<Words> commands;  // to be run in this order, while they succeed
  Words temporary;              // files to be removed at the end
};

/// `scratch` is a folder for object files; it need not exist unless the plan has temporary files.
Plan make_plan(const CommandLine& line, const Toolchain& toolchain, const std::string& scratch);

/// Whether `compiler` is clang by its name; -1 when the name does not say.
int is_clang_by_name(const std::string& compiler);
/// Clang's major version, of its name ("clang++-16") or of what it says of itself; 0 when unknown.
int clang_version(const std::string& text);

}  // namespace chicane::wrapper
