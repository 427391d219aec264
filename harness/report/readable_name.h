// SPDX-License-Identifier: Apache-2.0
//
// Function names as a person would write them: no parameter lists, no long template arguments, a
// lambda called "lambda", a scenario's body called by its pitfall.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace chicane::report {

/// The demangled form of a linkage name; the name itself when it is not mangled.
std::string demangle(const std::string& linkage_name);
/// Shortens a demangled name: "work(int)::$_0::operator()() const" is "work::lambda".
std::string readable_name(std::string_view demangled);

}  // namespace chicane::report
