// SPDX-License-Identifier: Apache-2.0
//
// chicane::gtest_main as its users have it: concurrent_suite is run as a command, beside
// concurrent_plain, which is the same source without instrumentation and with GoogleTest's own
// main.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSuite = CHICANE_BIN "/concurrent_suite";
const std::string kSelf = CHICANE_BIN "/expectations_suite";
const std::string kPlain = CHICANE_BIN "/concurrent_plain";
// What can be compared: the other tests' endings depend on the schedule.
const std::string kSteady =
    " --gtest_filter='Plain*:Fixture.IsRebuiltForEachRun:Typed*:Threads/Racy.Counter/0' ";

struct Output {
  int exit = -1;
  std::string text;  // standard output and error
};

class Suites : public testing::Test {
 protected:
  Suites() : folder_(fs::path(testing::TempDir()) / ("suites_test." + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~Suites() override { fs::remove_all(folder_); }

  Output run(const std::string& command) const {
    const std::string line = "cd '" + folder_.string() + "' && (" + command + ") 2>&1 < /dev/null";
    std::FILE* pipe = popen(line.c_str(), "r");
    Output output;
    char buffer[4096];
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
      output.text.append(buffer, n);
    }
    const int status = pclose(pipe);
    output.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return output;
  }

  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  fs::path folder_;
};

std::vector<std::string> lines_of(const std::string& text, const std::string& pattern) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  const std::regex wanted(pattern);
  for (std::string line; std::getline(stream, line);) {
    if (std::regex_search(line, wanted)) lines.push_back(line);
  }
  return lines;
}

// "concurrent_suite.cc:86", where that line begins with `code`.
std::string place(const std::string& code) {
  std::ifstream file(CHICANE_SUITES "/concurrent_suite.cc");
  int number = 1;
  for (std::string line; std::getline(file, line); ++number) {
    const std::size_t first = line.find_first_not_of(' ');
    if (first != std::string::npos && line.compare(first, code.size(), code) == 0) {
      return "concurrent_suite.cc:" + std::to_string(number);
    }
  }
  return "(no such line)";
}

// Without times, and without Chicane's own lines.
std::string comparable(std::string text) {
  text = std::regex_replace(text, std::regex("[0-9]+ ms"), "N ms");
  text = std::regex_replace(text, std::regex("(time|timestamp)(=|\": )\"[^\"]*\""), "$1");
  text = std::regex_replace(text, std::regex("Running main\\(\\)[^\n]*\n"), "");
  text = std::regex_replace(text, std::regex("\\[ CHICANE  \\][^\n]*\n"), "");
  return text;
}

TEST_F(Suites, WithoutConcurrencyTheOutputIsGoogleTestsOwn) {
  const Output plain = run(kPlain + kSteady);
  const Output explored = run(kSuite + kSteady);
  EXPECT_EQ(comparable(explored.text), comparable(plain.text));
  EXPECT_EQ(explored.exit, 1);
  EXPECT_EQ(plain.exit, 1);
  EXPECT_THAT(plain.text, HasSubstr("printed by Plain.PrintsOnce"));
}

TEST_F(Suites, XmlAndJsonAreGoogleTestsOwn) {
  for (const std::string form : {"xml", "json"}) {
    run(kPlain + kSteady + "--gtest_output=" + form + ":plain");
    run(kSuite + kSteady + "--gtest_output=" + form + ":explored");
    EXPECT_EQ(comparable(read("explored")), comparable(read("plain")));
    EXPECT_THAT(read("explored"), Not(HasSubstr("RecordsAndSkips"))) << form;
    EXPECT_THAT(read("explored"), HasSubstr("AtomicCounter"));
    EXPECT_THAT(read("explored"), HasSubstr("green"));
  }
}

TEST_F(Suites, ListsFiltersShufflesAndRepeats) {
  EXPECT_EQ(run(kSuite + " --gtest_list_tests").text,
            comparable(run(kPlain + " --gtest_list_tests").text));
  for (const std::string flags :
       {"--gtest_repeat=2", "--gtest_shuffle --gtest_random_seed=7 --gtest_repeat=2",
        "--gtest_also_run_disabled_tests", "--gtest_filter='*Counter*-*Racy*'"}) {
    const std::string pattern = "^\\[ RUN|^Repeating|^Note";
    const auto plain = lines_of(run(kPlain + kSteady + flags).text, pattern);
    EXPECT_EQ(lines_of(run(kSuite + kSteady + flags).text, pattern), plain) << flags;
    EXPECT_FALSE(plain.empty());
  }
}

TEST_F(Suites, ShardsAreGoogleTestsOwn) {
  std::size_t all = 0;
  for (const std::string index : {"0", "1", "2"}) {
    const std::string shard = "GTEST_TOTAL_SHARDS=3 GTEST_SHARD_INDEX=" + index + " ";
    const auto plain = lines_of(run(shard + kPlain + kSteady).text, "^\\[ RUN");
    EXPECT_EQ(lines_of(run(shard + kSuite + kSteady).text, "^\\[ RUN"), plain);
    all += plain.size();
  }
  EXPECT_EQ(all, lines_of(run(kSuite + kSteady).text, "^\\[ RUN").size());
}

TEST_F(Suites, FixturesAreRebuiltForEachRun) {
  const Output output =
      run("CHICANE_SCHEDULES=20 " + kSuite + " --gtest_filter=Fixture.IsRebuilt*");
  EXPECT_EQ(output.exit, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("1 test explored in 20 schedules, leg sched"));
}

// No more schedules are run then: nothing is left to be found.
TEST_F(Suites, ATestMayBeProven) {
  const Output output = run(kSuite + " --gtest_filter=Fixture.IsRebuilt*");
  EXPECT_EQ(output.exit, 0) << output.text;
  EXPECT_THAT(output.text,
              ContainsRegex("1 test explored in [0-9][0-9] schedules .1 completely., leg sched"));
}

// The command that a failure prints, run in another folder by another shell.
std::string again(const std::string& text) {
  std::smatch match;
  return std::regex_search(text, match, std::regex("\n  again  (.*)\n")) ? match[1].str() : "";
}

TEST_F(Suites, AFailureHasItsMessageDiagnosisAndReplay) {
  const Output output = run(kSuite + " --gtest_filter=Fixture.LosesAnUpdate --gtest_output=xml:x");
  EXPECT_EQ(output.exit, 1);
  const std::string message = place("EXPECT_EQ(counter->value(), 2) << ") +
                              ": Failure\nExpected equality of these values:\n"
                              "  counter->value()\n    Which is: 1\n  2\nan update was lost\n";
  const std::string title =
      "assertion-failed  Expected equality of these values: counter->value() (is 1), 2, an update "
      "was lost\n  in Fixture.LosesAnUpdate\n";
  EXPECT_THAT(output.text, HasSubstr(message));
  EXPECT_THAT(output.text, HasSubstr(title));
  EXPECT_THAT(output.text, HasSubstr("1 forced switch"));
  EXPECT_THAT(read("x"), HasSubstr("chicane_replay="));
  const std::string command = again(output.text);
  ASSERT_THAT(command, HasSubstr("--gtest_filter=Fixture.LosesAnUpdate --chicane_replay="));
  const Output replayed = run("cd / && " + command);
  EXPECT_EQ(replayed.exit, 1);
  EXPECT_THAT(replayed.text, HasSubstr(message));
  EXPECT_THAT(replayed.text, HasSubstr(title));
  EXPECT_THAT(replayed.text, HasSubstr("1 test from 1 test suite ran"));
  // The schedule says itself which test it is of.
  const std::string file = command.substr(command.find("--chicane_replay"));
  EXPECT_EQ(comparable(run(kSuite + " " + file).text),
            comparable(run(kSuite + " --gtest_filter=Fixture.LosesAnUpdate " + file).text));
}

TEST_F(Suites, EveryKindOfFailureIsTold) {
  const Output output = run(kSuite + " --gtest_filter=-Plain*");
  EXPECT_EQ(output.exit, 1);
  for (const char* text :
       {"deadlock  2 threads wait for each other in a circle", "lost-update  ",
        "data-race  two threads touch `counter`, nothing orders them",
        "Expected: false\nsecond\nGoogle Test trace:\n", "  ASSERT_FALSE(first.exchange",
        "C++ exception with description \"one was last\" thrown in the test body.",
        "uncaught-panic  C++ exception", ": Skipped\nafter all\n", "5 FAILED TESTS"}) {
    EXPECT_THAT(output.text, HasSubstr(text));
  }
  EXPECT_EQ(lines_of(output.text, "^  again  ").size(), 6U) << output.text;
  // The same text twice.
  EXPECT_EQ(comparable(run(kSuite + " --gtest_filter=-Plain*").text), comparable(output.text));
}

TEST_F(Suites, WhatCannotBeExploredRunsWithoutTheEngine) {
  const Output output =
      run(kSuite + " --gtest_filter='*Dies*' && " + kSelf + " --gtest_filter=Self.*");
  EXPECT_EQ(output.exit, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("PlainDeathTest.DiesByConvention runs once, without the "
                                     "engine: it has death tests"));
  EXPECT_THAT(output.text, HasSubstr("Plain.DiesWithoutConvention runs once, without the engine"));
  EXPECT_THAT(output.text, HasSubstr("Self.Explores runs once, without the engine: it explores by "
                                     "itself"));
  EXPECT_EQ(run(kSuite + " --gtest_filter='*Dies*' --gtest_death_test_style=threadsafe").exit, 0);
}

TEST_F(Suites, ExpectationsShowTheDiagnosis) {
  const Output output = run(kSelf + " --gtest_filter=Wrong.*");
  EXPECT_EQ(output.exit, 1);
  for (const char* text : {"Expected: no diagnosis\n  Actual: 1 in ", "says the user",
                           "data-race  two threads touch `counter`, nothing orders them\n",
                           "schedules, in all interleavings\n",
                           "Expected: a diagnosis of the kind data-race\n  Actual: none in ",
                           "Expected: a diagnosis of the kind deadlock\n  Actual: only others in ",
                           "there is no kind of diagnosis 'data-rice'"}) {
    EXPECT_THAT(output.text, HasSubstr(text));
  }
  EXPECT_THAT(output.text, Not(HasSubstr("ASSERT_ goes no further")));
}

TEST_F(Suites, WithExploreOffItIsPlainGoogleTest) {
  const Output output = run(kSuite + " --chicane_explore=0" + kSteady);
  EXPECT_EQ(output.text.find("CHICANE"), std::string::npos);
  EXPECT_EQ(comparable(output.text), comparable(run(kPlain + kSteady).text));
}

TEST_F(Suites, LegsAndWitnessFolders) {
  const std::string filter = " --gtest_filter=Concurrent.Deadlocks ";
  const Output predicted = run(kSuite + filter + "--chicane_leg=lockorder --chicane_witness_dir=w");
  EXPECT_EQ(predicted.exit, 1);
  EXPECT_THAT(predicted.text, HasSubstr("deadlock  2 threads"));
  EXPECT_TRUE(fs::exists(folder_ / "w/Concurrent.Deadlocks.lockorder.1.chicane"));
  const Output missing = run(kSuite + filter + "--chicane_leg=tsan");
  EXPECT_EQ(missing.exit, 77);
  EXPECT_THAT(missing.text, HasSubstr("the leg tsan is unavailable"));
}

TEST_F(Suites, WrongFlagsAreErrors) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"--chicane_shedules=7", "did you mean schedules?"},
      {"--chicane_schedules", "--chicane_schedules needs a value: --chicane_schedules=N"},
      {"--chicane_schedules=0", "--chicane_schedules needs a whole number of at least 1"},
      {"--chicane_strategy=luck", "unknown strategy 'luck'"},
      {"--chicane_strategy=random --chicane_depth=3", "strategy random has no parameter"},
      {"--chicane_leg=all", "unknown leg 'all'"},
      {"--chicane_explore=maybe", "--chicane_explore is 0 or 1, not 'maybe'"},
      {"--chicane_replay=nowhere", "nowhere cannot be read: is it there?"}};
  for (const auto& [flags, message] : wrong) {
    const Output output = run(kSuite + " --gtest_filter=Plain.Passes " + flags);
    EXPECT_EQ(output.exit, 2) << flags;
    EXPECT_THAT(output.text, HasSubstr("chicane: error: ")) << flags;
    EXPECT_THAT(output.text, HasSubstr(message)) << flags;
    EXPECT_THAT(output.text, Not(HasSubstr("[ RUN"))) << flags;
  }
  EXPECT_EQ(run("CHICANE_TIME=soon " + kSuite).exit, 2);
  EXPECT_THAT(run(kSuite + " --help").text, HasSubstr("--chicane_witness_dir=DIR"));
}

// Interrupted in the middle of a random walk that would never end: when the test `in` has begun and
// has a process that makes runs.
class Interrupted : public Suites {
 protected:
  Output interrupt(const std::string& in, const std::string& others) const {
    const pid_t suite = fork();
    if (suite == 0) {
      const std::string command = "exec " + kSuite + " --chicane_strategy=random " +
                                  "--chicane_schedules=1000000000 --gtest_filter=" + in + ":" +
                                  others + " >out 2>&1";
      std::signal(SIGINT, SIG_DFL);
      if (chdir(folder_.c_str()) == 0) execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(126);
    }
    const std::string id = std::to_string(suite);
    const std::string begun = "[ RUN      ] " + in;
    for (bool ready = false; !ready;) {
      std::ifstream file("/proc/" + id + "/task/" + id + "/children");
      if (!file) break;  // it has ended
      std::string children;
      ready = read("out").find(begun) != std::string::npos && std::getline(file, children) &&
              !children.empty();
    }
    kill(suite, SIGINT);
    int status = 0;
    waitpid(suite, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("out")};
  }
};

TEST_F(Interrupted, ASuiteThatFoundNothingHasNotPassed) {
  const Output output = interrupt("Fixture.IsRebuiltForEachRun", "Concurrent.Deadlocks");
  EXPECT_EQ(output.exit, 130) << output.text;
  EXPECT_THAT(output.text, HasSubstr("interrupted: nothing was found until then"));
  EXPECT_THAT(output.text, HasSubstr("interrupted before it began"));
  EXPECT_THAT(output.text, HasSubstr("[  SKIPPED ] 2 tests"));
  EXPECT_THAT(output.text, Not(HasSubstr("deadlock  ")));
}

TEST_F(Interrupted, ASuiteTellsWhatItFound) {
  const Output output = interrupt("Concurrent.RecordsAndSkips", "Concurrent.Deadlocks");
  EXPECT_EQ(output.exit, 1) << output.text;
  EXPECT_THAT(output.text, HasSubstr("deadlock  2 threads wait for each other in a circle"));
  EXPECT_THAT(output.text, HasSubstr("[  SKIPPED ] Concurrent.RecordsAndSkips"));
  const Output replayed = run("cd / && " + again(output.text));
  EXPECT_EQ(replayed.exit, 1);
  EXPECT_THAT(replayed.text, HasSubstr("deadlock  2 threads"));
}

TEST_F(Suites, AScheduleOfAnotherTestReplaysNothing) {
  run(kSuite + " --gtest_filter=Concurrent.Deadlocks");
  const std::string file = "chicane-witnesses/Concurrent.Deadlocks.sched.1.chicane";
  ASSERT_TRUE(fs::exists(folder_ / file));
  const Output left_out = run(kSuite + " --gtest_filter=Nothing --chicane_replay=" + file);
  EXPECT_EQ(left_out.exit, 2);
  EXPECT_THAT(left_out.text, HasSubstr("nothing was replayed: --gtest_filter leaves out "
                                       "Concurrent.Deadlocks"));
  const Output other = run(kSuite + " --gtest_filter=Typed/0.* --chicane_replay=" + file);
  EXPECT_EQ(other.exit, 1);
  EXPECT_THAT(other.text, HasSubstr("Concurrent.Deadlocks"));
  run("sed -i s/Concurrent.Deadlocks/Concurrent.Gone/ " + file);
  const Output gone = run(kSuite + " --chicane_replay=" + file);
  EXPECT_EQ(gone.exit, 2);
  EXPECT_THAT(gone.text, HasSubstr("is a schedule of Concurrent.Gone, which is not in this "
                                   "executable"));
}

}  // namespace
