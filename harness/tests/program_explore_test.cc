// SPDX-License-Identifier: Apache-2.0
//
// `chicane explore` on the programs of whole_programs/. Oracle: each program says in its text how
// it may end, and at which lines (`//~ tag`).
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "catalogue_sandbox.h"

namespace chicane::testing {
namespace {

const std::string kPrograms = CHICANE_BINARY_DIR "/whole_programs/";

/// The line of `//~ tag` in a program's source.
int tagged(const std::string& source, const std::string& tag) {
  std::ifstream file(CHICANE_SOURCE_DIR "/harness/tests/whole_programs/" + source);
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.ends_with("//~ " + tag)) return number;
  }
  ADD_FAILURE() << "no //~ " << tag << " in " << source;
  return 0;
}

struct Explored {
  Outcome outcome;
  nlohmann::json json;

  std::vector<std::string> kinds() const {
    std::vector<std::string> all;
    for (const auto& diagnosis : json["diagnoses"]) all.push_back(diagnosis["kind"]);
    return all;
  }
  /// The line of the first site of the diagnosis of this kind; -1 when there is none.
  int line_of(const std::string& kind) const {
    for (const auto& diagnosis : json["diagnoses"]) {
      if (diagnosis["kind"] == kind) return diagnosis["sites"][0]["line"];
    }
    return -1;
  }
};

Explored explore(const Sandbox& sandbox, const std::string& program,
                 const std::string& options = "") {
  Explored explored;
  explored.outcome = sandbox.chicane("explore --schedules 200 --json result.json " + options +
                                     " -- " + kPrograms + program);
  explored.json = nlohmann::json::parse(sandbox.read("result.json"), nullptr, false);
  EXPECT_TRUE(explored.json.is_object()) << explored.outcome.all();
  return explored;
}

using Kinds = std::vector<std::string>;

TEST(ProgramExplore, AGoodProgramIsClean) {
  const Sandbox sandbox;
  const Explored good = explore(sandbox, "counter good");
  EXPECT_EQ(good.outcome.exit_code, 0) << good.outcome.all();
  EXPECT_EQ(good.kinds(), Kinds{});
  EXPECT_EQ(good.json["runs"], 200);
}

TEST(ProgramExplore, AKilledExplorationLeavesNoProcess) {
  const Sandbox sandbox;
  const Outcome outcome =
      sandbox.shell("cp '" + kPrograms +
                    "counter' mine || exit 3\n"
                    "mine() { ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q \"$PWD/mine\"; }\n"
                    "'" CHICANE_COMMAND
                    "' explore --strategy random --schedules 1000000000 -- ./mine good &\n"
                    "asked=$!\n"
                    "for i in $(seq 200); do mine && break; sleep 0.05; done\n"
                    "mine || exit 4\n"
                    "kill -9 $asked\n"
                    "for i in $(seq 200); do mine || exit 0; sleep 0.05; done\n"
                    "exit 5");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
}

TEST(ProgramExplore, ARaceHasAWitnessThatReplaysAnywhere) {
  const Sandbox sandbox;
  const Explored bad = explore(sandbox, "counter bad", "--witness-dir w");
  EXPECT_EQ(bad.outcome.exit_code, 1) << bad.outcome.all();
  EXPECT_EQ(bad.kinds(), (Kinds{"data-race", "nonzero-exit"})) << bad.outcome.all();
  EXPECT_EQ(bad.line_of("data-race"), tagged("counter.c", "increment"));
  for (const char* witness : {"w/counter.sched.1.chicane", "w/counter.sched.2.chicane"}) {
    const Outcome again =
        sandbox.shell("cd / && " CHICANE_COMMAND " replay --times 2 " + sandbox.path(witness));
    EXPECT_EQ(again.exit_code, 0) << again.all();
    EXPECT_NE(again.out.find("the program wrote:\n  | counter is "), std::string::npos)
        << again.all();
  }
}

/// Interrupted when its program has run for a while.
Outcome interrupted(const Sandbox& sandbox, const std::string& program, const std::string& signal) {
  return sandbox.shell(std::string(kWorked) +
                       "'" CHICANE_COMMAND
                       "' explore --strategy random --schedules 1000000000 -- " +
                       kPrograms + program + " >out 2>&1 & p=$!\n" +
                       "until w=$(cat /proc/$p/task/*/children 2>/dev/null | cut -d' ' -f1) && "
                       "[ -n \"$w\" ] && worked $w 30; do sleep 0.02; done\n"
                       "kill -" +
                       signal + " $p; wait $p; status=$?; cat out; exit $status");
}

TEST(ProgramExplore, AnInterruptEndsItWithWhatWasFound) {
  const Sandbox sandbox;
  for (const auto& [signal, code] : {std::pair("INT", 130), std::pair("TERM", 143)}) {
    const Outcome good = interrupted(sandbox, "counter good", signal);
    EXPECT_EQ(good.exit_code, code) << good.all();
    EXPECT_NE(good.out.find("schedules until the interrupt, random"), std::string::npos)
        << good.all();
    const Outcome bad = interrupted(sandbox, "counter", signal);
    EXPECT_EQ(bad.exit_code, 1) << bad.all();
    EXPECT_TRUE(bad.out.starts_with("data-race  ")) << bad.all();
  }
}

TEST(ProgramExplore, AnInterruptedShrinkLeavesTheBestSoFar) {
  const Sandbox sandbox;
  sandbox.chicane("explore --strategy random --schedules 20 --no-shrink --witness-dir w -- " +
                  kPrograms + "turns");
  const std::string whole = "w/turns.sched.1.chicane";
  ASSERT_TRUE(sandbox.exists(whole));
  EXPECT_EQ(sandbox.chicane("shrink --check " + whole).exit_code, 1);
  for (const auto& [signal, code] : {std::pair("INT", 130), std::pair("TERM", 143)}) {
    const std::string command = "'" CHICANE_COMMAND "' shrink -o short.chicane " + whole;
    const Outcome outcome =
        sandbox.shell(std::string(kWorked) + command + " >out 2>&1 & p=$!\n" +
                      "until w=$(cat /proc/$p/task/*/children 2>/dev/null | cut -d' ' -f1) && "
                      "[ -n \"$w\" ] && worked $w 8; do sleep 0.01; done\n"
                      "kill -" +
                      signal + " $p; wait $p; status=$?; cat out; exit $status");
    EXPECT_EQ(outcome.exit_code, code) << outcome.all();
    EXPECT_NE(outcome.out.find(std::string("not made short to the end: interrupted (SIG") + signal),
              std::string::npos)
        << outcome.all();
    EXPECT_NE(sandbox.read("short.chicane").find("\nminimal: no\n"), std::string::npos);
    EXPECT_EQ(sandbox.chicane("replay short.chicane").exit_code, 0);
    sandbox.remove("short.chicane");
  }
}

TEST(ProgramExplore, BatchFindsTheSame) {
  const Sandbox sandbox;
  const Explored bad = explore(sandbox, "counter bad", "--isolate batch");
  EXPECT_EQ(bad.kinds(), (Kinds{"data-race", "nonzero-exit"})) << bad.outcome.all();
  EXPECT_EQ(explore(sandbox, "counter good", "--isolate batch").kinds(), Kinds{});
}

// What proves it is seen in several runs, each of which has a process of its own.
TEST(ProgramExplore, ALostUpdateNeedsNoAssertion) {
  const Sandbox sandbox;
  for (const char* strategy : {"", "--strategy dpor ", "--isolate batch "}) {
    const Explored bad = explore(sandbox, "lost_update bad", strategy);
    EXPECT_EQ(bad.kinds(), Kinds{"lost-update"}) << strategy << bad.outcome.all();
    EXPECT_EQ(bad.line_of("lost-update"), tagged("lost_update.c", "load")) << strategy;
    EXPECT_EQ(explore(sandbox, "lost_update good", strategy).kinds(), Kinds{}) << strategy;
  }
}

TEST(ProgramExplore, EndsThatAreNoDefects) {
  const Sandbox sandbox;
  for (const char* how :
       {"detached", "exit-in-thread", "underscore-exit", "quick-exit", "main-leaves"}) {
    const Explored clean = explore(sandbox, std::string("endings ") + how);
    EXPECT_EQ(clean.kinds(), Kinds{}) << how << "\n" << clean.outcome.all();
    EXPECT_EQ(clean.outcome.exit_code, 0) << how;
  }
}

struct Ending {
  const char* how;
  const char* kind;
  const char* tag;  // of the line; null: no line is promised
};

class BadEndings : public ::testing::TestWithParam<Ending> {};

TEST_P(BadEndings, AreDiagnosedWithAWitness) {
  const Sandbox sandbox;
  const Ending ending = GetParam();
  const Explored bad = explore(sandbox, std::string("endings ") + ending.how, "--witness-dir w");
  EXPECT_EQ(bad.outcome.exit_code, 1) << bad.outcome.all();
  ASSERT_EQ(bad.kinds(), Kinds{ending.kind}) << bad.outcome.all();
  if (ending.tag != nullptr) {
    EXPECT_EQ(bad.line_of(ending.kind), tagged("endings.cc", ending.tag)) << bad.outcome.all();
  }
  const Outcome again = sandbox.chicane("replay w/endings.sched.1.chicane");
  EXPECT_EQ(again.exit_code, 0) << again.all();
}

INSTANTIATE_TEST_SUITE_P(
    All, BadEndings,
    ::testing::Values(Ending{"exit-status", "nonzero-exit", "exits"},
                      Ending{"abort", "crash", "aborts"},
                      Ending{"assert", "assertion-failed", "asserts"},
                      Ending{"throw", "uncaught-panic", "throws"},
                      Ending{"throw-in-thread", "uncaught-panic", "throws-in-thread"},
                      Ending{"null", "crash", "faults"}, Ending{"kill-itself", "crash", nullptr},
                      Ending{"joinable", "uncaught-panic", nullptr}),
    [](const ::testing::TestParamInfo<Ending>& info) {
      std::string name = info.param.how;
      std::erase(name, '-');
      return name;
    });

TEST(ProgramExplore, TheAccessThatFaultsHasNoValue) {
  const Sandbox sandbox;
  explore(sandbox, "endings null", "--witness-dir w");
  const Outcome traced = sandbox.chicane("replay --trace w/endings.sched.1.chicane");
  const std::string last = traced.out.substr(traced.out.find_last_of('\n', traced.out.size() - 2));
  EXPECT_NE(last.find(" write "), std::string::npos) << traced.all();
  EXPECT_NE(last.find("(fault)"), std::string::npos) << traced.all();
  EXPECT_EQ(traced.out.find("(fault)"), traced.out.rfind("(fault)")) << traced.all();
}

TEST(ProgramExplore, ADetachedThreadMayRunUntilTheProcessIsGone) {
  const Sandbox sandbox;
  for (const char* strategy : {"portfolio", "dfs", "dpor", "preemption"}) {
    const Explored bad =
        explore(sandbox, "endings static-destroyed", std::string("--strategy ") + strategy);
    // Before the destructor it races with it, after it the memory is gone.
    EXPECT_EQ(bad.kinds(), (Kinds{"data-race", "crash"})) << strategy << bad.outcome.all();
    EXPECT_EQ(bad.line_of("crash"), tagged("endings.cc", "uses")) << bad.outcome.all();
  }
}

TEST(ProgramExplore, ExitStatusesThatAreAllowed) {
  const Sandbox sandbox;
  EXPECT_EQ(explore(sandbox, "endings exit-status", "--allow-exit 3").kinds(), Kinds{});
  EXPECT_EQ(explore(sandbox, "endings exit-status", "--allow-exit any").kinds(), Kinds{});
  EXPECT_EQ(explore(sandbox, "endings exit-status", "--allow-exit 4").kinds(),
            Kinds{"nonzero-exit"});
}

// Oracle: ThreadSanitizer knows of a schedule's races, and nothing of how the program ends.
TEST(ProgramExplore, TheLegTsanIsThreadSanitizerOnEverySchedule) {
  if (access((kPrograms + "counter_tsan").c_str(), X_OK) != 0) {
    GTEST_SKIP() << "the compiler has no ThreadSanitizer";
  }
  const Sandbox sandbox;
  const std::string leg = "--leg tsan --witness-dir w";
  EXPECT_EQ(explore(sandbox, "counter_tsan good", leg).kinds(), Kinds{});
  const Explored bad = explore(sandbox, "counter_tsan bad", leg);
  EXPECT_EQ(bad.outcome.exit_code, 1);
  EXPECT_EQ(bad.kinds(), Kinds{"data-race"}) << bad.outcome.all();
  EXPECT_EQ(bad.line_of("data-race"), tagged("counter.c", "increment"));
  EXPECT_EQ(sandbox.chicane("replay w/counter_tsan.tsan.1.chicane").exit_code, 0);
  // Each of the two kinds of program says what it is for.
  const Outcome other = sandbox.chicane("explore -- " + kPrograms + "counter_tsan good");
  EXPECT_EQ(other.exit_code, 77);
  EXPECT_NE(other.err.find("without CHICANE_RUNTIME=tsan"), std::string::npos) << other.all();
}

TEST(ProgramExplore, AReplayHasTheEnvironmentThatTheProgramAskedFor) {
  const Sandbox sandbox;
  const std::string program = kPrograms + "endings environment";
  const Outcome bad = sandbox.shell("ENDINGS_STATUS=3 OTHER=secret '" CHICANE_COMMAND
                                    "' explore --schedules 200 --witness-dir w -- " +
                                    program);
  EXPECT_EQ(bad.exit_code, 1) << bad.all();
  const std::string witness = "w/endings.sched.1.chicane";
  EXPECT_NE(sandbox.read(witness).find("\nenv: ENDINGS_STATUS 3\n"), std::string::npos);
  EXPECT_EQ(sandbox.read(witness).find("secret"), std::string::npos);
  const Outcome same = sandbox.shell("ENDINGS_STATUS=3 '" CHICANE_COMMAND "' replay " + witness);
  EXPECT_EQ(same.exit_code, 0) << same.all();
  EXPECT_EQ(same.err, "");
  const Outcome other = sandbox.chicane("replay " + witness);
  EXPECT_EQ(other.exit_code, 0) << other.all();
  EXPECT_NE(other.err.find("ENDINGS_STATUS was '3' when the schedule was made, and is not set now: "
                           "the program gets it as it was"),
            std::string::npos)
      << other.all();
  const Outcome here = sandbox.chicane("replay " + witness + " -- " + program);
  EXPECT_NE(here.exit_code, 0) << here.all();
  EXPECT_NE(here.err.find("the program gets it as it is"), std::string::npos) << here.all();
}

TEST(ProgramExplore, TheProgramSeesAllCores) {
  const Sandbox sandbox;
  cpu_set_t cores;
  ASSERT_EQ(sched_getaffinity(0, sizeof cores, &cores), 0);
  const std::string allowed = "--allow-exit " + std::to_string(CPU_COUNT(&cores));
  for (const std::string isolation : {" --isolate run", " --isolate batch"}) {
    const Explored seen = explore(sandbox, "endings cores", allowed + isolation);
    EXPECT_EQ(seen.kinds(), Kinds{}) << seen.outcome.all();
  }
}

TEST(ProgramExplore, EachRunReadsItsInputFromTheBeginning) {
  const Sandbox sandbox;
  const std::string command = CHICANE_COMMAND
                              " explore --schedules 20 --allow-exit 60 --witness-dir w -- " +
                              kPrograms + "input";
  sandbox.write("numbers", "10 20 30\n");
  for (const std::string isolation : {"run", "batch"}) {
    std::string with = command;
    with.replace(with.find(" --schedules"), 0, " --isolate " + isolation);
    EXPECT_EQ(sandbox.shell(with + " < numbers").exit_code, 0) << isolation;
    EXPECT_EQ(sandbox.shell("echo 10 20 30 | " + with).exit_code, 0) << isolation;
    const Outcome other = sandbox.shell("echo 10 20 | " + with);
    EXPECT_EQ(other.exit_code, 1);
    EXPECT_NE(other.out.find("main returned 30"), std::string::npos) << other.all();
    const Outcome again = sandbox.chicane("replay w/input.sched.1.chicane");
    EXPECT_EQ(again.exit_code, 0) << again.all();
  }
  EXPECT_EQ(sandbox.shell("echo 10 20 | " + kPrograms + "input").exit_code, 30);
}

TEST(ProgramExplore, WhatOutlivesARunIsSeenByTheNextInABatchOnly) {
  const Sandbox sandbox;
  const Explored clean = explore(sandbox, "remembers x");
  EXPECT_EQ(clean.kinds(), Kinds{}) << clean.outcome.all();
  EXPECT_EQ(explore(sandbox, "remembers x", "--isolate batch").kinds(), Kinds{"nondeterminism"});
  const Explored globals = explore(sandbox, "remembers globals", "--isolate batch");
  EXPECT_EQ(globals.kinds(), Kinds{}) << globals.outcome.all();
  EXPECT_EQ(globals.json["runs"], clean.json["runs"]);
}

TEST(ProgramExplore, TheProgramsOutputIsShownOnlyWhereItTells) {
  const Sandbox sandbox;
  const Explored quiet = explore(sandbox, "loud", "--witness-dir w");
  EXPECT_EQ(quiet.outcome.exit_code, 1);
  EXPECT_EQ(quiet.outcome.all().find("to standard"), std::string::npos) << quiet.outcome.all();
  const Outcome again = sandbox.chicane("replay w/loud.sched.1.chicane");
  EXPECT_NE(again.out.find("| to standard output\n"), std::string::npos) << again.all();
  EXPECT_NE(again.out.find("| to standard error\n"), std::string::npos) << again.all();
  const Explored loud = explore(sandbox, "loud", "--output");
  EXPECT_NE(loud.outcome.all().find("to standard output"), std::string::npos);
}

TEST(ProgramExplore, AnInstrumentedLibraryIsSeenAndAnotherIsNamed) {
  const Sandbox sandbox;
  const Explored seen = explore(sandbox, "uses_instrumented");
  EXPECT_EQ(seen.kinds(), Kinds{"data-race"}) << seen.outcome.all();
  EXPECT_EQ(seen.line_of("data-race"), tagged("shared_library.c", "counts"));
  EXPECT_EQ(seen.outcome.all().find("not instrumented"), std::string::npos) << seen.outcome.all();
  const Explored blind = explore(sandbox, "uses_plain");
  EXPECT_EQ(blind.kinds(), Kinds{});
  EXPECT_NE(blind.outcome.out.find("not instrumented: libplain.so"), std::string::npos)
      << blind.outcome.all();
  EXPECT_EQ(blind.json["modules_not_instrumented"], nlohmann::json::array({"libplain.so"}));
}

TEST(ProgramExplore, AMemberIsNamedWhoseClassIsMadeInAnotherFile) {
  const Sandbox sandbox;
  sandbox.write("account.h",
                "struct Account { Account(); void add(int n); int limit, balance; };\n");
  sandbox.write("account.cc",
                "#include \"account.h\"\n"
                "Account::Account() : limit(1), balance(0) {}\n"
                "void Account::add(int n) { balance += n; }\n");
  sandbox.write("main.cc",
                "#include <thread>\n"
                "#include \"account.h\"\n"
                "int main() {\n"
                "  Account account;\n"
                "  std::thread other([&] { account.add(1); });\n"
                "  account.add(2);\n"
                "  other.join();\n"
                "}\n");
  const Outcome built =
      sandbox.shell(CHICANE_BINARY_DIR "/bin/chicane-c++ account.cc main.cc -o bank");
  ASSERT_EQ(built.exit_code, 0) << built.all();
  const Outcome bank = sandbox.chicane("explore --schedules 200 -- ./bank");
  EXPECT_NE(bank.out.find("touch `account.balance`"), std::string::npos) << bank.all();
}

TEST(ProgramExplore, AThreadBeforeMainIsRefusedClearly) {
  const Sandbox sandbox;
  const Explored refused = explore(sandbox, "early_thread");
  EXPECT_EQ(refused.outcome.exit_code, 2);
  EXPECT_NE(refused.outcome.err.find("started a thread before main"), std::string::npos)
      << refused.outcome.all();
  EXPECT_EQ(sandbox.shell(kPrograms + "early_thread").exit_code, 0);
}

TEST(ProgramExplore, StartedByItselfItIsAnOrdinaryProgram) {
  const Sandbox sandbox;
  const Outcome native = sandbox.shell(kPrograms + "counter good");
  EXPECT_EQ(native.exit_code, 0);
  EXPECT_EQ(native.out, "counter is 9\n");
  EXPECT_EQ(sandbox.shell(kPrograms + "endings main-leaves").exit_code, 0);
  EXPECT_EQ(sandbox.shell(kPrograms + "endings quick-exit").exit_code, 0);
  EXPECT_EQ(sandbox.shell(kPrograms + "endings throw-in-thread").exit_code, 128 + 6);
}

}  // namespace
}  // namespace chicane::testing
