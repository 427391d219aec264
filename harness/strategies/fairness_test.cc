// SPDX-License-Identifier: Apache-2.0
#include "strategies/fairness.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "strategies/abstract_program.h"

namespace chicane::strategies {
namespace {

using engine::OpKind;
using engine::Outcome;

const int kFlag = 0, kLock = 0, kOther = 0;

class FairnessTest : public ::testing::Test {
 protected:
  FairnessTest() {
    fairness_.begin_run();
    for (unsigned i = 0; i < threads_.size(); ++i) {
      engine::ThreadDouble::announce(&threads_[i], i, {.kind = OpKind::kLock});
      pointers_[i] = &threads_[i];
    }
  }
  void event(unsigned thread, OpKind kind, const void* object = nullptr, std::uint64_t value = 0,
             Outcome outcome = Outcome::kDone) {
    fairness_.on_event({kind, outcome, thread, object, nullptr, &places_[thread], value, ++step_});
  }
  /// Who may go on, "012" when nobody rests.
  std::string awake() {
    if (!fairness_.anybody_rests()) return "012";
    const engine::ThreadChoice choice{pointers_, 0, 0, step_};
    const engine::ThreadChoice left = fairness_.filter(choice);
    std::string text;
    for (unsigned i = 0; i < left.enabled.size(); ++i) {
      EXPECT_EQ(choice.enabled[fairness_.indices()[i]], left.enabled[i]);
      text += static_cast<char>('0' + left.enabled[i]->id());
    }
    const bool runs_on = text.find('0') != std::string::npos;
    EXPECT_EQ(left.current_index, runs_on ? 0 : -1);
    return text;
  }

  Fairness fairness_;
  std::array<engine::Thread, 3> threads_;
  std::array<engine::Thread*, 3> pointers_{};
  std::array<char, 3> places_{};
  std::uint64_t step_ = 0;
};

TEST_F(FairnessTest, AFirstYieldIsNoSpinning) {
  event(0, OpKind::kYield);
  EXPECT_EQ(awake(), "012");
}

TEST_F(FairnessTest, WhoeverYieldsAgainInVainGivesWay) {
  event(0, OpKind::kYield);
  event(0, OpKind::kAtomicLoad, &kFlag);
  event(1, OpKind::kAtomicLoad, &kFlag);
  event(0, OpKind::kYield);
  EXPECT_EQ(awake(), "12");
  event(1, OpKind::kLock, &kLock);
  EXPECT_EQ(awake(), "012");
}

TEST_F(FairnessTest, WhoeverYieldsAgainAfterAChangeIsNotInVain) {
  for (int round = 0; round < 5; ++round) {
    event(0, OpKind::kYield);
    event(1, OpKind::kAtomicStore, &kFlag);
    EXPECT_EQ(awake(), "012");
  }
  event(0, OpKind::kYield);
  event(1, OpKind::kAtomicLoad, &kFlag);
  event(0, OpKind::kYield);
  EXPECT_EQ(awake(), "12");
}

TEST_F(FairnessTest, WhoeverYieldsBetweenStepsOfItsOwnIsNotInVain) {
  for (std::uint64_t value = 0; value < 20; ++value) {
    event(0, OpKind::kAtomicRmw, &kFlag, value);
    event(0, OpKind::kYield);
  }
  EXPECT_EQ(fairness_.rested(), 0u);
}

TEST_F(FairnessTest, SettingWhatIsSetIsNoStep) {
  for (int round = 0; round < 3; ++round) {
    event(0, OpKind::kAtomicRmw, &kFlag, 1);
    event(0, OpKind::kYield);
  }
  EXPECT_EQ(awake(), "12");
}

TEST_F(FairnessTest, WhoeverYieldsAgainGivesWayLonger) {
  unsigned longest = 0;
  for (int round = 0; round < 5; ++round) {
    event(0, OpKind::kYield);
    event(0, OpKind::kYield);
    unsigned events = 0;
    for (; awake() == "12"; ++events) event(1, OpKind::kAtomicStore, &kOther);
    EXPECT_GE(events, longest);
    longest = events;
  }
  EXPECT_EQ(longest, 16u);
}

TEST_F(FairnessTest, WhoeverReadsTheSameValueRestsUntilItChanges) {
  int readings = 0;
  while (awake() == "012" && readings < 100) {
    event(0, OpKind::kAtomicLoad, &kFlag);
    ++readings;
  }
  EXPECT_EQ(readings, 12);
  event(1, OpKind::kAtomicStore, &kFlag, 1);
  EXPECT_EQ(awake(), "012");
}

TEST_F(FairnessTest, ReadingOtherValuesIsProgress) {
  for (std::uint64_t value = 0; value < 100; ++value) event(0, OpKind::kAtomicLoad, &kFlag, value);
  EXPECT_EQ(fairness_.rested(), 0u);
}

TEST_F(FairnessTest, FailedTriesAndSleepsCountSooner) {
  for (int i = 0; i < 3; ++i) event(0, OpKind::kTryLock, &kLock, 0, Outcome::kWouldBlock);
  EXPECT_EQ(awake(), "12");
  for (int i = 0; i < 3; ++i) event(1, OpKind::kSleep);
  EXPECT_EQ(fairness_.rested(), 2u);
}

TEST_F(FairnessTest, ALoopUnderALockEndsToo) {
  int events = 0;
  while (awake() == "012" && events < 1000) {
    event(0, events % 2 == 0 ? OpKind::kLock : OpKind::kUnlock, &kLock);
    ++events;
  }
  EXPECT_LT(events, 300);
}

TEST_F(FairnessTest, WhoeverHoldsALockLetsGoBeforeItRests) {
  event(0, OpKind::kLock, &kLock);
  for (int i = 0; i < 3; ++i) event(0, OpKind::kTryLock, &kOther, 0, Outcome::kWouldBlock);
  EXPECT_EQ(awake(), "012");
  event(0, OpKind::kUnlock, &kLock);
  EXPECT_EQ(awake(), "12");
}

TEST_F(FairnessTest, WhoeverSpinsWithALockInItsHandsRestsAfterAll) {
  event(0, OpKind::kLock, &kLock);
  for (int i = 0; i < 6; ++i) event(0, OpKind::kTryLock, &kOther, 0, Outcome::kWouldBlock);
  EXPECT_EQ(awake(), "12");
}

TEST_F(FairnessTest, FailuresOfOthersChangeNothing) {
  for (int i = 0; i < 3; ++i) event(0, OpKind::kTryLock, &kLock, 0, Outcome::kWouldBlock);
  event(1, OpKind::kAtomicStore, &kOther);
  for (int i = 0; i < 3; ++i) event(0, OpKind::kTryLock, &kLock, 0, Outcome::kWouldBlock);
  event(1, OpKind::kTryLock, &kLock, 0, Outcome::kWouldBlock);
  EXPECT_EQ(awake(), "12");
  event(1, OpKind::kUnlock, &kLock);
  EXPECT_EQ(awake(), "012");
}

TEST_F(FairnessTest, NobodyRestsWhenAllWould) {
  for (unsigned thread = 0; thread < 3; ++thread) event(thread, OpKind::kYield);
  event(0, OpKind::kYield);
  event(1, OpKind::kYield);
  event(2, OpKind::kYield);
  EXPECT_FALSE(awake().empty());
}

TEST_F(FairnessTest, ThoseThatRestInStepGoOnOneByOne) {
  std::string last;
  for (int round = 0; round < 6; ++round) {
    for (unsigned thread = 0; thread < 3; ++thread) event(thread, OpKind::kYield);
    for (unsigned thread = 0; thread < 3; ++thread) event(thread, OpKind::kYield);
    last = awake();
  }
  EXPECT_EQ(last.size(), 1u) << last;
}

TEST_F(FairnessTest, OrdinaryRunsAreNotTouched) {
  for (int round = 0; round < 50; ++round) {
    for (unsigned thread = 0; thread < 3; ++thread) {
      event(thread, OpKind::kLock, &kLock);
      event(thread, OpKind::kAtomicRmw, &kFlag, static_cast<std::uint64_t>(round));
      event(thread, OpKind::kUnlock, &kLock);
    }
  }
  EXPECT_EQ(fairness_.rested(), 0u);
}

}  // namespace
}  // namespace chicane::strategies
