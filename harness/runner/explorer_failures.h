// SPDX-License-Identifier: Apache-2.0
//
// A test framework's failed assertion, in a run: a finding, and the run goes on.
//
// Thread safety: program thread, or engine context.
#pragma once

#include <string>

namespace chicane::runner {

/// A failure's text in one line, as a finding's message: "Expected equality of these values: n (is
/// 1), 2".
std::string summarize_failure(const std::string& text);

/// Reports an `assertion-failed` (an `uncaught-panic` when an exception was caught by the
/// framework) of the running thread. `site` is where the program called the framework; null: where
/// it was last seen. Returns the finding's message; empty outside of a run.
std::string report_failure(const std::string& text, bool exception, const void* site);

}  // namespace chicane::runner
