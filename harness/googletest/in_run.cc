// SPDX-License-Identifier: Apache-2.0
#include "googletest/in_run.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "engine/engine.h"
#include "engine/journal.h"
#include "engine/scope.h"
#include "googletest/calls.h"
#include "googletest/gtest_access.h"
#include "runner/explorer_failures.h"

namespace chicane::googletest {
namespace {

using engine::Engine;
using testing::TestPartResult;

// The notebook of the test that is explored; null while none is.
Notebook* g_notebook = nullptr;
// GoogleTest catches what leaves a test and reports it without a place.
bool is_exception(const TestPartResult& part) {
  return part.file_name() == nullptr && std::strstr(part.summary(), "C++ exception") != nullptr;
}

// Once in each child: a thousand runs would say the same thing a thousand times.
void silence_output() {
  static pid_t silenced = 0;
  if (silenced == getpid()) return;
  silenced = getpid();
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

void note_properties(const testing::TestResult& result, Notebook& notebook) {
  if (result.test_property_count() == 0) return;
  std::vector<std::pair<std::string, std::string>> properties;
  for (int i = 0; i < result.test_property_count(); ++i) {
    const testing::TestProperty& property = result.GetTestProperty(i);
    properties.emplace_back(property.key(), property.value());
  }
  notebook.set_properties(properties);
}

}  // namespace

RunReporter::RunReporter(const testing::TestInfo& info, Notebook& notebook)
    : ScopedFakeTestPartResultReporter(INTERCEPT_ALL_THREADS, &unused_),
      info_(info),
      notebook_(notebook) {}

void RunReporter::ReportTestPartResult(const TestPartResult& part) {
  const Engine::Scope scope;
  add_part(*info_.result(), part);
  Failure failure{.file = part.file_name() == nullptr ? "" : part.file_name(),
                  .line = part.line_number(),
                  .fatal = part.fatally_failed(),
                  .text = part.message()};
  if (part.skipped()) notebook_.add_skip(failure);
  if (!part.failed()) return;
  const std::string summary = runner::report_failure(failure.text, is_exception(part), call_site());
  notebook_.add_failure(summary, failure);
}

void TestRun::operator()() const {
  {
    const Engine::Scope scope;
    g_notebook = notebook;
    if (quiet) silence_output();
    clear(*info->result());
  }
  run_test(*factory);
  Engine& engine = Engine::instance();
  const Engine::Scope scope;
  note_properties(*info->result(), *notebook);
  notebook->end_run(engine.journal().current_choices().empty());
}

void leave_run_for_native(const char* why) {
  Engine* engine = Engine::active();
  if (engine == nullptr || g_notebook == nullptr) return;
  g_notebook->ask_for_native(why);
  engine->journal().counters().exhausted = 1;  // no further run
  engine->end_run(engine::RunEnd::kFatal);
}

}  // namespace chicane::googletest
