// SPDX-License-Identifier: Apache-2.0
//
// `chicane run --native`: ThreadSanitizer on free threads, as a figure beside the matrix.
//
// Oracle: what does not depend on chance. A thread that waits for itself hangs in each of the 20
// runs, a program that aborts crashes in each, a program without a mistake shows nothing; and
// whatever the figures are, the exit code is that of the leg itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/catalogue_sandbox.h"

namespace chicane::testing {
namespace {

using ::testing::HasSubstr;

nlohmann::json native_of(const Sandbox& box, const std::string& scenario) {
  const auto report = nlohmann::json::parse(box.read("race/report.json"), nullptr, false);
  for (const auto& cell : report.value("scenarios", nlohmann::json::array())) {
    if (cell.value("scenario", "") == scenario) return cell.value("native", nlohmann::json());
  }
  return {};
}

TEST(Native, HangsAreCountedWithinATimeLimit) {
  const Sandbox box;
  const Outcome outcome = box.chicane(
      "run --leg tsan --native --form default --no-diagnoses --witness-dir race locks/relock");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
  EXPECT_THAT(outcome.out, HasSubstr("tsan --native\n"));
  EXPECT_THAT(outcome.out, HasSubstr("20 of 20\n"));
  EXPECT_EQ(native_of(box, "locks/relock/good").dump(),
            R"({"crashed":0,"hung":0,"reported":0,"runs":20})");
  const nlohmann::json bad = native_of(box, "locks/relock/bad");
  EXPECT_EQ(bad.value("runs", 0), 20) << outcome.all();
  EXPECT_EQ(bad.value("hung", 0), 20) << bad;
}

TEST(Native, CrashesAreCounted) {
  const Sandbox box;
  const Outcome outcome =
      box.chicane("run --scenarios '" CHICANE_SOURCE_DIR "/harness/tests/fixtures' --worker-dir '" +
                  fixture_worker_dir() + "' --leg tsan --native --variant bad --witness-dir race " +
                  "endings/aborts endings/null_pointer");
  for (const char* scenario : {"endings/aborts/bad", "endings/null_pointer/bad"}) {
    EXPECT_EQ(native_of(box, scenario).value("crashed", 0), 20) << outcome.all();
  }
}

// The option log_path=/dev/null, which seems to say the same, makes a file /dev/null.<pid> for each
// process that reports something.
TEST(TsanReports, LeaveNoFilesBesideDevNull) {
  const Sandbox box;
  const std::string list = "ls -A /dev | grep '^null[.]' | sort";
  const std::string before = box.shell(list).out;
  const Outcome outcome = box.chicane(
      "run --leg tsan --native --form default --no-diagnoses --witness-dir race "
      "data_races/unlocked_counter");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
  EXPECT_THAT(outcome.out, HasSubstr("+ found")) << "without a report nothing is shown";
  EXPECT_EQ(box.shell(list).out, before);
}

TEST(Native, IsOfTheLegTsanOnly) {
  const Sandbox box;
  const Outcome outcome = box.chicane("run --leg sched --native --witness-dir race locks/relock");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--native is the leg tsan on free threads"));
}

}  // namespace
}  // namespace chicane::testing
