// SPDX-License-Identifier: Apache-2.0
#include "googletest/explored.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "chicane/chicane.h"
#include "googletest/gtest_access.h"
#include "report/source_map.h"
#include "report/terminal.h"
#include "report/text.h"

namespace chicane::googletest {
namespace {

using testing::TestPartResult;

void add_part_here(TestPartResult::Type type, const char* file, int line, const std::string& text) {
  testing::internal::AssertHelper(type, file, line, text.c_str()) = testing::Message();
}

void add_failure(bool fatal, const std::string& file, int line, const std::string& text) {
  add_part_here(fatal ? TestPartResult::kFatalFailure : TestPartResult::kNonFatalFailure,
                file.empty() ? nullptr : file.c_str(), line, text);
}

// At a terminal the reader is where the suite was started; the reader of a log is not.
std::string for_reader(const std::string& path) {
  if (isatty(STDOUT_FILENO) == 1 || path.find('/') == std::string::npos) return path;
  return std::filesystem::absolute(path).lexically_normal().string();
}

// Threads that this process has already; a forked child does not have them.
std::size_t other_threads() {
  std::error_code ignored;
  const std::filesystem::directory_iterator tasks("/proc/self/task", ignored);
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks))) - 1;
}

class ExploringTest : public testing::Test {
 public:
  ExploringTest(const testing::TestInfo& info, testing::internal::TestFactoryBase& original,
                Suite& suite)
      : info_(info), original_(original), suite_(suite), name_(full_name(info)) {}

  void TestBody() override {
    if (suite_.interrupted != 0) return skip("interrupted before it began");
    suite_.notebook->clear();
    // By GoogleTest's convention such a suite forks.
    if (std::strstr(info_.test_suite_name(), "DeathTest") != nullptr) {
      suite_.notebook->ask_for_native("it has death tests");
      return run_natively();
    }
    note_other_threads();
    const Result result = explore();
    suite_.interrupted = result.signal;
    const bool only_failures = std::all_of(
        result.diagnoses.begin(), result.diagnoses.end(), [this](const Diagnosis& diagnosis) {
          Failure ignored;
          return suite_.notebook->find_failure(diagnosis.message, &ignored);
        });
    const bool sequential = result.error.empty() && only_failures && result.exhausted &&
                            suite_.notebook->sequential() && suite_.settings.replay_file.empty();
    if (sequential || *suite_.notebook->native_because() != '\0') return run_natively();
    report(result);
  }

 private:
  Result explore() {
    const bool replays = !suite_.settings.replay_file.empty();
    Options options = suite_.settings.options;
    options.program = name_;
    options.interruptible = !replays;
    const TestRun run{
        .info = &info_, .factory = &original_, .notebook = suite_.notebook, .quiet = !replays};
    const RunReporter reporter(info_, *suite_.notebook);
    suite_.replayed = true;
    return replays ? chicane::replay(run, options, suite_.settings.replay)
                   : chicane::explore(run, options);
  }

  // SetUpTestSuite, an environment or a static object started them.
  void note_other_threads() {
    const std::size_t others = other_threads();
    if (others == 0 || suite_.told_of_threads) return;
    suite_.told_of_threads = true;
    std::printf(
        "[ CHICANE  ] note: %zu thread%s outside of a test runs already; tests are explored in\n"
        "             copies of this process that do not have it. Start it in SetUp().\n",
        others, others == 1 ? "" : "s");
    std::fflush(stdout);
  }

  void run_natively() {
    const char* why = suite_.notebook->native_because();
    if (*why == '\0') {
      ++suite_.statistics.sequential;
    } else {
      ++suite_.statistics.native;
      std::printf("[ CHICANE  ] %s runs once, without the engine: %s\n", name_.c_str(), why);
      std::fflush(stdout);
    }
    run_test(original_);
  }

  void skip(const std::string& why) const {
    add_part_here(TestPartResult::kSkip, info_.file(), info_.line(), why);
  }

  void report(const Result& result) {
    ++suite_.statistics.explored;
    suite_.statistics.schedules += result.runs;
    suite_.statistics.complete += result.exhausted ? 1 : 0;
    for (const auto& [key, value] : suite_.notebook->properties()) RecordProperty(key, value);
    for (const Diagnosis& diagnosis : result.diagnoses) report(diagnosis);
    Failure skipped;
    if (!result.error.empty()) {
      add_failure(true, info_.file(), info_.line(), "Chicane: " + result.error);
    } else if (result.diagnoses.empty() && suite_.notebook->skipped(&skipped)) {
      add_part_here(TestPartResult::kSkip, skipped.file.c_str(), skipped.line, skipped.text);
    } else if (result.diagnoses.empty() && result.signal != 0) {
      skip("interrupted: nothing was found until then");
    }
  }

  // The failure is where the assertion is, or else at the first of the sites.
  void report(Diagnosis diagnosis) {
    Failure failure;
    const bool assertion = suite_.notebook->find_failure(diagnosis.message, &failure);
    if (assertion && !failure.file.empty()) show_at(failure, &diagnosis);
    if (!assertion) {
      const Frame* frame = nullptr;
      for (const Site& site : diagnosis.sites) {
        if (frame == nullptr || frame->line == 0) frame = report::user_frame(site);
      }
      failure.file = frame == nullptr || frame->line == 0 ? info_.file() : frame->file;
      failure.line = frame == nullptr || frame->line == 0 ? info_.line() : frame->line;
    }
    if (!failure.text.empty()) failure.text += "\n\n";
    add_failure(failure.fatal, failure.file, failure.line, failure.text + text_of(diagnosis));
  }

  // A macro in a header of the user's, or ADD_FAILURE_AT, names another place than the call's.
  static void show_at(const Failure& failure, Diagnosis* diagnosis) {
    if (diagnosis->sites.empty()) return;
    std::vector<Frame>& stack = diagnosis->sites[0].stack;
    const Frame* frame = report::user_frame(stack);
    if (frame != nullptr && frame->line == failure.line &&
        report::base_name(frame->file) == report::base_name(failure.file)) {
      return;
    }
    stack.insert(stack.begin(),
                 {.function = {}, .file = failure.file, .line = failure.line, .pc = 0});
  }

  std::string text_of(Diagnosis& diagnosis) const {
    report::TerminalOptions options;
    options.program = name_;
    const std::string& replayed = suite_.settings.replay_file;
    if (!replayed.empty()) diagnosis.witness = replayed;
    options.again = report::for_shell(for_reader(suite_.command)) +
                    " --gtest_filter=" + report::for_shell(name_) +
                    " --chicane_replay=" + report::for_shell(for_reader(diagnosis.witness));
    std::string text = report::render(diagnosis, options);
    text.pop_back();  // GoogleTest ends the line
    return text;
  }

  const testing::TestInfo& info_;
  testing::internal::TestFactoryBase& original_;
  Suite& suite_;
  std::string name_;
};

}  // namespace

testing::Test* ExploringFactory::CreateTest() {
  return new ExploringTest(info_, *original_, suite_);
}

std::string full_name(const testing::TestInfo& info) {
  return std::string(info.test_suite_name()) + "." + info.name();
}

}  // namespace chicane::googletest
