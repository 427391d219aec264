// SPDX-License-Identifier: Apache-2.0
#include "runner/annotations.h"

#include <gtest/gtest.h>

namespace chicane::runner {
namespace {

struct Parsed {
  Annotations annotations;
  std::vector<Problem> problems;
};

Parsed parse(const std::string& text) {
  Parsed parsed;
  parsed.annotations = parse_annotations("bad.cc", text, &parsed.problems);
  return parsed;
}

TEST(Annotations, ReadsEveryPart) {
  const Parsed parsed =
      parse("int n;\n  ++n;  //~ gap data-race#n_1 write [tsan sched]: both write it\n");
  ASSERT_TRUE(parsed.problems.empty());
  ASSERT_EQ(parsed.annotations.entries.size(), 1U);
  const Annotation& entry = parsed.annotations.entries[0];
  EXPECT_EQ(entry.line, 2);
  EXPECT_EQ(entry.column, 13);
  EXPECT_TRUE(entry.gap);
  EXPECT_EQ(entry.kind, "data-race");
  EXPECT_EQ(entry.id, "n_1");
  EXPECT_EQ(entry.role, "write");
  EXPECT_EQ(entry.legs, (std::vector<std::string>{"tsan", "sched"}));
  EXPECT_EQ(entry.prose, "both write it");
}

TEST(Annotations, RoleAndProseMayBeAbsent) {
  const Parsed parsed = parse("++n;  //~ data-race#n [thread-safety]");
  ASSERT_TRUE(parsed.problems.empty());
  ASSERT_EQ(parsed.annotations.entries.size(), 1U);
  EXPECT_EQ(parsed.annotations.entries[0].role, "");
  EXPECT_EQ(parsed.annotations.entries[0].prose, "");
}

TEST(Annotations, SeveralOnOneLineShareIt) {
  const Parsed parsed =
      parse("lock();  //~ self-deadlock#l holds [sched]; self-deadlock#l waits [sched]: turn 2");
  ASSERT_TRUE(parsed.problems.empty());
  ASSERT_EQ(parsed.annotations.entries.size(), 2U);
  EXPECT_EQ(parsed.annotations.entries[1].line, 1);
  EXPECT_EQ(parsed.annotations.entries[1].role, "waits");
  EXPECT_EQ(parsed.annotations.entries[1].prose, "turn 2");
}

TEST(Annotations, NoneStandsAlone) {
  EXPECT_EQ(parse("//~ none\n").annotations.none_line, 1);
  EXPECT_TRUE(parse("//~ none\n").problems.empty());
  const Parsed both = parse("//~ none\n++n;  //~ data-race#n [sched]\n");
  ASSERT_EQ(both.problems.size(), 1U);
  EXPECT_NE(both.problems[0].what.find("line 2"), std::string::npos);
}

TEST(Annotations, OrdinaryCommentsAndTextAreNone) {
  const Parsed parsed = parse(
      "// a comment\nputs(\"//~ data-race#n [sched]\");  // http://x/~y\nchar c = '\"';  // ~a\n");
  EXPECT_TRUE(parsed.annotations.entries.empty());
  ASSERT_EQ(parsed.problems.size(), 1U);  // I1: `// ~a` was meant as one
  EXPECT_EQ(parsed.problems[0].line, 3);
  EXPECT_EQ(parse("int n = 1'000;  //~ data-race#n [sched]").annotations.entries.size(), 1U);
}

struct Wrong {
  const char* text;
  int column;
  const char* what;
  const char* instead;
};

class WrongAnnotations : public testing::TestWithParam<Wrong> {};

/// I2: line, column, and what to write instead.
TEST_P(WrongAnnotations, SayWhatToWriteInstead) {
  const Wrong& wrong = GetParam();
  const Parsed parsed = parse("\n" + std::string(wrong.text));
  ASSERT_EQ(parsed.problems.size(), 1U);
  const Problem& problem = parsed.problems[0];
  EXPECT_EQ(problem.file, "bad.cc");
  EXPECT_EQ(problem.line, 2);
  EXPECT_EQ(problem.column, wrong.column);
  EXPECT_NE(problem.what.find(wrong.what), std::string::npos) << problem.what;
  EXPECT_NE(problem.instead.find(wrong.instead), std::string::npos) << problem.instead;
  EXPECT_TRUE(parsed.annotations.entries.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongAnnotations,
    testing::Values(
        Wrong{"//~ data-rase#n [sched]", 5, "unknown kind 'data-rase'", "write 'data-race'"},
        Wrong{"//~ data-race [sched]", 14, "has no id", "data-race#name"},
        Wrong{"//~ data-race# [sched]", 15, "not an id", "data-race#counter"},
        Wrong{"//~ data-race#N [sched]", 15, "'N' is not an id", "a-z"},
        Wrong{"//~ data-race#n write", 22, "legs of 'data-race#n' are missing", "[sched tsan]"},
        Wrong{"//~ data-race#n []", 18, "no leg", "sched"},
        Wrong{"//~ data-race#n [shced]", 18, "unknown leg 'shced'", "write 'sched'"},
        Wrong{"//~ data-race#n [sched,tsan]", 23, "separated by blanks", "[sched tsan]"},
        Wrong{"//~ data-race#n [sched sched]", 24, "twice", "once"},
        Wrong{"//~ data-race#n [sched", 23, "no end", "]"},
        Wrong{"//~ data-race#n [sched] why", 25, "text after the legs", ":"},
        Wrong{"//~ data-race#n [sched]:", 25, "empty explanation", "remove"},
        Wrong{"//~", 4, "empty annotation", "data-race#counter"},
        Wrong{"// ~ none", 1, "looks like an annotation", "//~"}));

TEST(Annotations, ProseHasAnEnd) {
  const std::string start = "//~ data-race#n [sched]: ";
  EXPECT_TRUE(parse(start + std::string(kMaxProse, 'x')).problems.empty());
  const Parsed parsed = parse(start + std::string(kMaxProse + 1, 'x'));
  ASSERT_EQ(parsed.problems.size(), 1U);
  EXPECT_NE(parsed.problems[0].what.find("101"), std::string::npos);
}

TEST(Problems, AreShownAsEditorsWantThem) {
  EXPECT_EQ(to_string(Problem{"a.cc", 3, 7, "is wrong", "mend it"}),
            "a.cc:3:7: is wrong\n  instead: mend it");
  EXPECT_EQ(to_string(Problem{"a.cc", 0, 0, "is wrong", ""}), "a.cc: is wrong");
}

}  // namespace
}  // namespace chicane::runner
