// SPDX-License-Identifier: Apache-2.0
#include "runner/lesson.h"

#include <gtest/gtest.h>

namespace chicane::runner {
namespace {

const std::string kFront =
    "title = \"A counter without a lock\"\n"
    "family = \"data_races\"\n"
    "pitfall = \"A1\"\n"
    "notes = [\"S3:35-49\", \"S0:4\"]\n"
    "kinds = [\"data-race\"]\n"
    "references = [\"CWE-362\"]\n";

std::string sections() {
  std::string text;
  for (const std::string& section : lesson_sections()) text += "\n" + section + "\n\nText.\n";
  return text;
}

struct Parsed {
  Lesson lesson;
  std::vector<Problem> problems;
};

Parsed parse(const std::string& text) {
  Parsed parsed;
  parsed.lesson = parse_lesson("lesson.md", text, &parsed.problems);
  return parsed;
}

Parsed parse_front(const std::string& front) {
  return parse("+++\n" + front + "+++\n" + sections());
}

/// The only problem of `parsed`, as "line: what / instead".
std::string only_problem(const Parsed& parsed) {
  if (parsed.problems.size() != 1) return std::to_string(parsed.problems.size()) + " problems";
  const Problem& problem = parsed.problems[0];
  return std::to_string(problem.line) + ": " + problem.what + " / " + problem.instead;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Lesson, ReadsFrontMatter) {
  const Parsed parsed = parse_front(kFront + "negative = true\n[budget]\nschedules = 250\n");
  ASSERT_TRUE(parsed.problems.empty()) << only_problem(parsed);
  EXPECT_EQ(parsed.lesson.title, "A counter without a lock");
  EXPECT_EQ(parsed.lesson.family, "data_races");
  EXPECT_EQ(parsed.lesson.pitfall, "A1");
  EXPECT_EQ(parsed.lesson.notes, (std::vector<std::string>{"S3:35-49", "S0:4"}));
  EXPECT_EQ(parsed.lesson.kinds, (std::vector<std::string>{"data-race"}));
  EXPECT_TRUE(parsed.lesson.negative);
  EXPECT_EQ(parsed.lesson.schedules, 250U);
  EXPECT_FALSE(parse_front(kFront).lesson.negative);
  EXPECT_EQ(parse_front(kFront).lesson.schedules, 0U);
}

TEST(Lesson, NamesWhatIsMissing) {
  EXPECT_EQ(only_problem(parse_front(replaced(kFront, "pitfall = \"A1\"\n", ""))),
            "1: the front matter has no 'pitfall' / add: pitfall = \"C4\"");
  EXPECT_NE(only_problem(parse("no front matter")).find("1: the lesson does not begin"),
            std::string::npos);
  EXPECT_NE(only_problem(parse("+++\n" + kFront)).find("no end"), std::string::npos);
}

/// Lines count from the file's first, not from the front matter's.
TEST(Lesson, NamesTheLineOfAMistake) {
  const auto problem = [](const std::string& from, const std::string& to) {
    return only_problem(parse_front(replaced(kFront, from, to)));
  };
  EXPECT_EQ(problem("\"A1\"", "\"a counter\"").substr(0, 3), "4: ");
  EXPECT_EQ(problem("S0:4", "line 4").substr(0, 3), "5: ");
  EXPECT_EQ(problem("\"data-race\"", "\"data-rase\""),
            "6: unknown kind 'data-rase' / write 'data-race'");
  EXPECT_EQ(problem("[\"CWE-362\"]", "\"CWE-362\"").substr(0, 3), "7: ");
  EXPECT_EQ(problem("\"A1\"", "A1").substr(0, 3), "4: ");
  EXPECT_EQ(problem("references = [\"CWE-362\"]\n", "references = []\nnegativ = true\n"),
            "8: unknown key 'negativ' / write 'negative'");
}

TEST(Lesson, BudgetIsAPositiveNumber) {
  for (const char* budget : {"[budget]\nschedules = 0\n", "[budget]\nschedules = \"many\"\n",
                             "[budget]\n", "budget = 5\n"}) {
    EXPECT_EQ(parse_front(kFront + budget).problems.size(), 1U) << budget;
  }
}

/// I1.
TEST(Lesson, HasItsSectionsInOrder) {
  const std::string text = "+++\n" + kFront + "+++\n" + sections();
  EXPECT_TRUE(parse(text).problems.empty());
  EXPECT_NE(only_problem(parse(replaced(text, "## The fix", "## The cure"))).find("'## The fix'"),
            std::string::npos);
  EXPECT_NE(
      only_problem(parse(replaced(text, "## The rule\n\nText.", "## The rule\n"))).find("empty"),
      std::string::npos);
  const std::string swapped =
      replaced(replaced(replaced(text, "## The rule", "## X"), "## The fix", "## The rule"), "## X",
               "## The fix");
  EXPECT_FALSE(parse(swapped).problems.empty());
  EXPECT_NE(
      only_problem(parse(replaced(text, "## The fix", "```\n## The fix\n```"))).find("missing"),
      std::string::npos);
}

TEST(Placeholders, AreFoundWithTheirWish) {
  std::vector<Problem> problems;
  find_placeholders("lesson.md", "a\ntitle = \"TODO(new-pitfall): the mistake in one line\"\n",
                    &problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].line, 2);
  EXPECT_EQ(problems[0].instead, "the mistake in one line");
}

}  // namespace
}  // namespace chicane::runner
