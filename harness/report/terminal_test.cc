// SPDX-License-Identifier: Apache-2.0
//
// The texts are compared with testdata/*.txt. After a wanted change run the test with
// CHICANE_APPROVE=1, read the difference, and commit it.
#include "report/terminal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "report/text.h"

namespace chicane::report {
namespace {

std::string testdata(const std::string& name) {
  const std::string here = __FILE__;
  return here.substr(0, here.rfind('/')) + "/testdata/" + name;
}

void expect_approved(const std::string& text, const std::string& name) {
  if (std::getenv("CHICANE_APPROVE") != nullptr) std::ofstream(testdata(name)) << text;
  std::ifstream file(testdata(name));
  std::stringstream approved;
  approved << file.rdbuf();
  EXPECT_EQ(text, approved.str()) << "approved text: " << testdata(name);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(width_of(line), kReportWidth) << line;
    EXPECT_EQ(line.find("0x"), std::string::npos) << line;
  }
}

Frame frame(int line) {
  Frame result;
  result.function = "work";
  result.file = "/code/catalogue/bad.cc";
  result.line = line;
  result.pc = 0x555500001234;
  return result;
}

Frame library_frame() {
  Frame result = frame(90);
  result.file = "/usr/include/c++/12/bits/std_mutex.h";
  return result;
}

Site site(const char* role, int thread, int line, const char* detail, const char* object = "") {
  return {role, thread, detail, object, {library_frame(), frame(line)}, 0};
}

Step step(std::uint64_t number, int thread, const char* operation, const char* object, int line,
          const char* value = "", const char* after = "", bool forced = false) {
  return {number, thread, operation, "done", object, value, after, forced, {frame(line)}};
}

std::vector<ThreadInfo> goroutines(int count) {
  std::vector<ThreadInfo> threads = {{0, -1, "main", {}}};
  for (int i = 1; i <= count; ++i) threads.push_back({i, 0, "goroutine " + std::to_string(i), {}});
  return threads;
}

TerminalOptions options(const char* program) {
  TerminalOptions result;
  result.program = program;
  result.source_line = [](const std::string&, int line) -> std::string {
    switch (line) {
      case 5:
        return "int counter = 0;";
      case 12:
        return "++counter;";
      case 20:
        return "std::lock_guard first(a);";
      case 21:
        return "std::lock_guard second(b);";
      case 30:
        return "std::lock_guard first(b);";
      case 31:
        return "std::lock_guard second(a);";
      default:
        return "";
    }
  };
  return result;
}

Diagnosis race() {
  Diagnosis diagnosis;
  diagnosis.kind = "data-race";
  diagnosis.message = "two goroutines touch `counter`, nothing orders them";
  diagnosis.confirmed = true;
  diagnosis.object = "counter";
  diagnosis.declared_file = "/code/catalogue/bad.cc";
  diagnosis.declared_line = 5;
  diagnosis.sites = {site("write", 2, 12, "holding no lock", "counter"),
                     site("read", 1, 12, "holding no lock", "counter")};
  diagnosis.threads = goroutines(2);
  diagnosis.steps = {step(1, 0, "create", "", 9), step(1, 1, "read", "counter", 12, "0", "0"),
                     step(2, 2, "read", "counter", 12, "0", "0", true),
                     step(3, 2, "write", "counter", 12, "0", "1"),
                     step(4, 1, "write", "counter", 12, "1", "1")};
  diagnosis.forced_switches = 1;
  diagnosis.length = 4;
  diagnosis.original_length = 61;
  diagnosis.minimal = true;
  diagnosis.witness = "build/race/unlocked_counter.chicane";
  return diagnosis;
}

Diagnosis deadlock() {
  Diagnosis diagnosis;
  diagnosis.kind = "deadlock";
  diagnosis.message = "2 threads wait for each other in a circle: none can go on";
  diagnosis.confirmed = true;
  diagnosis.object = "b";
  diagnosis.sites = {site("holds", 2, 30, "", "b"),
                     site("waits", 1, 21, "waits for `b`, which goroutine 2 holds", "b"),
                     site("holds", 1, 20, "", "a"),
                     site("waits", 2, 31, "waits for `a`, which goroutine 1 holds", "a")};
  diagnosis.threads = goroutines(2);
  diagnosis.steps = {step(3, 1, "lock", "a", 20), step(5, 2, "lock", "b", 30, "", "", true)};
  diagnosis.forced_switches = 1;
  diagnosis.length = 6;
  diagnosis.original_length = 6;
  diagnosis.minimal = true;
  diagnosis.witness = "build/race/ab_ba.chicane";
  return diagnosis;
}

Diagnosis race_in_full() {
  Diagnosis diagnosis = race();
  diagnosis.sites[0].value = "1";
  diagnosis.sites[1].value = "0";
  diagnosis.sites[0].stack.push_back(frame(21));
  diagnosis.sites[0].stack.back().function = "catalogue::increment";
  diagnosis.declared_line = 0;
  diagnosis.storage = {"heap", 0, 24, 8, {frame(5)}};
  diagnosis.threads[1].parent = diagnosis.threads[2].parent = 0;
  diagnosis.threads[1].created_at = {frame(20)};
  diagnosis.threads[2].created_at = {library_frame(), frame(30)};
  diagnosis.effect = "with this schedule `counter` ends at 1, without a forced switch at 2";
  diagnosis.would_order = "`mu`, which goroutine 1 holds at bad.cc:12, held by goroutine 2 too";
  return diagnosis;
}

TEST(Terminal, DataRace) {
  TerminalOptions shown = options("data_races/unlocked_counter");
  shown.fix = "hold one mutex around every access, or use std::atomic<int>";
  shown.fix_place = "good.cc:9";
  shown.prose["bad.cc:12"] = "both goroutines write, nothing orders them";
  expect_approved(render(race(), shown), "data_race.txt");
}

TEST(Terminal, DataRaceWithAllThatIsKnown) {
  expect_approved(render(race_in_full(), options("data_races/unlocked_counter")),
                  "data_race_in_full.txt");
}

TEST(Terminal, TheCommandCanBePastedWhateverTheFileIsCalled) {
  Diagnosis diagnosis = race();
  diagnosis.witness = "my runs/race.chicane";
  const std::string text = render(diagnosis, options("data_races/unlocked_counter"));
  EXPECT_NE(text.find(" chicane replay 'my runs/race.chicane'"), std::string::npos) << text;
}

TEST(Terminal, AScheduleIsCalledTheShortestWhereThatIsKnown) {
  Diagnosis diagnosis = race();
  diagnosis.minimal = false;
  const std::string text = render(diagnosis, options("data_races/unlocked_counter"));
  EXPECT_NE(text.find("  schedule: 4 steps, 1 forced switch (was 61 steps); not made short to the "
                      "end\n"),
            std::string::npos)
      << text;
  diagnosis.original_length = 0;  // nobody tried
  const std::string untried = render(diagnosis, options("data_races/unlocked_counter"));
  EXPECT_NE(untried.find("  schedule: 4 steps, 1 forced switch\n"), std::string::npos) << untried;
}

TEST(Terminal, Deadlock) {
  TerminalOptions shown = options("locks/ab_ba");
  shown.fix = "take the locks in one order everywhere, or both at once: std::scoped_lock(a, b)";
  expect_approved(render(deadlock(), shown), "deadlock.txt");
}

TEST(Terminal, LongSchedulesAndManyThreadsFit) {
  Diagnosis diagnosis = race();
  diagnosis.threads = goroutines(12);
  diagnosis.steps.clear();
  for (int i = 0; i < 200; ++i) {
    diagnosis.steps.push_back(step(static_cast<std::uint64_t>(i), 1 + i % 12, "write",
                                   i % 3 == 0 ? "counter" : "other", 12, "1", "2", i % 7 == 0));
  }
  diagnosis.message =
      "a very long message that goes on and on, beyond what one line of a terminal can show to "
      "anybody who reads it";
  TerminalOptions shown = options("data_races/with_a_rather_long_name_of_the_pitfall");
  shown.fix = "none";
  shown.prose["bad.cc:12"] = std::string(50, 'x') + " " + std::string(49, 'y');
  expect_approved(render(diagnosis, shown), "long.txt");
}

TEST(Terminal, PredictionWithoutWitness) {
  Diagnosis diagnosis = deadlock();
  diagnosis.kind = "lock-order-inversion";
  diagnosis.message = "two locks are taken in both orders";
  diagnosis.confirmed = false;
  diagnosis.steps.clear();
  diagnosis.length = 0;
  diagnosis.witness.clear();
  diagnosis.sites = {site("acquires", 1, 21, "while it holds `a`", "b"),
                     site("acquires", 2, 31, "while it holds `b`", "a")};
  TerminalOptions shown = options("locks/ab_ba");
  shown.fix = "take the locks in one order";
  expect_approved(render(diagnosis, shown), "prediction.txt");
}

TEST(Terminal, EmptyDiagnosisDoesNotCrash) {
  Diagnosis diagnosis;
  diagnosis.kind = "crash";
  diagnosis.sites = {{}};
  TerminalOptions shown;
  shown.fix = "none";
  expect_approved(render(diagnosis, shown), "empty.txt");
}

TEST(Terminal, ColorIsOnlyAddedNeverNeeded) {
  TerminalOptions shown = options("data_races/unlocked_counter");
  shown.fix = "hold a lock";
  const std::string plain = render(race(), shown);
  EXPECT_EQ(plain.find('\033'), std::string::npos);
  shown.color = true;
  std::string colored = render(race(), shown);
  EXPECT_NE(colored, plain);
  for (std::size_t at; (at = colored.find('\033')) != std::string::npos;) {
    colored.erase(at, colored.find('m', at) + 1 - at);
  }
  EXPECT_EQ(colored, plain);
}

TEST(Terminal, SourceLinesLoseTheirAnnotationAndIndent) {
  EXPECT_EQ(read_source_line(testdata("sample.txt"), 2), "++counter;");
  EXPECT_EQ(read_source_line(testdata("sample.txt"), 99), "");
  EXPECT_EQ(read_source_line("/no/such/file", 1), "");
}

TEST(Text, AWordForAShellIsOneWord) {
  EXPECT_EQ(for_shell("build/race/ab_ba.sched-1.chicane"), "build/race/ab_ba.sched-1.chicane");
  EXPECT_EQ(for_shell("my witness"), "'my witness'");
  EXPECT_EQ(for_shell("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(for_shell(""), "''");
}

TEST(Text, WidthsAreCountedInCodePoints) {
  EXPECT_EQ(width_of("h\xc3\xa9"), 2u);
  EXPECT_EQ(shortened("abcdefgh", 6), "abc...");
  EXPECT_EQ(counted(2, "forced switch"), "2 forced switches");
  EXPECT_EQ(wrapped("a bb ccc", 4), (std::vector<std::string>{"a bb", "ccc"}));
}

}  // namespace
}  // namespace chicane::report
