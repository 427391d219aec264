// SPDX-License-Identifier: Apache-2.0
//
// Programs that misbehave (harness/tests/fixtures), all in one `chicane run`.
//
// Oracle: each bad one is reported as annotated, with a witness; the good program that is not good
// is the only failure; no cell is missing. That holds for every seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/catalogue_sandbox.h"

namespace chicane::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

const std::map<std::string, std::string> kKinds = {
    {"endings/null_pointer/bad", "crash"},
    {"endings/aborts/bad", "crash"},
    {"endings/exits/bad", "crash"},
    {"endings/stack_overflow/bad", "crash"},
    {"stuck/computes_forever/bad", "livelock"},
    {"stuck/spins_on_plain/bad", "livelock"},
    {"stuck/sleeps_an_hour/bad", "deadlock"},
    {"stuck/remembers_runs/bad", "nondeterminism"},
};

Outcome run_fixtures(const Sandbox& box, const std::string& arguments) {
  return box.chicane("run --scenarios '" CHICANE_SOURCE_DIR
                     "/harness/tests/fixtures' --witness-dir race --worker-dir '" +
                     fixture_worker_dir() + "' " + arguments);
}

/// One run of all fixtures: it takes seconds, so there is one for all that is looked at.
class Endings {
 public:
  Endings() {
    outcome_ = run_fixtures(box_, "");
    report_ = nlohmann::json::parse(box_.read("race/report.json"), nullptr, false);
  }
  bool has_report() const { return !report_.is_discarded(); }
  const Outcome& outcome() const { return outcome_; }

  void each_is_reported_with_its_witness() const;
  void no_program_s_fault_is_the_runtime_s() const;
  void no_cell_is_missing() const;
  void only_the_good_program_that_is_not_good_fails() const;
  void witnesses_show_it_again() const;

 private:
  nlohmann::json cell(const std::string& program, const std::string& leg) const {
    for (const auto& cell : report_["scenarios"]) {
      if (cell["scenario"] == program && cell["leg"] == leg) return cell;
    }
    ADD_FAILURE() << program << " was not run under " << leg;
    return {};
  }

  Sandbox box_;
  Outcome outcome_;
  nlohmann::json report_;
};

void Endings::each_is_reported_with_its_witness() const {
  for (const auto& [program, kind] : kKinds) {
    SCOPED_TRACE(program);
    const nlohmann::json found = cell(program, "sched");
    EXPECT_EQ(found["status"], "found");
    ASSERT_EQ(found["reported"].size(), 1U) << found;
    EXPECT_EQ(found["reported"][0]["kind"], kind);
    const std::string witness = found["reported"][0]["witness"];
    EXPECT_TRUE(box_.exists(witness)) << witness;
    EXPECT_THAT(box_.read(witness), HasSubstr("\nkind: " + kind + "\n"));
    EXPECT_THAT(outcome_.out, HasSubstr("chicane replay " + witness));
  }
}

void Endings::no_program_s_fault_is_the_runtime_s() const {
  EXPECT_THAT(outcome_.all(), ::testing::Not(HasSubstr("bug of Chicane")));
  EXPECT_THAT(outcome_.out, HasSubstr("segmentation fault"));
  EXPECT_THAT(outcome_.out, HasSubstr("stack overflow"));
  EXPECT_THAT(outcome_.out, HasSubstr("exit(0) in the middle of a run"));
}

void Endings::no_cell_is_missing() const {
  std::set<std::string> programs;
  for (const auto& [program, kind] : kKinds) {
    programs.insert(program);
    programs.insert(program.substr(0, program.size() - 3) + "good");
  }
  programs.insert("promises/good_with_race/good");
  EXPECT_EQ(report_["scenarios"].size(), 4 * programs.size());
  for (const std::string& program : programs) {
    for (const char* leg : {"sched", "lockorder", "tsan", "thread-safety"}) {
      EXPECT_EQ(cell(program, leg)["error"], "") << program << " " << leg;
    }
  }
}

void Endings::only_the_good_program_that_is_not_good_fails() const {
  EXPECT_EQ(outcome_.exit_code, 1) << outcome_.all();
  EXPECT_TRUE(report_["problems"].empty()) << report_["problems"];
  std::set<std::string> failed;
  for (const auto& failure : report_["failures"]) {
    EXPECT_THAT(failure["file"].get<std::string>(), HasSubstr("promises/good_with_race/good.cc"));
    failed.insert(failure["leg"].get<std::string>());
  }
  EXPECT_THAT(failed, UnorderedElementsAre("sched", "tsan"));
  EXPECT_THAT(outcome_.out,
              ContainsRegex(
                  "fixtures/promises/good_with_race/good.cc:1[01]: sched reports data-race at line "
                  "1[01] .write., line 1[01] .write., but the program says '//"
                  "~ none' .line 3."));
}

void Endings::witnesses_show_it_again() const {
  // How long a witness was before it was made short is not in its file.
  const std::string told =
      std::regex_replace(outcome_.out, std::regex(" \\(was [0-9,]+ steps\\)"), "");
  for (const auto& [program, kind] : kKinds) {
    SCOPED_TRACE(program);
    if (kind == "nondeterminism") continue;  // it is that the schedule does not show it again
    const Outcome again = box_.chicane(
        "replay --scenarios '" CHICANE_SOURCE_DIR "/harness/tests/fixtures' --worker-dir '" +
        fixture_worker_dir() + "' " +
        cell(program, "sched")["reported"][0]["witness"].get<std::string>());
    EXPECT_EQ(again.exit_code, 0) << again.all();
    EXPECT_EQ(again.out.substr(0, kind.size() + 2), kind + "  ");
    EXPECT_THAT(told, HasSubstr(again.out));
  }
}

TEST(EndingsTogether, AreEachReportedAndHideNoOther) {
  const Endings endings;
  ASSERT_TRUE(endings.has_report()) << endings.outcome().all();
  endings.each_is_reported_with_its_witness();
  endings.no_program_s_fault_is_the_runtime_s();
  endings.no_cell_is_missing();
  endings.only_the_good_program_that_is_not_good_fails();
  endings.witnesses_show_it_again();
}

TEST(EndingsAlone, PassAsAnnotated) {
  const Sandbox box;
  const Outcome outcome =
      run_fixtures(box, "endings stuck/sleeps_an_hour --seed 12 --no-diagnoses");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
  EXPECT_THAT(outcome.out, HasSubstr("all as annotated"));
}

}  // namespace
}  // namespace chicane::testing
