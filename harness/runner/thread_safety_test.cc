// SPDX-License-Identifier: Apache-2.0
//
// The texts are what clang 19 prints.
#include "runner/thread_safety.h"

#include <gtest/gtest.h>

#include "monitors/kinds.h"

namespace chicane::runner {
namespace {

struct Parsed {
  std::vector<Diagnosis> diagnoses;
  std::string error;
};

Parsed parse(const std::string& text, const std::vector<std::string>& source = {}) {
  Parsed parsed;
  parse_thread_safety(text, source, &parsed.diagnoses, &parsed.error);
  return parsed;
}

/// "kind line(role) line(role)" of the only diagnosis.
std::string only(const Parsed& parsed) {
  if (!parsed.error.empty()) return parsed.error;
  if (parsed.diagnoses.size() != 1) return std::to_string(parsed.diagnoses.size()) + " diagnoses";
  const Diagnosis& diagnosis = parsed.diagnoses[0];
  EXPECT_NE(monitors::find_kind(diagnosis.kind), nullptr) << diagnosis.kind;
  EXPECT_EQ(diagnosis.leg, "thread-safety");
  EXPECT_FALSE(diagnosis.confirmed);
  std::string text = diagnosis.kind;
  for (const Site& site : diagnosis.sites) {
    text += " " + std::to_string(site.stack.at(0).line) + "(" + site.role + ")";
  }
  return text;
}

std::string warning(int line, const std::string& text) {
  return "/x/locks/a/bad.cc:" + std::to_string(line) + ":15: warning: " + text +
         " [-Wthread-safety-analysis]\n   14 |   mu.unlock();\n      |      ^\n";
}

std::string note(int line, const std::string& text) {
  return "/x/locks/a/bad.cc:" + std::to_string(line) + ":6: note: " + text + "\n";
}

TEST(ThreadSafety, ALeakIsWhereTheLockWasTaken) {
  for (const char* text : {"mutex 'mu' is still held at the end of function",
                           "mutex 'mu' is not held on every path through here",
                           "expecting mutex 'mu' to be held at start of each loop"}) {
    EXPECT_EQ(only(parse(warning(14, text) + note(12, "mutex acquired here"))),
              "lock-leak 12(locked)");
  }
}

TEST(ThreadSafety, AlreadyHeldIsASelfDeadlock) {
  const std::string text =
      warning(3, "acquiring mutex 'mu' that is already held") + note(2, "mutex acquired here");
  EXPECT_EQ(only(parse(text)), "self-deadlock 3(waits) 2(holds)");
  EXPECT_EQ(parse(text).diagnoses.at(0).object, "mu");
  EXPECT_EQ(only(parse(text, {"", "  mu.lock_shared();", "            mu.lock();"})),
            "rwlock-upgrade 3(waits) 2(holds)");
  EXPECT_EQ(only(parse(text, {"", "  mu.lock();", "            mu.lock();"})),
            "self-deadlock 3(waits) 2(holds)");
  EXPECT_EQ(only(parse(warning(5, "cannot call function 'f' while mutex 'mu' is held"))),
            "self-deadlock 5(waits)");
}

TEST(ThreadSafety, ASecondReleaseIsADoubleUnlock) {
  const std::string text = warning(9, "releasing mutex 'mu' that was not held");
  EXPECT_EQ(only(parse(text)), "unlock-of-unlocked 9(unlocks)");
  EXPECT_EQ(only(parse(text + note(8, "mutex released here"))),
            "double-unlock 9(unlocks) 8(unlocked)");
  EXPECT_EQ(only(parse(
                warning(9, "releasing mutex 'mu' using shared access, expected exclusive access"))),
            "unlock-of-unlocked 9(unlocks)");
}

TEST(ThreadSafety, AccessWithoutTheLockIsADataRace) {
  EXPECT_EQ(only(parse(warning(4, "writing variable 'n' requires holding mutex 'mu' exclusively"))),
            "data-race 4(write)");
  EXPECT_EQ(only(parse(warning(4, "reading variable 'n' requires holding mutex 'mu'"))),
            "data-race 4(read)");
  EXPECT_EQ(only(parse(warning(4, "calling function 'wait' requires holding mutex 'mu'"))),
            "wait-without-lock 4(waits)");
  EXPECT_EQ(only(parse(warning(4, "calling function 'add' requires holding mutex 'mu'"))),
            "data-race 4(calls)");
}

/// I2, and a lambda that is analysed twice.
TEST(ThreadSafety, OtherWarningsAndRepetitionsAreLeftOut) {
  const std::string one = warning(9, "releasing mutex 'mu' that was not held");
  const std::string unused =
      "/x/locks/a/bad.cc:3:7: warning: unused variable 'n' [-Wunused-variable]\n" +
      note(1, "mutex acquired here");
  EXPECT_EQ(only(parse(one + unused + one)), "unlock-of-unlocked 9(unlocks)");
  EXPECT_TRUE(parse("").diagnoses.empty());
  EXPECT_TRUE(parse("").error.empty());
}

/// I1.
TEST(ThreadSafety, AnUnknownWarningIsAnError) {
  EXPECT_EQ(only(parse(warning(7, "a new warning"))),
            "/x/locks/a/bad.cc:7: clang's warning has no kind here yet: a new warning");
}

}  // namespace
}  // namespace chicane::runner
