// SPDX-License-Identifier: Apache-2.0
//
// How this command was called, so that the commands it suggests work when they are pasted back:
// "chicane" when it was found by PATH, else the path that was typed.
//
// Thread safety: set once, at the beginning of main.
#pragma once

#include <string>

#include "report/text.h"

namespace chicane::runner {

inline std::string g_command_name = "chicane";

inline void set_command_name(const std::string& argument) {
  if (argument.find('/') != std::string::npos) g_command_name = report::for_shell(argument);
}
inline const std::string& command_name() { return g_command_name; }

}  // namespace chicane::runner
