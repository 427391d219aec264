// SPDX-License-Identifier: Apache-2.0
#include "report/result_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace chicane::report {
namespace {

Frame frame(const char* file, int line) {
  Frame result;
  result.function = "work";
  result.file = file;
  result.line = line;
  result.pc = 0xffffffffffffffffULL;
  return result;
}

Result full_result() {
  Diagnosis diagnosis;
  diagnosis.kind = "data-race";
  diagnosis.message = "two threads touch `counter`";
  diagnosis.confirmed = true;
  diagnosis.leg = "sched";
  diagnosis.object = "counter";
  diagnosis.declared_file = "/code/bad.cc";
  diagnosis.declared_line = 5;
  diagnosis.sites = {{"write",
                      2,
                      "holding no lock",
                      "counter",
                      {frame("/usr/include/c++/12/mutex", 9), frame("/code/bad.cc", 12)},
                      7}};
  diagnosis.threads = {{2, 0, "goroutine 2", {frame("/code/bad.cc", 10)}}};
  diagnosis.steps = {
      {7, 2, "write", "done", "counter", "0", "1", true, {frame("/code/bad.cc", 12)}}};
  diagnosis.witness = "build/race/x.chicane";
  diagnosis.schedule = "chicane schedule 1\n";
  diagnosis.forced_switches = 1;
  diagnosis.length = 4;
  diagnosis.original_length = 61;
  diagnosis.run = 17;
  Result result;
  result.runs = 1000;
  result.blocked = 3;
  result.exhausted = true;
  result.runs_per_second = 0.5;
  result.strategy = "pct";
  result.seed = 0xfedcba9876543210ULL;
  result.first_finding_run = 17;
  result.diagnoses = {diagnosis};
  result.error = "none really";
  result.unavailable = true;
  return result;
}

TEST(ResultJson, RoundTripKeepsEverything) {
  const Result result = full_result();
  const nlohmann::json json = to_json(result);
  Result back;
  std::string error;
  ASSERT_TRUE(from_json(json.dump(), &back, &error)) << error;
  EXPECT_EQ(to_json(back), json);
  // Not only the same JSON: no field may be missing on both sides.
  ASSERT_EQ(back.diagnoses.size(), 1u);
  const Diagnosis& diagnosis = back.diagnoses[0];
  EXPECT_EQ(back.seed, result.seed);
  EXPECT_EQ(back.first_finding_run, 17);
  EXPECT_TRUE(back.exhausted && back.unavailable && diagnosis.confirmed);
  EXPECT_EQ(diagnosis.sites[0].stack.size(), 2u);
  EXPECT_EQ(diagnosis.sites[0].stack[1].pc, 0xffffffffffffffffULL);
  EXPECT_EQ(diagnosis.sites[0].detail, "holding no lock");
  EXPECT_EQ(diagnosis.steps[0].value_after, "1");
  EXPECT_TRUE(diagnosis.steps[0].forced);
  EXPECT_EQ(diagnosis.threads[0].created_at[0].line, 10);
  EXPECT_EQ(diagnosis.schedule, "chicane schedule 1\n");
  EXPECT_EQ(diagnosis.original_length, 61u);
}

TEST(ResultJson, SitesNameTheUsersLine) {
  const nlohmann::json site = to_json(full_result())["diagnoses"][0]["sites"][0];
  EXPECT_EQ(site["file"], "/code/bad.cc");
  EXPECT_EQ(site["line"], 12);
  EXPECT_EQ(site["function"], "work");
  EXPECT_EQ(site["role"], "write");
  EXPECT_EQ(site["thread"], 2);
}

TEST(ResultJson, MissingFieldsKeepTheirDefaultsAndUnknownOnesAreIgnored) {
  Result result;
  std::string error;
  ASSERT_TRUE(from_json(R"({"runs": 5, "colour": "red"})", &result, &error)) << error;
  EXPECT_EQ(result.runs, 5u);
  EXPECT_EQ(result.first_finding_run, -1);
}

TEST(ResultJson, MalformedTextIsAnErrorAndLeavesTheResultAlone) {
  const char* const malformed[] = {"",
                                   "{",
                                   "[]",
                                   "3",
                                   R"({"runs": "many"})",
                                   R"({"runs": 35e55})",
                                   R"({"runs": 1.5})",
                                   R"({"runs": -1})",
                                   R"({"signal": 4294967296})",
                                   R"({"diagnoses": 1})",
                                   R"({"diagnoses": [1]})",
                                   R"({"diagnoses": [{"sites": [{"stack": {}}]}]})",
                                   "{\"runs\": 5"};
  for (const char* text : malformed) {
    Result result;
    result.runs = 42;
    std::string error;
    EXPECT_FALSE(from_json(text, &result, &error)) << text;
    EXPECT_FALSE(error.empty());
    EXPECT_EQ(result.runs, 42u);
  }
}

TEST(ResultJson, TextThatIsNotUtf8IsReplaced) {
  Result result;
  result.error = "panic: \xff\xfe";
  Result back;
  std::string error;
  EXPECT_TRUE(from_json(to_text(result), &back, &error)) << error;
}

}  // namespace
}  // namespace chicane::report
