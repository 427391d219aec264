// SPDX-License-Identifier: Apache-2.0
#include "monitors/atomicity.h"

#include <gtest/gtest.h>

namespace chicane::monitors {
namespace {

using What = TraceEntry::What;

constexpr std::uint64_t kLock = 0x1000, kData = 0x2000;

/// Writes traces; a place is a number.
class Script {
 public:
  Script& lock(unsigned thread, std::uint64_t lock = kLock) {
    return add({.what = What::kLock, .thread = thread, .address = lock});
  }
  Script& unlock(unsigned thread, std::uint64_t lock = kLock) {
    return add({.what = What::kUnlock, .thread = thread, .address = lock});
  }
  Script& access(What what, unsigned thread, std::uint64_t place, std::uint64_t value,
                 std::uint64_t address = kData, std::uint32_t size = 4) {
    TraceEntry entry{
        .what = what, .thread = thread, .size = size, .address = address, .value = value};
    entry.place.pcs[0] = place;
    return add(entry);
  }
  Script& in_section(What what, unsigned thread, std::uint64_t place, std::uint64_t value) {
    return lock(thread).access(what, thread, place, value).unlock(thread);
  }
  const RunTrace& trace() const { return trace_; }

 private:
  Script& add(const TraceEntry& entry) {
    trace_.entries.push_back(entry);
    return *this;
  }
  RunTrace trace_;
};

/// Two threads, each `x = x + 1` in two sections, one after the other; `first` begins.
Script serial(unsigned first, unsigned second, std::uint64_t by = 1) {
  Script script;
  script.in_section(What::kRead, first, 10 + first, 0)
      .in_section(What::kWrite, first, 20 + first, by)
      .in_section(What::kRead, second, 10 + second, by)
      .in_section(What::kWrite, second, 20 + second, 2 * by);
  return script;
}

Script interrupted() {
  Script script;
  script.in_section(What::kRead, 1, 11, 0)
      .in_section(What::kRead, 2, 12, 0)
      .in_section(What::kWrite, 2, 22, 1)
      .in_section(What::kWrite, 1, 21, 1);
  return script;
}

TEST(Dependence, NeedsTwoPointsWithOneDifference) {
  Dependence counter;
  counter.add(0, 1, 4);
  EXPECT_FALSE(counter.proven());
  counter.add(0, 1, 4);
  EXPECT_FALSE(counter.proven()) << "the same point twice says nothing";
  counter.add(0xffff'ffff, 0, 4);
  EXPECT_TRUE(counter.proven()) << "modulo the size";
}

TEST(Dependence, IsRefutedByABlindStore) {
  Dependence setter;
  setter.add(0, 7, 4);
  setter.add(3, 7, 4);
  setter.add(4, 8, 4);
  EXPECT_FALSE(setter.proven());
}

TEST(Dependence, IsRefutedByTwoResultsOfOneValue) {
  Dependence clock;
  clock.add(10, 20, 8);
  clock.add(10, 21, 8);
  clock.add(11, 21, 8);
  EXPECT_FALSE(clock.proven());
}

TEST(Dependence, SeesBitsAndFunctions) {
  Dependence flags;
  flags.add(1, 5, 4);
  flags.add(2, 6, 4);
  EXPECT_TRUE(flags.proven());
  Dependence twice;
  twice.add(1, 2, 4);
  twice.add(3, 6, 4);
  EXPECT_FALSE(twice.proven());
  twice.add(1, 2, 4);
  twice.add(3, 6, 4);
  EXPECT_TRUE(twice.proven());
}

// I1, I2.
TEST(Atomicity, ReportsWhatWasProvenAndListed) {
  AtomicityAnalysis analysis(false);
  EXPECT_TRUE(analysis.find(serial(1, 2).trace(), true, {}).empty());
  EXPECT_TRUE(analysis.find(serial(2, 1).trace(), true, {}).empty());
  EXPECT_TRUE(analysis.take_new_sites().empty()) << "nothing was interrupted";
  EXPECT_TRUE(analysis.find(interrupted().trace(), true, {}).empty());
  const auto sites = analysis.take_new_sites();
  ASSERT_FALSE(sites.empty());
  EXPECT_TRUE(analysis.take_new_sites().empty());
  const Script script = interrupted();
  const auto found = analysis.find(script.trace(), true, sites);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].lost_update);
  EXPECT_EQ(found[0].read->place.pcs[0], 11u);
  EXPECT_EQ(found[0].interrupts->place.pcs[0], 22u);
  EXPECT_EQ(found[0].write->place.pcs[0], 21u);
  AtomicityAnalysis replay(true);
  EXPECT_EQ(replay.find(script.trace(), true, sites).size(), 1u);
  EXPECT_TRUE(replay.find(script.trace(), true, {}).empty());
}

std::size_t after_proof(const Script& last) {
  AtomicityAnalysis analysis(false);
  std::vector<std::uint64_t> sites;
  for (const Script& script : {serial(1, 2), serial(2, 1), interrupted()}) {
    analysis.find(script.trace(), true, sites);
  }
  sites = analysis.take_new_sites();
  return analysis.find(last.trace(), true, sites).size();
}

TEST(Atomicity, ASecondLookIsARevalidation) {
  Script script;
  script.in_section(What::kRead, 1, 11, 0)
      .in_section(What::kWrite, 2, 22, 1)
      .lock(1)
      .access(What::kRead, 1, 99, 1)
      .access(What::kWrite, 1, 21, 1)
      .unlock(1);
  EXPECT_EQ(after_proof(script), 0u);
  EXPECT_EQ(after_proof(interrupted()), 1u);
}

TEST(Atomicity, ALookAtTheWholeObjectIsARevalidation) {
  Script script;
  script.in_section(What::kRead, 1, 11, 0)
      .in_section(What::kWrite, 2, 22, 1)
      .lock(1)
      .access(What::kRead, 1, 99, 0, kData - 8, 24)
      .access(What::kWrite, 1, 21, 1)
      .unlock(1);
  EXPECT_EQ(after_proof(script), 0u);
}

/// Two threads, each `x = copy of x, changed`, swapped in: a second look that nobody uses.
Script swapped(bool interrupted, unsigned first) {
  const unsigned second = 3 - first;
  const auto swap = [](Script& script, unsigned thread, std::uint64_t finds, std::uint64_t puts) {
    script.lock(thread)
        .access(What::kRead, thread, 90, finds)
        .access(What::kWrite, thread, 20 + thread, puts)
        .unlock(thread);
  };
  Script script;
  const auto with = [](unsigned thread, std::uint64_t value) { return value | thread; };
  script.in_section(What::kRead, first, 10 + first, 0);
  if (interrupted) script.in_section(What::kRead, second, 10 + second, 0);
  swap(script, first, 0, with(first, 0));
  if (!interrupted) script.in_section(What::kRead, second, 10 + second, first);
  swap(script, second, first, with(second, interrupted ? 0 : first));
  return script;
}

TEST(Atomicity, ASecondLookThatIsDisregardedIsNoRevalidation) {
  AtomicityAnalysis analysis(false);
  for (const unsigned first : {1u, 2u}) {
    analysis.find(swapped(false, first).trace(), true, {});
    EXPECT_TRUE(analysis.take_new_sites().empty()) << "nobody was interrupted";
  }
  for (const unsigned first : {1u, 2u}) analysis.find(swapped(true, first).trace(), true, {});
  const auto sites = analysis.take_new_sites();
  const Script script = swapped(true, 2);
  const auto found = analysis.find(script.trace(), true, sites);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].lost_update);
  EXPECT_EQ(found[0].read->place.pcs[0], 11u);
}

TEST(Atomicity, AValueThatIsBackHarmsNobody) {
  Script script;
  script.in_section(What::kRead, 1, 11, 0)
      .in_section(What::kWrite, 2, 22, 1)
      .in_section(What::kWrite, 2, 23, 0)
      .in_section(What::kWrite, 1, 21, 1);
  EXPECT_EQ(after_proof(script), 0u);
}

TEST(Atomicity, AnotherLockIsADataRaceAndNotThis) {
  Script script;
  script.in_section(What::kRead, 1, 11, 0)
      .lock(2, kLock + 8)
      .access(What::kWrite, 2, 22, 1)
      .unlock(2, kLock + 8)
      .in_section(What::kWrite, 1, 21, 1);
  EXPECT_EQ(after_proof(script), 0u);
}

TEST(Atomicity, NewMemoryHasNoPast) {
  Script script;
  script.in_section(What::kRead, 1, 11, 0).in_section(What::kWrite, 2, 22, 1);
  RunTrace trace = script.trace();
  trace.entries.push_back({.what = What::kForget, .thread = 2, .address = kData - 16, .value = 64});
  Script rest;
  rest.in_section(What::kWrite, 1, 21, 1);
  for (const TraceEntry& entry : rest.trace().entries) trace.entries.push_back(entry);
  AtomicityAnalysis analysis(true);
  EXPECT_TRUE(analysis.find(trace, true, std::vector<std::uint64_t>{11, 21, 22}).empty());
}

TEST(Atomicity, AChecksOutcomeIsLearnedFromRunsInWhichItSaidNo) {
  const auto claim = [](unsigned winner) {
    Script script;
    script.in_section(What::kRead, winner, 10, 0)
        .in_section(What::kWrite, winner, 20, winner)
        .in_section(What::kRead, 3 - winner, 10, winner);  // taken: leaves it alone
    return script;
  };
  Script both;
  both.in_section(What::kRead, 1, 10, 0)
      .in_section(What::kRead, 2, 10, 0)
      .in_section(What::kWrite, 2, 20, 2)
      .in_section(What::kWrite, 1, 20, 1);
  AtomicityAnalysis analysis(false);
  EXPECT_TRUE(analysis.find(both.trace(), true, {}).empty());
  analysis.find(claim(1).trace(), true, {});
  analysis.find(claim(2).trace(), true, {});
  EXPECT_TRUE(analysis.take_new_sites().empty());
  analysis.find(both.trace(), true, {});
  const auto sites = analysis.take_new_sites();
  const auto found = analysis.find(both.trace(), true, sites);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_FALSE(found[0].lost_update);
}

}  // namespace
}  // namespace chicane::monitors
