// SPDX-License-Identifier: Apache-2.0
#include "witness/schedule_file.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

namespace chicane::witness {
namespace {

using engine::OpKind;

Choice choice(std::uint32_t chosen, std::uint16_t alternatives, OpKind kind, bool outcome,
              bool forced, const char* object, const char* place) {
  Choice result;
  result.record = {.chosen = chosen,
                   .alternatives = alternatives,
                   .kind = kind,
                   .is_outcome = static_cast<std::uint8_t>(outcome),
                   .forced = static_cast<std::uint8_t>(forced)};
  result.object = object;
  result.place = place;
  return result;
}

ScheduleFile sample() {
  ScheduleFile file;
  file.program = "scenarios_sched";
  file.scenario = "data_races/unlocked_counter/bad";
  file.build_id = "b3fe3a7d";
  file.leg = "sched";
  file.strategy = "pct";
  file.seed = 0xffffffffffffffffULL;
  file.run = 17;
  file.kind = "data-race";
  file.step_limit = 20000;
  file.spurious_wakeups = true;
  file.minimal = true;
  file.command = {"/bin/prog", "--name", "two words", "", "-"};
  file.directory = "/home/me";
  file.isolation = "run";
  file.environment = {{"EMPTY", true, ""}, {"NONE", false, ""}, {"SIZE", true, "two words"}};
  file.racy = {{"scenarios_sched", 0x1234, "_ZL4bumpv", 0x2c, "bad.cc:12"},
               {"lib with space.so", 0, "", 0, ""}};
  file.choices = {choice(1, 2, OpKind::kLock, false, false, "mu", "bad.cc:9"),
                  choice(2, 3, OpKind::kWrite, false, true, "lock 1", "my file.cc:12"),
                  choice(0, 4, OpKind::kSelect, true, false, "", "")};
  return file;
}

std::string error_of(const std::string& text) {
  ScheduleFile file = sample(), before = file;
  std::string error;
  EXPECT_FALSE(parse(text, &file, &error)) << text;
  EXPECT_EQ(file, before) << "changed by a failure";
  EXPECT_EQ(error.find('\n'), std::string::npos) << "one line: " << error;
  return error;
}

std::string replaced(const std::string& what, const std::string& by) {
  std::string text = format(sample());
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(ScheduleFile, FormatAndParseAreInverse) {  // I1
  for (ScheduleFile file : {sample(), ScheduleFile{}}) {
    ScheduleFile back;
    std::string error;
    ASSERT_TRUE(parse(format(file), &back, &error)) << error;
    EXPECT_EQ(back, file);
    EXPECT_EQ(format(back), format(file));
  }
}

TEST(ScheduleFile, OddNamesSurvive) {
  for (const char* name : {"-", " ", "\"", "\\", "a\nb", "end", "#", "\x01\x7f", "caf\xc3\xa9",
                           "a\\\"b c", "steps:", "operator new"}) {
    ScheduleFile file = sample(), back;
    file.scenario = file.racy[0].module = file.choices[0].object = file.choices[1].place = name;
    std::string error;
    ASSERT_TRUE(parse(format(file), &back, &error)) << name << ": " << error;
    EXPECT_EQ(back, file) << name;
  }
}

TEST(ScheduleFile, TextIsAsDocumented) {
  EXPECT_EQ(
      format(sample()),
      "chicane schedule 2\nprogram: scenarios_sched\n"
      "scenario: data_races/unlocked_counter/bad\nbuild-id: b3fe3a7d\nleg: sched\n"
      "strategy: pct\nseed: 18446744073709551615\nrun: 17\nkind: data-race\n"
      "step-limit: 20000\nspurious-wakeups: yes\nminimal: yes\n"
      "command: /bin/prog --name \"two words\" - \"-\"\n"
      "directory: /home/me\nstdin: -\nisolation: run\n"
      "env: EMPTY -\nenv: NONE\nenv: SIZE \"two words\"\nracy: scenarios_sched +1234 _ZL4bumpv +2c "
      "bad.cc:12\n"
      "racy: \"lib with space.so\" +0 - +0 -\nsteps:\n1 thread 1/2 lock mu bad.cc:9\n"
      "2 switch 2/3 write \"lock 1\" \"my file.cc:12\"\n3 outcome 0/4 select - -\nend\n");
}

TEST(ScheduleFile, CommentsAndLineEndingsOfOtherSystemsAreFine) {
  ScheduleFile file;
  std::string error;
  EXPECT_TRUE(parse(replaced("steps:", "# seen on Monday\nsteps:"), &file, &error)) << error;
  std::string text = format(sample());
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
    text.insert(at, "\r");
  }
  EXPECT_TRUE(parse(text, &file, &error)) << error;
  EXPECT_EQ(file, sample());
}

// Files of before it was said whether they are minimal.
TEST(ScheduleFile, WithoutAWordOnItItIsNotKnownToBeMinimal) {
  ScheduleFile file;
  std::string error;
  EXPECT_TRUE(parse(replaced("minimal: yes\n", ""), &file, &error)) << error;
  EXPECT_FALSE(file.minimal);
}

TEST(ScheduleFile, ErrorsSayWhatAndWhereAndWhatToDo) {
  EXPECT_NE(error_of("").find("not a schedule file"), std::string::npos);
  EXPECT_NE(error_of("#!/bin/sh\n").find("line 1: not a schedule file"), std::string::npos);
  const std::string version = error_of(replaced("schedule 2", "schedule 1"));
  EXPECT_NE(version.find("line 1: schedule version 1, but this Chicane reads version 2"),
            std::string::npos)
      << version;
  EXPECT_NE(error_of(replaced("end\n", "")).find("truncated in its steps"), std::string::npos);
  EXPECT_NE(error_of(replaced("seed: 1", "seed: x")).find("line 7: a malformed value"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("minimal: yes", "minimal: 1")).find("a malformed value"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("isolation: run", "isolation: zzz")).find("there are run and batch"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("leg: sched\n", "")).find("no \"leg\""), std::string::npos);
  EXPECT_NE(error_of(replaced("leg: sched", "leg: a\nleg: b")).find("given before"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("leg:", "colour: red\nleg:")).find("line 5: an unknown key"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("2 switch", "4 switch")).find("line 24: expected step number 2"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("env: NONE", "env: - 1")).find("line 18: a malformed value"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("SIZE ", "SIZE 1 ")).find("line 19: a malformed value"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("switch", "hop")).find("thread, switch or outcome"),
            std::string::npos);
  EXPECT_NE(error_of(replaced("0/4", "4/4")).find("chosen/count"), std::string::npos);
  EXPECT_NE(error_of(replaced("select", "elect")).find("unknown operation"), std::string::npos);
  EXPECT_NE(error_of(format(sample()) + "more\n").find("after the end"), std::string::npos);
}

TEST(ScheduleFile, AnyTruncationIsAnError) {  // I2
  const std::string text = format(sample());
  // Without the last newline nothing is missing.
  ScheduleFile file;
  std::string error;
  EXPECT_TRUE(parse(text.substr(0, text.size() - 1), &file, &error)) << error;
  for (std::size_t length = 0; length + 1 < text.size(); ++length) error_of(text.substr(0, length));
}

TEST(ScheduleFile, DamagedBytesNeverCrashAndNeverLoseSteps) {
  const std::string text = format(sample());
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = text;
    for (int flips = 1 + round % 3; flips > 0; --flips) {
      damaged[random() % damaged.size()] ^= static_cast<char>(1u << (random() % 8));
    }
    ScheduleFile file;
    std::string error;
    if (parse(damaged, &file, &error)) {
      ScheduleFile again;
      ASSERT_TRUE(parse(format(file), &again, &error)) << damaged;
      EXPECT_EQ(again, file);
    } else {
      EXPECT_FALSE(error.empty());
    }
  }
}

TEST(ScheduleFile, RandomBytesNeverCrash) {
  std::mt19937 random(2);
  for (int round = 0; round < 5000; ++round) {
    std::string text = round % 2 == 0 ? "chicane schedule 2\n" : "";
    for (std::size_t i = random() % 200; i > 0; --i) text += static_cast<char>(random());
    ScheduleFile file;
    std::string error;
    EXPECT_FALSE(parse(text, &file, &error));
  }
}

TEST(ScheduleFile, SavesAndLoads) {
  const std::string folder = testing::TempDir() + "/chicane_schedule_test";
  const std::string path = folder + "/deeper/one.chicane";
  std::string error;
  ASSERT_TRUE(save(path, sample(), &error)) << error;
  ScheduleFile file;
  ASSERT_TRUE(load(path, &file, &error)) << error;
  EXPECT_EQ(file, sample());
  EXPECT_FALSE(load(folder, &file, &error));
  EXPECT_NE(error.find("is a directory"), std::string::npos);
  EXPECT_FALSE(load(folder + "/none.chicane", &file, &error));
  EXPECT_NE(error.find("none.chicane: No such file"), std::string::npos) << error;
  std::ofstream(path) << "garbage";
  EXPECT_FALSE(load(path, &file, &error));
  EXPECT_NE(error.find("one.chicane: line 1: not a schedule file"), std::string::npos) << error;
  EXPECT_FALSE(save("/proc/none/x.chicane", sample(), &error));
  EXPECT_NE(error.find("cannot be written"), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(ScheduleFile, OtherProgramsAndBuildsAreNamed) {
  const ScheduleFile file = sample();
  EXPECT_EQ(other_program(file, file.program, file.scenario), "");
  EXPECT_NE(other_program(file, "queue_test", "").find("`scenarios_sched`, this is `queue_test`"),
            std::string::npos);
  EXPECT_NE(other_program(file, file.program, "locks/ab_ba/bad").find("not for `locks/ab_ba/bad`"),
            std::string::npos);
  EXPECT_EQ(other_build(file, file.build_id), "");
  EXPECT_EQ(other_build(file, ""), "");
  EXPECT_NE(other_build(file, "00").find("built anew"), std::string::npos);
}

}  // namespace
}  // namespace chicane::witness
