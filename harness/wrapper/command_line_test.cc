// SPDX-License-Identifier: Apache-2.0
//
// Oracle: what gcc and clang say (with -###) that they would do with the same arguments.
#include "wrapper/command_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "wrapper/plan.h"

namespace chicane::wrapper {
namespace {

using Arguments = std::vector<std::string>;

Action action_of(const Arguments& arguments) { return understand(arguments).action; }
std::string refusal_of(const Arguments& arguments) { return understand(arguments).refusal; }

TEST(CommandLine, WhatTheCompilerWouldDo) {
  EXPECT_EQ(action_of({"a.c"}), Action::kLinkProgram);
  EXPECT_EQ(action_of({"a.o", "-o", "prog"}), Action::kLinkProgram);
  EXPECT_EQ(action_of({"-oprog", "b.o", "-lm"}), Action::kLinkProgram);
  EXPECT_EQ(action_of({"-lfoo"}), Action::kLinkProgram);
  EXPECT_EQ(action_of({"-c", "a.c"}), Action::kCompile);
  EXPECT_EQ(action_of({"-S", "a.c", "-o", "-"}), Action::kCompile);
  EXPECT_EQ(action_of({"-fsyntax-only", "a.c"}), Action::kCompile);
  EXPECT_EQ(action_of({"-x", "c++-header", "all.h", "-o", "all.h.gch"}), Action::kCompile);
  EXPECT_EQ(action_of({"all.hpp"}), Action::kCompile);
  EXPECT_EQ(action_of({"-E", "a.c"}), Action::kPreprocess);
  EXPECT_EQ(action_of({"-E", "-c", "a.c"}), Action::kPreprocess);
  EXPECT_EQ(action_of({"-MM", "a.c"}), Action::kPreprocess);
  EXPECT_EQ(action_of({"-shared", "-fPIC", "a.c", "-o", "liba.so"}), Action::kLinkShared);
  EXPECT_EQ(action_of({"-r", "a.o", "b.o", "-o", "c.o"}), Action::kLinkOther);
  EXPECT_EQ(action_of({"-nostdlib", "a.o"}), Action::kLinkOther);
  for (const char* question : {"--version", "-dumpmachine", "-print-search-dirs", "-v", "-###"}) {
    EXPECT_EQ(action_of({question}), Action::kAsk) << question;
  }
  EXPECT_EQ(action_of({"-###", "-c", "a.c"}), Action::kAsk);
  EXPECT_EQ(action_of({}), Action::kAsk);
}

TEST(CommandLine, DependenciesBesideACompilationAreNoPreprocessing) {
  EXPECT_EQ(action_of({"-MD", "-MF", "a.d", "-c", "a.c"}), Action::kCompile);
  EXPECT_EQ(action_of({"-MMD", "a.c", "-o", "a"}), Action::kLinkProgram);
}

TEST(CommandLine, ValuesAreNoInputs) {
  const CommandLine line = understand({"-MF", "x.c", "-include", "y.c", "-o", "z.c", "a.c", "b.o"});
  const std::vector<Role> expected = {Role::kOption, Role::kOption, Role::kOption, Role::kOption,
                                      Role::kOutput, Role::kOutput, Role::kSource, Role::kInput};
  EXPECT_EQ(line.roles, expected);
}

TEST(CommandLine, LanguageDecidesWhatTheNameDoesNot) {
  EXPECT_TRUE(has_sources(understand({"-x", "c", "-"})));
  EXPECT_TRUE(has_sources(understand({"-xc++", "a.txt"})));
  EXPECT_FALSE(has_sources(understand({"-x", "assembler", "a.c"})));
  EXPECT_FALSE(has_sources(understand({"a.s", "b.S", "c.o", "libd.a"})));
  EXPECT_FALSE(has_sources(understand({"-x", "c", "-x", "none", "a.o"})));
}

TEST(CommandLine, ReadsResponseFiles) {
  const std::string path = testing::TempDir() + "chicane_response_" + std::to_string(getpid());
  std::ofstream(path) << "-c 'a b.c'\n\"-DX=\\\"y\\\"\"";
  const CommandLine line = understand({"@" + path, "-O2"});
  unlink(path.c_str());
  EXPECT_EQ(line.arguments, (Arguments{"-c", "a b.c", "-DX=\"y\"", "-O2"}));
  EXPECT_EQ(line.action, Action::kCompile);
  EXPECT_EQ(understand({"@/does/not/exist", "a.o"}).arguments[0], "@/does/not/exist");
}

TEST(CommandLine, RefusesWhatCannotBeCombined) {
  EXPECT_NE(refusal_of({"-c", "-fsanitize=address", "a.c"}), "");
  EXPECT_NE(refusal_of({"-fsanitize=undefined,leak", "a.o"}), "");
  EXPECT_NE(refusal_of({"-m32", "-c", "a.c"}), "");
  EXPECT_NE(refusal_of({"-static", "a.o"}), "");
  EXPECT_NE(refusal_of({"-static-pie", "a.o"}), "");
  EXPECT_NE(refusal_of({"-stdlib=libc++", "-c", "a.cc"}), "");
  for (const Arguments& fine :
       std::vector<Arguments>{{"-c", "-static", "a.c"},
                              {"-static-libstdc++", "-static-libgcc", "a.o"},
                              {"-fsanitize=thread", "a.c"},
                              {"-fsanitize=undefined", "a.c"},
                              {"-fno-sanitize=address", "-c", "a.c"},
                              {"-m32", "--version"}}) {
    EXPECT_EQ(refusal_of(fine), "") << fine[0];
  }
}

// ---- what is run instead ----

const Toolchain kClang{.compiler = {"clang"}, .clang = true, .runtime = {"RUNTIME"}};

std::vector<std::string> planned(const Arguments& arguments) {
  std::vector<std::string> texts;
  for (const Words& words : make_plan(understand(arguments), kClang, "/scratch").commands) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    texts.push_back(text);
  }
  return texts;
}

const std::string kInstrumented =
    "clang -fsanitize=thread -g -fno-omit-frame-pointer -fno-optimize-sibling-calls "
    "-fstandalone-debug";

TEST(Plan, LeavesQuestionsAndAssemblersAlone) {
  EXPECT_EQ(planned({"--version"}), (Arguments{"clang --version"}));
  EXPECT_EQ(planned({"-c", "a.S"}), (Arguments{"clang -c a.S"}));
}

TEST(Plan, InstrumentsBeforeTheUsersOptions) {
  EXPECT_EQ(planned({"-O2", "-g0", "-c", "a.c"}), (Arguments{kInstrumented + " -O2 -g0 -c a.c"}));
  EXPECT_EQ(planned({"-c", "a.c"}), (Arguments{kInstrumented + " -O1 -fno-inline -c a.c"}));
}

TEST(Plan, ItsOwnHeadersStandBeforeTheUsers) {
  Toolchain toolchain = kClang;
  toolchain.headers = {"-isystem", "/overrides"};
  const Plan compiles =
      make_plan(understand({"-O2", "-isystem", "/u", "-c", "a.cc"}), toolchain, "");
  const Words expected = {"-isystem", "/overrides", "-O2", "-isystem", "/u", "-c", "a.cc"};
  ASSERT_GE(compiles.commands[0].size(), expected.size());
  EXPECT_TRUE(std::equal(expected.rbegin(), expected.rend(), compiles.commands[0].rbegin()));
  for (const Words& asks : make_plan(understand({"--version"}), toolchain, "").commands) {
    EXPECT_EQ(asks, (Words{"clang", "--version"}));
  }
}

TEST(Plan, LinksTheRuntimeIntoProgramsOnly) {
  EXPECT_EQ(planned({"a.o", "-lx", "-o", "p"}), (Arguments{"clang a.o -lx -o p RUNTIME"}));
  EXPECT_EQ(planned({"-shared", "a.o"}), (Arguments{"clang -shared a.o"}));
  EXPECT_EQ(planned({"-r", "a.o"}), (Arguments{"clang -r a.o"}));
}

TEST(Plan, ALibraryMayLeaveTheInstrumentationToTheProgram) {
  EXPECT_EQ(planned({"-shared", "-Wl,-z,defs", "a.o"}),
            (Arguments{"clang -shared -Wl,-z,defs a.o -Wl,-z,undefs"}));
}

TEST(Plan, CompilesFirstWhatItWouldCompileAndLinkAtOnce) {
  const std::string quiet = kInstrumented + " -Wno-unused-command-line-argument";
  EXPECT_EQ(planned({"-O1", "a.c", "b.o", "c.cc", "-o", "p", "-lx"}),
            (Arguments{quiet + " -O1 a.c -lx -c -o /scratch/0.o",
                       quiet + " -O1 c.cc -lx -c -o /scratch/1.o",
                       "clang -O1 /scratch/0.o b.o /scratch/1.o -o p -lx RUNTIME"}));
}

TEST(Plan, ThreadSanitizersOwnRuntimeStaysOut) {
  EXPECT_EQ(planned({"-fsanitize=thread", "a.o"}), (Arguments{"clang a.o RUNTIME"}));
  EXPECT_EQ(planned({"-fsanitize=thread,undefined", "a.o"}),
            (Arguments{"clang -fsanitize=undefined a.o RUNTIME"}));
}

TEST(Plan, AnOlderClangKeepsWhereVariablesAre) {
  Toolchain toolchain = kClang;
  const auto compile = [&](int version) {
    toolchain.version = version;
    const Words words = make_plan(understand({"-c", "a.c"}), toolchain, "").commands[0];
    return std::find(words.begin(), words.end(), "-instcombine-lower-dbg-declare=0") != words.end();
  };
  EXPECT_TRUE(compile(16));
  EXPECT_FALSE(compile(17));
  EXPECT_FALSE(compile(0));
}

TEST(Plan, KnowsClangsVersionByItsNameOrWord) {
  EXPECT_EQ(clang_version("clang++-16"), 16);
  EXPECT_EQ(clang_version("clang-19"), 19);
  EXPECT_EQ(clang_version("clang++"), 0);
  EXPECT_EQ(clang_version("g++-12"), 0);
  EXPECT_EQ(clang_version("Debian clang version 16.0.6 (15~deb12u1)\nTarget: x86_64-pc\n"), 16);
}

TEST(Plan, KnowsCompilersByTheirNames) {
  EXPECT_EQ(is_clang_by_name("/usr/bin/clang++-19"), 1);
  EXPECT_EQ(is_clang_by_name("x86_64-linux-gnu-g++-12"), 0);
  EXPECT_EQ(is_clang_by_name("cc"), -1);
}

}  // namespace
}  // namespace chicane::wrapper
