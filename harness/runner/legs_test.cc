// SPDX-License-Identifier: Apache-2.0
//
// The worker here is a shell script: what a worker may do wrong is easier to make happen that way.
#include "runner/legs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

class LegsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("chicane-legs-" + std::to_string(getpid()));
    options_.worker_dir = (root_ / "bin").string();
    options_.diag_dir = (root_ / "diag").string();
    options_.witness_dir = (root_ / "race").string();
    options_.work_dir = (root_ / "race" / "work").string();
    fs::create_directories(root_ / "bin");
    fs::create_directories(root_ / "race" / "work");
    pitfall_.family = "races";
    pitfall_.name = "n";
    file_.form = "bad";
  }
  void TearDown() override { fs::remove_all(root_); }

  /// `script` sees the arguments as $@, and those after --json and --witness-dir as $json and $dir.
  void worker(const std::string& script, const std::string& name = "scenarios_sched") {
    const fs::path path = root_ / "bin" / name;
    std::ofstream(path) << "#!/bin/sh\nargs=\"$*\"\nwhile [ $# -gt 0 ]; do case $1 in\n"
                           "--json) json=$2;; --witness-dir) dir=$2;; esac; shift; done\n"
                        << script << "\n";
    chmod(path.c_str(), 0755);
  }

  CellResult run(const std::string& leg = "sched") {
    return run_cell(pitfall_, file_, leg, options_);
  }

  fs::path root_;
  LegOptions options_;
  Pitfall pitfall_;
  ScenarioFile file_;
};

TEST_F(LegsTest, ReadsTheResultAndPassesTheOptions) {
  worker("echo '{\"runs\": 7, \"seed\": 3}' > $json; echo $args > " + (root_ / "args").string());
  options_.explore.seed = 3;
  options_.explore.schedules = 50;
  options_.explore.strategy = "pct";
  options_.explore.parameters["depth"] = 4;
  const CellResult cell = run();
  EXPECT_EQ(cell.result.error, "");
  EXPECT_EQ(cell.result.runs, 7U);
  std::string args;
  ASSERT_TRUE(read_file((root_ / "args").string(), &args));
  for (const char* part : {"--scenario races/n/bad", "--leg sched", "--seed 3", "--schedules 50",
                           "--strategy pct", "--depth 4"}) {
    EXPECT_NE(args.find(part), std::string::npos) << args;
  }
}

TEST_F(LegsTest, AGoodProgramOfFewInterleavingsIsProven) {
  const auto worker_that_estimates = [this](const char* estimate) {
    worker(
        "case $args in *dpor*40000*) echo '{\"runs\": 945, \"exhausted\": true}';; *dpor*) echo "
        "'{\"runs\": 300, \"estimate\": " +
        std::string(estimate) + "}';; *) echo '{\"runs\": 100}';; esac > $json");
  };
  worker_that_estimates("900");
  EXPECT_EQ(run().result.runs, 100U);
  file_.form = "good";
  EXPECT_TRUE(run().result.exhausted);
  EXPECT_EQ(run().result.runs, 945U);
  options_.explore.strategy = "pct";  // as was asked for
  EXPECT_EQ(run().result.runs, 100U);
  options_.explore.strategy.clear();
  worker_that_estimates("1e6");
  EXPECT_EQ(run().result.runs, 100U);
  EXPECT_EQ(run().result.estimate, 1e6);
  worker_that_estimates("0");  // not known
  EXPECT_EQ(run().result.runs, 100U);
}

TEST_F(LegsTest, WitnessesGetTheNamesOfTheirCells) {
  worker(
      "echo one > $dir/a; echo two > $dir/b\necho '{\"diagnoses\": ["
      "{\"kind\": \"data-race\", \"witness\": \"'$dir'/a\"},"
      "{\"kind\": \"deadlock\", \"witness\": \"'$dir'/b\"}]}' > $json");
  std::ofstream(root_ / "race" / "n.sched.3.chicane") << "old";
  std::ofstream(root_ / "race" / "n.tsan.chicane") << "another cell's";
  const CellResult cell = run();
  ASSERT_EQ(cell.result.error, "");
  ASSERT_EQ(cell.result.diagnoses.size(), 2U);
  EXPECT_TRUE(cell.result.diagnoses[0].witness.ends_with("race/n.sched.chicane"));
  EXPECT_TRUE(fs::exists(root_ / "race" / "n.sched.chicane"));
  EXPECT_TRUE(fs::exists(root_ / "race" / "n.sched.2.chicane"));
  EXPECT_FALSE(fs::exists(root_ / "race" / "n.sched.3.chicane"));
  EXPECT_TRUE(fs::exists(root_ / "race" / "n.tsan.chicane"));
}

/// I1, in each of the ways in which a worker can fail.
TEST_F(LegsTest, AWorkerThatFailsIsAnError) {
  EXPECT_NE(run().result.error.find("is not there"), std::string::npos);
  worker("echo 'no scenario' >&2; exit 2");
  EXPECT_NE(run().result.error.find("exited with 2 (it said: no scenario)"), std::string::npos);
  worker("kill -SEGV $$");
  EXPECT_NE(run().result.error.find("SIGSEGV"), std::string::npos);
  worker("echo '{\"runs\"' > $json");
  EXPECT_NE(run().result.error.find("is not a result"), std::string::npos);
}

TEST_F(LegsTest, AWorkerThatHangsIsEndedWithItsChildren) {
  worker("sleep 1000 & echo $! > " + (root_ / "pid").string() + "; wait");
  // On a busy machine it may be ended before it has begun.
  std::string pid;
  for (double limit = 0.3; trim(pid).empty(); limit *= 2) {
    options_.limit_seconds = limit;
    ASSERT_NE(run().result.error.find("did not finish"), std::string::npos);
    read_file((root_ / "pid").string(), &pid);
  }
  // Gone, or a zombie that nobody has waited for yet; a killed process may take a moment to be.
  const std::string stat = "/proc/" + std::string(trim(pid)) + "/stat";
  std::string state;
  while (read_file(stat, &state) && state.find(" Z ") == std::string::npos) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until CTest's patience ends
  }
}

TEST_F(LegsTest, WithoutItsRuntimeTsanIsUnavailable) {
  worker("exit 0");
  const CellResult cell = run("tsan");
  EXPECT_TRUE(cell.result.unavailable);
  EXPECT_NE(cell.result.error.find("scripts/setup"), std::string::npos);
}

TEST_F(LegsTest, MissingWarningsAreAnError) {
  EXPECT_TRUE(run("thread-safety").result.unavailable);  // not compiled with clang
  fs::create_directories(root_ / "diag/races/n");
  const CellResult missing = run("thread-safety");
  EXPECT_FALSE(missing.result.unavailable);
  EXPECT_NE(missing.result.error.find("bad.cc.diag cannot be read"), std::string::npos);
  std::ofstream(root_ / "diag/races/n/bad.cc.diag")
      << "/p/scenarios/races/n/bad.cc:4:3: warning: releasing mutex 'mu' that was not held "
         "[-Wthread-safety-analysis]\n";
  const CellResult cell = run("thread-safety");
  EXPECT_EQ(cell.result.error, "");
  ASSERT_EQ(cell.result.diagnoses.size(), 1U);
}

TEST_F(LegsTest, OptionalLegsSayWhyTheyAreUnavailable) {
  for (const char* leg : {"helgrind", "rr"}) {
    const CellResult cell = run(leg);
    EXPECT_TRUE(cell.result.unavailable);
    EXPECT_NE(cell.result.error, "");
  }
}

}  // namespace
}  // namespace chicane::runner
