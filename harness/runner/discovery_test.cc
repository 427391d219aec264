// SPDX-License-Identifier: Apache-2.0
//
// Reads the small catalogues of harness/tests/catalogue, each with one thing wrong.
#include "runner/discovery.h"

#include <gtest/gtest.h>

#ifndef CHICANE_SOURCE_DIR
#define CHICANE_SOURCE_DIR "."
#endif

namespace chicane::runner {
namespace {

Catalogue read(const std::string& name) {
  return discover(std::string(CHICANE_SOURCE_DIR) + "/harness/tests/catalogue/" + name);
}

/// All problems of a catalogue, one text each.
std::vector<std::string> problems(const Catalogue& catalogue) {
  std::vector<std::string> texts;
  for (const Problem& problem : catalogue.problems) texts.push_back(to_string(problem));
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    for (const Problem& problem : pitfall.problems) texts.push_back(to_string(problem));
  }
  return texts;
}

TEST(Discovery, ReadsAWholeCatalogueInOrder) {
  const Catalogue catalogue = read("whole");
  EXPECT_EQ(problems(catalogue), std::vector<std::string>{});
  ASSERT_EQ(catalogue.pitfalls.size(), 2U);
  const Pitfall& negative = catalogue.pitfalls[0];
  EXPECT_EQ(negative.id(), "correct/no_counter");
  EXPECT_TRUE(negative.lesson.negative);
  ASSERT_EQ(negative.files.size(), 1U);
  const Pitfall& counter = catalogue.pitfalls[1];
  ASSERT_EQ(counter.files.size(), 2U);
  EXPECT_EQ(counter.files[0].form, "bad");
  EXPECT_FALSE(counter.files[0].good());
  EXPECT_EQ(counter.files[0].annotations.entries.size(), 2U);
  EXPECT_EQ(counter.files[1].form, "good");
  EXPECT_NE(counter.files[1].annotations.none_line, 0);
}

struct Broken {
  const char* folder;
  const char* place;  // in the message
  const char* what;
};

class BrokenCatalogues : public testing::TestWithParam<Broken> {};

TEST_P(BrokenCatalogues, SayWhereAndWhatToDo) {
  const Broken& broken = GetParam();
  const std::vector<std::string> texts = problems(read(broken.folder));
  ASSERT_EQ(texts.size(), 1U) << join(texts, "\n");
  EXPECT_NE(texts[0].find(broken.place), std::string::npos) << texts[0];
  EXPECT_NE(texts[0].find(broken.what), std::string::npos) << texts[0];
  EXPECT_NE(texts[0].find("\n  instead: "), std::string::npos) << texts[0];
}

INSTANTIATE_TEST_SUITE_P(
    Each, BrokenCatalogues,
    testing::Values(
        Broken{"missing_good", "races/counter/good.cc: ", "is missing"},
        Broken{"missing_bad", "races/counter/bad.cc: ", "negative = true"},
        Broken{"missing_lesson", "races/counter/lesson.md: ", "the lesson is missing"},
        Broken{"no_annotation", "races/counter/bad.cc: ", "without any annotation"},
        Broken{"wrong_annotation", "races/counter/bad.cc:8:", "unknown kind 'data-rase'"},
        Broken{"wrong_leg", "races/counter/bad.cc:8:", "unknown leg 'tsam'"},
        Broken{"good_without_none", "races/counter/good.cc: ", "//~ none"},
        Broken{"good_with_promise", "races/counter/good.cc:7: ", "data-race#counter"},
        Broken{"std_without_twin", "races/counter/good_std.cc: ", "bad_std.cc has no twin"},
        Broken{"unknown_file", "races/counter/bad2.cc: ", "does not belong"},
        Broken{"wrong_registration", "races/counter/bad.cc:5: ", "CHICANE_SCENARIO(counter, bad)"},
        Broken{"wrong_family", "races/counter/lesson.md:1: ", "family = \"races\""},
        Broken{"negative_with_bad", "races/counter/bad.cc: ", "negative = true"},
        Broken{"twice", "races/counter: ", "taken by locks/counter"}),
    [](const auto& info) { return std::string(info.param.folder); });

TEST(Discovery, AMissingCatalogueIsAProblem) {
  const Catalogue catalogue = read("not_there");
  EXPECT_TRUE(catalogue.pitfalls.empty());
  ASSERT_EQ(catalogue.problems.size(), 1U);
  EXPECT_NE(to_string(catalogue.problems[0]).find("--scenarios"), std::string::npos);
}

TEST(Discovery, APitfallHasThreeNames) {
  const Catalogue catalogue = read("whole");
  for (const char* name :
       {"races/counter", "counter", "races", "races/", "scenarios/races/counter"}) {
    const std::vector<const Pitfall*> chosen = select(catalogue, name);
    ASSERT_EQ(chosen.size(), 1U) << name;
    EXPECT_EQ(chosen[0]->id(), "races/counter");
  }
  EXPECT_TRUE(select(catalogue, "race").empty());
  EXPECT_EQ(nearest_pitfalls(catalogue, "races/conter"), std::vector<std::string>{"races/counter"});
  EXPECT_EQ(nearest_pitfalls(catalogue, "conter"), std::vector<std::string>{"counter"});
  EXPECT_EQ(nearest_pitfalls(catalogue, "lokcs/counter"),
            std::vector<std::string>{"races/counter"});
}

}  // namespace
}  // namespace chicane::runner
