// SPDX-License-Identifier: Apache-2.0
#include "runner/match.h"

#include <gtest/gtest.h>

#include <deque>

namespace chicane::runner {
namespace {

struct SiteAt {
  int line;
  const char* role;
  int thread = 0;
};

/// A diagnosis whose stacks begin in the harness and go through the scenario's file.
Diagnosis diagnosis(const std::string& kind, const std::vector<SiteAt>& sites) {
  Diagnosis result;
  result.kind = kind;
  result.confirmed = true;
  for (const SiteAt& at : sites) {
    Site site;
    site.role = at.role;
    site.thread = at.thread;
    site.stack.push_back({"lock", "/p/harness/golang/mutex.cc", 77, 0});
    if (at.line > 0) site.stack.push_back({"body", "/p/scenarios/races/n/bad.cc", at.line, 0});
    site.stack.push_back({"outer", "/p/scenarios/races/n/bad.cc", 1000, 0});
    if (at.line == 0) site.stack.pop_back();
    result.sites.push_back(site);
  }
  return result;
}

class MatchTest : public testing::Test {
 protected:
  /// Line 1 is the first of `text`.
  void source(const std::string& text, const std::string& form = "bad") {
    pitfall_.family = "races";
    pitfall_.name = "n";
    file_.form = form;
    file_.path = "scenarios/races/n/" + form + ".cc";
    std::vector<Problem> problems;
    file_.annotations = parse_annotations(file_.path, text, &problems);
    ASSERT_TRUE(problems.empty()) << to_string(problems[0]);
  }

  void leg(const std::string& name, std::vector<Diagnosis> diagnoses) {
    Result& result = results_.emplace_back();
    result.runs = 100;
    result.diagnoses = std::move(diagnoses);
    names_.push_back(name);
  }

  Verdict judge() {
    std::vector<LegReport> reports;
    for (std::size_t i = 0; i < names_.size(); ++i) reports.push_back({names_[i], &results_[i]});
    return match(pitfall_, file_, reports);
  }

  /// "found", "silent", ... of each leg, or the text of the first failure.
  std::string outcome() {
    const Verdict verdict = judge();
    if (!verdict.failures.empty()) return to_string(verdict.failures[0]);
    std::vector<std::string> statuses;
    for (const LegVerdict& leg : verdict.legs) statuses.emplace_back(to_string(leg.status));
    return join(statuses, " ");
  }

  void expect_failure(const std::string& what) {
    const std::string text = outcome();
    EXPECT_NE(text.find(what), std::string::npos) << text;
    EXPECT_NE(text.find("reported"), std::string::npos) << text;
    EXPECT_NE(text.find("chicane run races/n"), std::string::npos) << text;
  }

  Pitfall pitfall_;
  ScenarioFile file_;
  std::deque<Result> results_;
  std::vector<std::string> names_;
};

const char kRace[] =
    "++n;  //~ data-race#n write [sched tsan]\n"
    "f(n);  //~ data-race#n read [sched tsan]\n";

TEST_F(MatchTest, BothSitesInAnyOrder) {
  source(kRace);
  leg("sched", {diagnosis("data-race", {{2, "read"}, {1, "write"}})});
  leg("tsan", {diagnosis("data-race", {{1, "write"}, {1, "write"}}),
               diagnosis("data-race", {{1, "write"}, {2, "read"}})});
  leg("lockorder", {});
  EXPECT_EQ(outcome(), "found found silent");
}

/// I1.
TEST_F(MatchTest, AListedLegMustReport) {
  source(kRace);
  leg("sched", {diagnosis("data-race", {{2, "read"}, {1, "write"}})});
  leg("tsan", {});
  expect_failure("scenarios/races/n/bad.cc:1: expected data-race#n from tsan");
  expect_failure("sched         reported data-race at line 2 (read), line 1 (write)");
  expect_failure("tsan          reported nothing in 100 runs");
  expect_failure("--variant bad --form default --leg tsan");
}

/// I2.
TEST_F(MatchTest, AnUnannotatedSiteIsAFailure) {
  source("++n;  //~ data-race#n write [sched]\n");
  leg("sched", {diagnosis("data-race", {{1, "write"}, {1, "write"}}),
                diagnosis("data-race", {{1, "write"}, {2, "read"}})});
  expect_failure("the annotation is missing on line 2");
}

TEST_F(MatchTest, ARaceWithASiteElsewhereIsAFailure) {
  source(kRace);
  leg("sched", {diagnosis("data-race", {{1, "write"}, {0, "read"}})});
  expect_failure("outside of this file");
}

TEST_F(MatchTest, AnotherKindIsAFailure) {
  source(kRace);
  leg("sched", {diagnosis("data-race", {{1, "write"}, {2, "read"}}),
                diagnosis("lock-leak", {{1, "locked"}})});
  expect_failure("bad.cc:1: sched reports lock-leak at line 1 (locked), which no annotation");
}

TEST_F(MatchTest, AnUnlistedLegMustBeSilent) {
  source("++n;  //~ data-race#n write [sched]\n");
  leg("tsan", {diagnosis("data-race", {{1, "write"}, {1, "write"}})});
  expect_failure("data-race#n does not list tsan");
}

TEST_F(MatchTest, SitesOfTwoDefectsDoNotMix) {
  source("++n;  //~ data-race#n write [sched]\n++m;  //~ data-race#m write [sched]\n");
  leg("sched", {diagnosis("data-race", {{1, "write"}, {2, "write"}})});
  expect_failure("reports data-race at line 1");
}

/// I3.
TEST_F(MatchTest, AGapIsSilentUntilItIsFound) {
  source("++n;  //~ gap data-race#n write [tsan]\n");
  leg("tsan", {});
  EXPECT_EQ(outcome(), "gap");
  results_[0].diagnoses.push_back(diagnosis("data-race", {{1, "write"}, {1, "write"}}));
  expect_failure("remove 'gap'");
}

/// I4.
TEST_F(MatchTest, AWrongLineOfARightDefectIsAFailure) {
  source(std::string(kRace) + "g();  //~ data-race#n read [sched]\n");
  leg("sched", {diagnosis("data-race", {{2, "read"}, {1, "write"}})});
  leg("tsan", {diagnosis("data-race", {{2, "read"}, {1, "write"}})});
  expect_failure("bad.cc:3: expected data-race#n on this line");
}

TEST_F(MatchTest, AGoodProgramIsSilent) {
  source("//~ none\n", "good");
  leg("sched", {});
  EXPECT_EQ(outcome(), "silent");
  results_[0].diagnoses.push_back(diagnosis("data-race", {{0, "write"}, {0, "read"}}));
  expect_failure("'//~ none' (line 1)");
}

TEST_F(MatchTest, OnlyConfirmedOnesCount) {
  source("//~ none\n", "good");
  Diagnosis predicted = diagnosis("lock-order-inversion", {{0, "holds"}});
  predicted.confirmed = false;
  leg("lockorder", {predicted});
  EXPECT_EQ(outcome(), "silent");
  EXPECT_EQ(judge().legs[0].notes.size(), 1U);
}

/// Whoever only waits for the deadlocked threads need not be marked.
TEST_F(MatchTest, ADeadlockNeedsItsAcquisitions) {
  const std::vector<SiteAt> sites = {
      {1, "holds", 1}, {2, "waits", 1}, {3, "holds", 2}, {4, "waits", 2}, {9, "waits", 0}};
  source(
      "a;  //~ deadlock#ab [sched]\nb;  //~ deadlock#ab [sched]\nb;  //~ deadlock#ab [sched]\n"
      "a;  //~ deadlock#ab [sched]\n");
  leg("sched", {diagnosis("deadlock", sites)});
  EXPECT_EQ(outcome(), "found");
  source(
      "a;  //~ deadlock#ab [sched]\nb;  //~ deadlock#ab [sched]\nb;\n"
      "a;  //~ deadlock#ab [sched]\n");
  expect_failure("missing on line 3");
}

TEST_F(MatchTest, ADeadlockWithoutLocksNeedsOneWait) {
  source("c.send(1);  //~ deadlock#send waits [sched]\n");
  leg("sched", {diagnosis("deadlock", {{1, "waits", 0}, {7, "waits", 1}})});
  EXPECT_EQ(outcome(), "found");
  results_[0].diagnoses[0] = diagnosis("deadlock", {{7, "waits", 1}});
  expect_failure("missing on line 7");
}

/// A warning has no witness; the line of its note will do.
TEST_F(MatchTest, AWarningCountsByOneOfItsLines) {
  source("mu.lock();  //~ lock-leak#mu locked [thread-safety]\n");
  Diagnosis warning = diagnosis("lock-leak", {{5, "end"}, {1, "locked"}});
  warning.confirmed = false;
  leg("thread-safety", {warning});
  EXPECT_EQ(outcome(), "found");
}

TEST_F(MatchTest, ALegThatCouldNotRunIsNeverSilent) {
  source("//~ none\n", "good");
  leg("sched", {});
  results_[0].error = "did not finish within 45 s of wall clock";
  expect_failure("could not do its work: did not finish");
  results_[0].unavailable = true;
  EXPECT_EQ(outcome(), "n/a");
}

}  // namespace
}  // namespace chicane::runner
