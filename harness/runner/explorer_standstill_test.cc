// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_standstill.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chicane::runner {
namespace {

class OnlyWaits : public ::testing::Test {
 protected:
  ~OnlyWaits() override {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  template <typename Body>
  void fork_to(Body body) {
    child_ = fork();
    while (child_ == 0) body();
  }
  pid_t child_ = -1;
};

TEST_F(OnlyWaits, WhoIsBlockedDoes) {
  fork_to([] { pause(); });
  while (!only_waits(child_)) usleep(1000);  // until CTest's patience ends
}

TEST_F(OnlyWaits, WhoComputesDoesNotHoweverLittleItIsGiven) {
  fork_to([] {});
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(only_waits(child_)) << i;
}

TEST_F(OnlyWaits, WhoIsStoppedDoesNot) {
  fork_to([] { pause(); });
  kill(child_, SIGSTOP);
  ASSERT_EQ(waitpid(child_, nullptr, WUNTRACED), child_);
  EXPECT_FALSE(only_waits(child_));
  kill(child_, SIGCONT);
  while (!only_waits(child_)) usleep(1000);
}

}  // namespace
}  // namespace chicane::runner
