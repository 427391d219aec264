// SPDX-License-Identifier: Apache-2.0
//
// What is predicted of runs that are written out: "w1x l1a u1a" is a write of x by thread 1, which
// then locks and unlocks a.
//
//     w r     writes, reads                     l u   locks, unlocks
//     s o     stores, loads an atomic           L U   locks, unlocks for reading
//     g t     gives, gets (an edge, no lock's)  f     the memory is another object's from now on
//
// The place of an access is named by thread and variable: "1x". So is a race: "1x-2x".
#include "monitors/race_prediction.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

namespace chicane::monitors {
namespace {

TraceEntry::What what_of(char letter) {
  switch (letter) {
    case 'w':
      return TraceEntry::kWrite;
    case 'r':
      return TraceEntry::kRead;
    case 's':
      return TraceEntry::kAtomicStore;
    case 'o':
      return TraceEntry::kAtomicLoad;
    case 'l':
      return TraceEntry::kLock;
    case 'u':
      return TraceEntry::kUnlock;
    case 'L':
      return TraceEntry::kReadLock;
    case 'U':
      return TraceEntry::kReadUnlock;
    case 'g':
      return TraceEntry::kRelease;
    case 't':
      return TraceEntry::kAcquire;
    default:
      return TraceEntry::kForget;
  }
}

RunTrace run_of(const std::string& text) {
  RunTrace trace;
  std::uint64_t step = 0;
  const auto add = [&](TraceEntry::What what, const std::string& word) {
    TraceEntry& entry = trace.entries.emplace_back();
    entry.what = what;
    entry.thread = static_cast<engine::ThreadId>(word[1] - '0');
    entry.address = static_cast<std::uint64_t>(word[2]) << 8;
    entry.size = entry.is_access() ? 4 : 0;
    entry.value = what == TraceEntry::kForget ? 16 : 0;
    entry.step = step;
    entry.place.pcs[0] = static_cast<std::uint64_t>(word[1]) << 8 | static_cast<unsigned>(word[2]);
  };
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    ++step;
    const TraceEntry::What what = what_of(word[0]);
    // A lock's edges are told in the same step.
    if (word[0] == 'l' || word[0] == 'L') add(TraceEntry::kAcquire, word);
    add(what, word);
    if (word[0] == 'u' || word[0] == 'U') add(TraceEntry::kRelease, word);
  }
  return trace;
}

std::string name_of(std::uint64_t place) {
  return {static_cast<char>(place >> 8), static_cast<char>(place)};
}

std::string predicted(const std::string& text) {
  std::set<std::string> all;
  for (const engine::PredictedRace& race : predict_races(run_of(text))) {
    all.insert(name_of(race.first.site) + "-" + name_of(race.second.site) +
               (race.sure ? " sure" : ""));
  }
  std::string together;
  for (const std::string& one : all) together += (together.empty() ? "" : ", ") + one;
  return together;
}

TEST(PredictedRaces, TheOtherOrderOfALock) {
  EXPECT_EQ(predicted("w1x l1a u1a l2a u2a w2x"), "1x-2x sure");
  EXPECT_EQ(predicted("r1x l1a u1a l2a u2a w2x"), "1x-2x sure");
}

TEST(PredictedRaces, WhichOneOfThoseAtAPlace) {
  const auto races = predict_races(run_of("l1b w1x u1b w1x l1a u1a l2a u2a l2b w2x u2b"));
  ASSERT_EQ(races.size(), 1u);
  EXPECT_EQ(races[0].first.thread, 1u);
  EXPECT_EQ(races[0].first.count, 2u);
  EXPECT_EQ(races[0].second.thread, 2u);
  EXPECT_EQ(races[0].second.count, 1u);
}

TEST(PredictedRaces, NotUnderOneLock) {
  EXPECT_EQ(predicted("l1a w1x u1a l2a w2x u2a"), "");
  EXPECT_EQ(predicted("l1a l1b w1x u1b u1a l2b w2x u2b"), "");
}

TEST(PredictedRaces, UnderTwoLocks) {
  EXPECT_EQ(predicted("l1a w1x u1a l1c u1c l2c u2c l2b w2x u2b"), "1x-2x sure");
}

TEST(PredictedRaces, NotSureWhereALockIsTakenInAnotherOrder) {
  EXPECT_EQ(predicted("l1a w1x u1a l2a u2a w2x"), "1x-2x");
  EXPECT_EQ(predicted("l1a w1x u1a l3a u3a l2a u2a w2x"), "1x-2x");
}

TEST(PredictedRaces, ReadersOfOneLock) {
  EXPECT_EQ(predicted("L1a w1x U1a L2a w2x U2a"), "1x-2x sure");
  EXPECT_EQ(predicted("L1a w1x U1a l2a w2x u2a"), "");
  EXPECT_EQ(predicted("l1a w1x u1a L2a w2x U2a"), "");
}

TEST(PredictedRaces, NotWhatIsOrderedOtherwise) {
  EXPECT_EQ(predicted("w1x l1a u1a g1j t2j l2a u2a w2x"), "");
  EXPECT_EQ(predicted("w1x s1f o2f w2x"), "");
  EXPECT_EQ(predicted("w1x l1a s1f u1a l2a o2f u2a w2x"), "");
}

TEST(PredictedRaces, NotReadsNorAtomics) {
  EXPECT_EQ(predicted("r1x l1a u1a l2a u2a r2x"), "");
  EXPECT_EQ(predicted("s1x l1a u1a l2a u2a o2x"), "");
}

TEST(PredictedRaces, AtomicAndPlain) {
  EXPECT_EQ(predicted("w1x l1a u1a l2a u2a s2x"), "1x-2x sure");
}

TEST(PredictedRaces, NotSureWhereAValueMayDecide) {
  EXPECT_EQ(predicted("w1x l1a w1y u1a l2a r2y u2a w2x"), "1x-2x");
}

TEST(PredictedRaces, NotWhenALockWouldHaveToBeGivenUpBefore) {
  // 2 needs what 1 gave under a, and takes a itself: 1 must have released it, behind its access.
  EXPECT_EQ(predicted("l1a g1j w1x u1a t2j l2a u2a w2x"), "");
  // The twin without that lock.
  EXPECT_EQ(predicted("l1a g1j w1x u1a t2j l2b u2b w2x"), "1x-2x sure");
}

TEST(PredictedRaces, NotWhenAThirdThreadWouldNeedIt) {
  EXPECT_EQ(predicted("l1a g1j w1x u1a t3j l3a g3k u3a t2k w2x"), "");
  EXPECT_EQ(predicted("l1a g1j w1x u1a t3j l3b g3k u3b t2k w2x"), "1x-2x sure");
}

TEST(PredictedRaces, NotTheSameMemoryInAnotherLife) {
  EXPECT_EQ(predicted("w1x l1a u1a f2x l2a u2a w2x"), "");
}

TEST(PredictedRaces, NotOfOneThread) { EXPECT_EQ(predicted("w1x l1a u1a l1a u1a w1x"), ""); }

TEST(PredictedRaces, AnEmptyRun) { EXPECT_EQ(predicted(""), ""); }

}  // namespace
}  // namespace chicane::monitors
