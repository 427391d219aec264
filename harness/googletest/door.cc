// SPDX-License-Identifier: Apache-2.0
#include "googletest/door.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/scope.h"
#include "googletest/explored.h"
#include "googletest/gtest_access.h"
#include "googletest/settings.h"
#include "runner/explorer_addresses.h"
#include "runner/explorer_nested.h"

namespace chicane::googletest {
namespace {

constexpr int kUsage = 2, kUnavailable = 77, kSignalled = 128;

Suite g_suite;
bool g_configured = false;

[[noreturn]] void fail(int status, const std::string& what) {
  std::fflush(stdout);
  std::fprintf(stderr, "chicane: error: %s\n", what.c_str());
  std::exit(status);
}

void configure_from(std::vector<std::string>* arguments) {
  g_configured = true;
  std::string error;
  if (!read_settings(arguments, &g_suite.settings, &error)) fail(kUsage, error);
  if (g_suite.settings.options.leg == "tsan" && !engine::has_real_tsan()) {
    fail(kUnavailable,
         "the leg tsan is unavailable: this executable is not linked with ThreadSanitizer's "
         "runtime; link chicane::gtest_main_tsan");
  }
  g_suite.notebook = Notebook::create();
  if (g_suite.notebook == nullptr) fail(kUnavailable, "the system refuses shared memory");
}

std::vector<std::string> arguments_of_process() {
  std::ifstream file("/proc/self/cmdline");
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

// A death test of style "threadsafe" starts the executable anew, to run one statement.
bool is_death_test_child(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--gtest_internal_run_death_test")) return true;
  }
  return false;
}

bool exists(const std::string& test) {
  const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *unit.GetTestSuite(i);
    for (int k = 0; k < suite.total_test_count(); ++k) {
      if (full_name(*suite.GetTestInfo(k)) == test) return true;
    }
  }
  return false;
}

void explore_tests(const testing::UnitTest& unit) {
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *unit.GetTestSuite(i);
    for (int k = 0; k < suite.total_test_count(); ++k) {
      auto& info = const_cast<testing::TestInfo&>(*suite.GetTestInfo(k));
      testing::internal::TestFactoryBase* original = factory_of(info);
      if (dynamic_cast<ExploringFactory*>(original) != nullptr) continue;
      replace_factory(info, new ExploringFactory(info, original, g_suite));
    }
  }
}

class Door : public testing::EmptyTestEventListener {
 public:
  void OnTestProgramStart(const testing::UnitTest& unit) override {
    // Under the engine already (the whole program is explored), or one statement of a death test.
    std::vector<std::string> arguments = arguments_of_process();
    if (engine::Engine::active() != nullptr || is_death_test_child(arguments)) return;
    if (g_suite.command.empty() && !arguments.empty()) g_suite.command = arguments.front();
    if (!g_configured) configure_from(&arguments);
    if (!g_suite.settings.explore) return;
    // The C++ library prepares its streams at their first use; that is no part of a run.
    static_cast<void>(testing::Message() << 1 << 1.5);
    runner::on_nested_exploration([] { leave_run_for_native("it explores by itself"); });
    explore_tests(unit);
  }

  void OnTestProgramEnd(const testing::UnitTest& unit) override {
    if (engine::Engine::active() != nullptr || !g_configured || !g_suite.settings.explore) return;
    if (!g_suite.settings.replay_file.empty()) {
      if (g_suite.replayed) return;
      fail(kUsage, "nothing was replayed: --gtest_filter leaves out " +
                       g_suite.settings.replay_test + ", which " + g_suite.settings.replay_file +
                       " is a schedule of");
    }
    print_statistics();
    if (g_suite.interrupted == 0) return;
    std::printf("[ CHICANE  ] interrupted: what was left was skipped\n");
    // Whatever main makes of it: a suite of which a part was skipped has not passed.
    if (unit.Passed()) std::exit(kSignalled + g_suite.interrupted);
  }

 private:
  static void print_statistics() {
    const Statistics& it = g_suite.statistics;
    const Options& options = g_suite.settings.options;
    const auto count = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    std::printf("[ CHICANE  ] %llu test%s explored in %llu schedules", count(it.explored),
                it.explored == 1 ? "" : "s", count(it.schedules));
    if (it.complete != 0) std::printf(" (%llu completely)", count(it.complete));
    std::printf(", leg %s, strategy %s, seed %llu", options.leg.c_str(),
                to_string(options.strategy), count(options.seed));
    if (it.sequential != 0) std::printf("; %llu without concurrency", count(it.sequential));
    if (it.native != 0) std::printf("; %llu without the engine", count(it.native));
    std::printf("\n");
    std::fflush(stdout);
  }
};

// Before main: the process is still young enough to be started anew.
[[gnu::constructor]] void open_door(int, char** argv, char**) {
  runner::fix_addresses(argv);
  testing::UnitTest::GetInstance()->listeners().Append(new Door);
}

}  // namespace

void configure(int* argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + *argc);
  if (is_death_test_child(arguments)) return;
  g_suite.command = argv[0];
  configure_from(&arguments);
  int kept = 1;
  std::size_t next = 0;
  for (int i = 1; i < *argc; ++i) {
    if (next == arguments.size() || arguments[next] != argv[i]) continue;
    argv[kept++] = argv[i];
    ++next;
  }
  argv[kept] = nullptr;
  *argc = kept;
}

void choose_replayed_test() {
  const std::string& test = g_suite.settings.replay_test;
  if (g_suite.settings.replay_file.empty()) return;
  if (!exists(test)) {
    fail(kUsage, g_suite.settings.replay_file + " is a schedule of " + test +
                     ", which is not in this executable");
  }
  if (GTEST_FLAG_GET(filter) == "*") GTEST_FLAG_SET(filter, test);
}

}  // namespace chicane::googletest
