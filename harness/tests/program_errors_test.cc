// SPDX-License-Identifier: Apache-2.0
//
// What `chicane explore` says of programs that it cannot explore: one line that names the program
// and what is wrong, one that says what to do, and exit status 2.
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "catalogue_sandbox.h"

namespace chicane::testing {
namespace {

const std::string kCounter = CHICANE_BINARY_DIR "/whole_programs/counter";

void expect_refused(const Sandbox& sandbox, const std::string& program, const std::string& what,
                    const std::string& instead) {
  const Outcome refused = sandbox.chicane("explore -- " + program);
  EXPECT_EQ(refused.exit_code, 2) << refused.all();
  EXPECT_NE(refused.err.find(what), std::string::npos) << refused.all();
  EXPECT_NE(refused.err.find("instead: "), std::string::npos) << refused.all();
  EXPECT_NE(refused.err.find(instead), std::string::npos) << refused.all();
}

TEST(ProgramErrors, WhatIsNoProgram) {
  const Sandbox sandbox;
  sandbox.write("script", "#!/bin/sh\nexec ./prog\n");
  sandbox.write("text", "hello\n");
  sandbox.write("empty", "");
  sandbox.write("prog", "");
  expect_refused(sandbox, "./missing", "there is no program './missing'", "give the path");
  expect_refused(sandbox, "prog", "there is no program 'prog'", "write ./prog");
  expect_refused(sandbox, "./script", "is a script (#!/bin/sh)", "the program that it starts");
  expect_refused(sandbox, "./text", "is no program", "chicane-c++");
  expect_refused(sandbox, "./empty", "cannot be read", "chicane-c++");
  expect_refused(sandbox, "./.", "is a folder", "path of a program");
}

TEST(ProgramErrors, ProgramsThatCannotBeStartedSo) {
  const Sandbox sandbox;
  ASSERT_EQ(sandbox
                .shell("cp " + kCounter + " plain && chmod -x plain && cp " + kCounter +
                       " suid && chmod u+s suid && cp " + kCounter + " other")
                .exit_code,
            0);
  expect_refused(sandbox, "./plain", "./plain is not executable", "chmod +x ./plain");
  expect_refused(sandbox, "./suid", "set-user-ID", "chmod u-s,g-s");
  for (const auto& [offset, byte, what] : {std::tuple{4, '\1', "is a 32-bit program"},
                                           std::tuple{18, '\3', "another kind of machine"}}) {
    std::fstream file(sandbox.path("other"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.put(byte);
    file.close();
    expect_refused(sandbox, "./other", what, "chicane-c++");
    ASSERT_EQ(sandbox.shell("cp " + kCounter + " other").exit_code, 0);
  }
}

TEST(ProgramErrors, AScheduleOfAnotherProgram) {
  const Sandbox sandbox;
  ASSERT_EQ(sandbox.chicane("explore --witness-dir w -- " + kCounter).exit_code, 1);
  ASSERT_EQ(sandbox.shell("cp " + kCounter + " other").exit_code, 0);
  for (const std::string command : {"replay", "shrink"}) {
    const Outcome refused = sandbox.chicane(command + " w/counter.sched.1.chicane -- ./other");
    EXPECT_EQ(refused.exit_code, 2) << refused.all();
    EXPECT_NE(refused.err.find("is for the program `counter`, this is `other`"), std::string::npos)
        << refused.all();
  }
  const Outcome unwritten =
      sandbox.chicane("shrink w/counter.sched.1.chicane --output /proc/none/x.chicane");
  EXPECT_EQ(unwritten.exit_code, 2) << unwritten.all();
  EXPECT_NE(unwritten.err.find("--output FILE"), std::string::npos) << unwritten.all();
}

TEST(ProgramErrors, WhereTheSystemGivesTooLittleMemory) {
  const Sandbox sandbox;
  const Outcome refused =
      sandbox.shell("ulimit -v 200000; '" CHICANE_COMMAND "' explore -- " + kCounter);
  EXPECT_EQ(refused.exit_code, 2) << refused.all();
  EXPECT_NE(refused.err.find("error: the system refuses shared memory"), std::string::npos)
      << refused.all();
}

TEST(ProgramErrors, ProgramsThatWereBuiltOtherwise) {
  const Sandbox sandbox;
  sandbox.write("p.c", "int main(void) { return 0; }\n");
  expect_refused(sandbox, "/bin/true", "/bin/true is not instrumented", "chicane-c++");
  const std::string compiler = CHICANE_TEST_COMPILER;
  for (const auto& [options, what] :
       {std::pair{"-c", "is an object file"}, std::pair{"-static", "is statically linked"},
        std::pair{"-fsanitize=address", "AddressSanitizer"},
        std::pair{"-fsanitize=leak", "LeakSanitizer"},
        std::pair{"-fsanitize=thread", "ThreadSanitizer"}}) {
    const Outcome built = sandbox.shell(compiler + " -x c p.c " + options + " -o p && chmod +x p");
    if (built.exit_code != 0) {
      std::printf("left out: %s cannot link %s here\n", compiler.c_str(), options);
      continue;
    }
    expect_refused(sandbox, "./p", what, "chicane-c++");
  }
}

TEST(ProgramErrors, AProgramThatEndsBeforeMain) {
  const Sandbox sandbox;
  sandbox.write(
      "p.c",
      "#include <stdlib.h>\n#include <stdio.h>\n"
      "__attribute__((constructor)) static void f(void) { puts(\"no licence\"); exit(5); }\n"
      "int main(void) { return 0; }\n");
  const Outcome built = sandbox.shell(CHICANE_BINARY_DIR "/bin/chicane-cc p.c -o p");
  ASSERT_EQ(built.exit_code, 0) << built.all();
  const Outcome refused = sandbox.chicane("explore -- ./p");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("p exited with 5 before its main was called"), std::string::npos);
  EXPECT_NE(refused.err.find("no licence"), std::string::npos) << refused.all();
}

/// What a command writes whose standard input is a terminal.
std::string at_terminal(const std::string& command, int* exit_code) {
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, nullptr);
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(126);
  }
  std::string text;
  char buffer[4096];
  for (ssize_t size; (size = read(master, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  int status = 0;
  waitpid(child, &status, 0);
  close(master);
  *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return text;
}

TEST(ProgramErrors, AProgramThatReadsItsTerminal) {
  int exit_code = -1;
  const std::string at = "cd /tmp && " CHICANE_COMMAND " explore --schedules 20 --witness-dir " +
                         ::testing::TempDir() + "w -- " CHICANE_BINARY_DIR "/whole_programs/";
  const std::string text = at_terminal(at + "input", &exit_code);
  EXPECT_EQ(exit_code, 2) << text;
  EXPECT_NE(text.find("input reads its terminal"), std::string::npos) << text;
  EXPECT_NE(text.find("instead: "), std::string::npos) << text;
  const std::string other = at_terminal(at + "counter good", &exit_code);
  EXPECT_EQ(exit_code, 0) << other;
}

TEST(ProgramErrors, OptionsThatAreWrong) {
  const Sandbox sandbox;
  EXPECT_EQ(sandbox.chicane("explore").exit_code, 2);
  EXPECT_EQ(sandbox.chicane("explore --isolate never -- " + kCounter).exit_code, 2);
  const Outcome no_time = sandbox.chicane("explore --time '' -- " + kCounter);
  EXPECT_EQ(no_time.exit_code, 2);
  EXPECT_NE(no_time.err.find("--time"), std::string::npos) << no_time.all();
  EXPECT_EQ(sandbox.chicane("explore --leg thread-safety -- " + kCounter).exit_code, 2);
  EXPECT_EQ(sandbox.chicane("explore --allow-exit 256 -- " + kCounter).exit_code, 2);
  const Outcome tsan = sandbox.chicane("explore --leg tsan -- " + kCounter);
  EXPECT_EQ(tsan.exit_code, 77) << tsan.all();
  EXPECT_NE(tsan.err.find("CHICANE_RUNTIME=tsan"), std::string::npos) << tsan.all();
}

}  // namespace
}  // namespace chicane::testing
