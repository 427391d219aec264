// SPDX-License-Identifier: Apache-2.0
//
// A catalogue that promises something else than its programs do makes `chicane run` fail. Each test
// changes one thing in a copy of the catalogue; the workers run the programs as they were compiled.
//
// Oracle: exit code 1 (an annotation not met, or a broken catalogue), and a message with the file,
// the line where there is one, and what to do. The copy before the change passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/catalogue_sandbox.h"

namespace chicane::testing {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kBad = "scenarios/locks/double_unlock/bad.cc";
/// An annotation, not written out here: tools that look for annotations would take it for one.
std::string mark(const std::string& text) { return "//" + std::string("~ ") + text; }

const std::string kUnlocked = mark("double-unlock#write unlocked");
const std::string kUnlock = mark("double-unlock#write unlock [");
const std::string kPrintln = "println(\"written\");";

class CatalogueAnnotations : public ::testing::Test {
 protected:
  void SetUp() override { box_.copy_pitfalls({"locks/double_unlock"}); }

  /// "double_unlock/bad.cc:20: ", where `line` is that of the first that contains `what`.
  std::string place_of(const std::string& file, const std::string& what) const {
    return file + ":" + std::to_string(line_with(box_.read(file), what)) + ": ";
  }

  /// Runs the catalogue and looks at what every failed run must leave.
  Outcome run_and_fail(const std::string& arguments = "--form default") const {
    EXPECT_EQ(box_.shell("mkdir -p race && (exit 0) & wait $!; "
                         "touch -d '1 hour ago' race/killed.chicane.part.$!")
                  .exit_code,
              0);
    Outcome outcome = box_.run(arguments);
    EXPECT_EQ(outcome.exit_code, 1) << outcome.all();
    EXPECT_THAT(outcome.out, HasSubstr("failure"));
    EXPECT_THAT(outcome.out, HasSubstr("! FAIL"));
    EXPECT_THAT(box_.files("race", ""), Not(Contains(HasSubstr(".part"))));
    const auto report = nlohmann::json::parse(box_.read("race/report.json"), nullptr, false);
    EXPECT_FALSE(report.is_discarded());
    if (!report.is_discarded()) {
      EXPECT_EQ(report["exit"], 1);
      EXPECT_FALSE(report["failures"].empty() && report["problems"].empty());
    }
    return outcome;
  }

  Sandbox box_;
};

TEST_F(CatalogueAnnotations, TheCopyItselfIsAsAnnotated) {
  const Outcome outcome = box_.run();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
  EXPECT_THAT(outcome.out, HasSubstr("all as annotated"));
  EXPECT_THAT(outcome.out, HasSubstr("chicane replay race/double_unlock.sched.chicane"));
}

TEST_F(CatalogueAnnotations, OneIsRemoved) {
  const std::string place = place_of(kBad, kUnlocked);
  box_.replace(kBad, kUnlocked, "// double-unlock#write unlocked");
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out, HasSubstr("for double-unlock#write the annotation is missing on line " +
                                     std::to_string(line_with(box_.read(kBad), "unlocked ["))));
  EXPECT_THAT(outcome.out, ContainsRegex("try           .*chicane run locks/double_unlock"));
  EXPECT_THAT(outcome.out, HasSubstr("locks/double_unlock/bad.cc:"));
}

TEST_F(CatalogueAnnotations, AWrongOneIsAdded) {
  box_.replace(kBad, kPrintln, kPrintln + mark("data-race#value write [sched]: not so"));
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out, HasSubstr(place_of(kBad, "data-race#value") +
                                     "expected data-race#value from sched, which did not report"));
  EXPECT_THAT(outcome.out, HasSubstr("sched         reported double-unlock at line"));
}

TEST_F(CatalogueAnnotations, ALineIsAddedToADefectThatIsFound) {
  box_.replace(kBad, kPrintln, kPrintln + mark("double-unlock#write [sched]: not so"));
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out,
              HasSubstr(place_of(kBad, "not so") + "expected double-unlock#write on this line"));
  EXPECT_THAT(outcome.out, HasSubstr("remove the annotation, or correct it"));
}

TEST_F(CatalogueAnnotations, OneIsMovedToAnotherLine) {
  box_.replace(kBad, kUnlocked, "//");
  box_.replace(kBad, kPrintln,
               kPrintln + mark("double-unlock#write unlocked [sched thread-safety]"));
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out, HasSubstr("the annotation is missing on line"));
  EXPECT_THAT(outcome.out, HasSubstr(kBad));
}

TEST_F(CatalogueAnnotations, ALegIsListedThatDoesNotSeeIt) {
  box_.replace(kBad, "unlock [sched thread-safety]", "unlock [sched lockorder thread-safety]");
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out, HasSubstr(place_of(kBad, "lockorder") +
                                     "expected double-unlock#write from lockorder"));
}

TEST_F(CatalogueAnnotations, ALegIsNotListedThatSeesIt) {
  box_.replace(kBad, "unlock [sched thread-safety]", "unlock [thread-safety]");
  box_.replace(kBad, "unlocked [sched thread-safety]", "unlocked [thread-safety]");
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out, HasSubstr("does not list sched"));
}

TEST_F(CatalogueAnnotations, AGapThatIsNone) {
  box_.replace(kBad, kUnlocked, mark("gap double-unlock#write unlocked"));
  box_.replace(kBad, kUnlock, mark("gap double-unlock#write unlock ["));
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out, HasSubstr("finds it now: remove 'gap'"));
}

TEST_F(CatalogueAnnotations, NoneAtAll) {
  box_.replace(kBad, kUnlocked, "// unlocked");
  box_.replace(kBad, kUnlock, "// unlock [");
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out,
              HasSubstr("bad.cc: a bad program without any annotation\n  instead: mark "
                        "the lines of the defect"));
}

TEST_F(CatalogueAnnotations, OneIsMisspelt) {
  box_.replace(kBad, "double-unlock#write unlocked", "double-unlok#write unlocked");
  const Outcome outcome = run_and_fail();
  const std::string line = std::to_string(line_with(box_.read(kBad), "unlok"));
  EXPECT_THAT(outcome.out, HasSubstr(std::string(kBad) + ":" + line + ":"));
  EXPECT_THAT(outcome.out,
              HasSubstr("unknown kind 'double-unlok'\n  instead: write 'double-unlock'"));
}

TEST_F(CatalogueAnnotations, NoLesson) {
  box_.remove("scenarios/locks/double_unlock/lesson.md");
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(
      outcome.out,
      HasSubstr("locks/double_unlock/lesson.md: the lesson is missing\n  instead: write it"));
}

TEST_F(CatalogueAnnotations, NoGoodProgram) {
  box_.remove("scenarios/locks/double_unlock/good.cc");
  const Outcome outcome = run_and_fail();
  EXPECT_THAT(outcome.out, HasSubstr("locks/double_unlock/good.cc: is missing"));
  EXPECT_THAT(outcome.out, HasSubstr("instead: write it: bad.cc with the smallest honest edit"));
}

TEST_F(CatalogueAnnotations, ABrokenPitfallHidesNoOther) {
  box_.copy_pitfalls({"channels/send_on_closed"});
  box_.remove("scenarios/locks/double_unlock/lesson.md");
  const Outcome outcome = run_and_fail("--leg sched");
  EXPECT_THAT(outcome.out, HasSubstr("locks/double_unlock      ! FAIL"));
  EXPECT_THAT(outcome.out, HasSubstr("channels/send_on_closed  + found"));
}

TEST_F(CatalogueAnnotations, AProgramThatTheWorkerDoesNotHave) {
  box_.shell(
      "cp -r scenarios/locks/double_unlock scenarios/locks/fresh && "
      "sed -i 's/double_unlock/fresh/' scenarios/locks/fresh/*.cc");
  const Outcome outcome = run_and_fail("locks/fresh --form default --leg sched");
  EXPECT_THAT(outcome.out, HasSubstr("no scenario 'locks/fresh/bad' in this worker"));
  EXPECT_THAT(outcome.out, HasSubstr("Build again"));
}

// ---- scripts/new-pitfall ----

class NewPitfall : public ::testing::Test {
 protected:
  Outcome make(const std::string& arguments) const {
    return box_.shell("CHICANE_SCENARIOS=$PWD/scenarios '" CHICANE_SOURCE_DIR
                      "/scripts/new-pitfall' " +
                      arguments);
  }
  Sandbox box_;
};

TEST_F(NewPitfall, FailsUntilItIsFilledIn) {
  ASSERT_EQ(make("locks/fresh").exit_code, 0);
  const Outcome outcome = box_.run("locks/fresh");
  EXPECT_EQ(outcome.exit_code, 1) << outcome.all();
  for (const std::string file : {"bad.cc", "good.cc", "lesson.md"}) {
    const std::string name = "scenarios/locks/fresh/" + file;
    const int line = line_with(box_.read(name), "TODO(new-pitfall)");
    EXPECT_GT(line, 0) << name;
    EXPECT_THAT(outcome.out, HasSubstr(name + ":" + std::to_string(line) + ":"));
  }
  EXPECT_THAT(outcome.out, HasSubstr("a placeholder of scripts/new-pitfall\n  instead: "));
}

TEST_F(NewPitfall, ANegativeHasNoBadProgram) {
  ASSERT_EQ(make("--negative locks/fresh").exit_code, 0);
  EXPECT_FALSE(box_.exists("scenarios/locks/fresh/bad.cc"));
  EXPECT_THAT(box_.read("scenarios/locks/fresh/lesson.md"), HasSubstr("negative = true"));
  EXPECT_EQ(box_.run("locks/fresh").exit_code, 1);
}

TEST_F(NewPitfall, OverwritesNothing) {
  ASSERT_EQ(make("locks/fresh").exit_code, 0);
  box_.write("scenarios/locks/fresh/bad.cc", "mine\n");
  const Outcome again = make("locks/fresh");
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("locks/fresh is there already"));
  EXPECT_EQ(box_.read("scenarios/locks/fresh/bad.cc"), "mine\n");
}

TEST_F(NewPitfall, RefusesNamesThatNoFolderMayHave) {
  ASSERT_EQ(make("locks/fresh").exit_code, 0);
  EXPECT_THAT(make("channels/fresh").err, HasSubstr("is taken by"));  // in another family
  for (const char* name : {"fresh", "Locks/fresh", "locks/a-b", "locks/a/b", "'locks/a b'",
                           "../escape", "locks/", "''", "", "locks/a locks/b"}) {
    const Outcome outcome = make(name);
    EXPECT_EQ(outcome.exit_code, 2) << name;
    EXPECT_THAT(outcome.err, HasSubstr("new-pitfall: error: ")) << name;
  }
  EXPECT_EQ(box_.files("scenarios", "").size(), 3U);
}

}  // namespace
}  // namespace chicane::testing
