// SPDX-License-Identifier: Apache-2.0
#include "monitors/concerned.h"

#include <gtest/gtest.h>

#include <random>

#include "monitors/atomicity.h"

namespace chicane::monitors {
namespace {

using What = TraceEntry::What;

constexpr std::uint64_t kData = 0x2000, kPlaces = 2;

/// Three threads, two locks, and accesses of two sizes to places in memory that overlap; some are
/// of pointers to blocks that hold something. Or only such, ordered by what is released.
RunTrace random_trace(std::mt19937& random, bool pointers) {
  const auto pick = [&](std::uint64_t below) { return random() % below; };
  RunTrace trace;
  for (int i = 0; i < 60; ++i) {
    const auto any = static_cast<What>(pick(What::kForget + 1));
    TraceEntry entry{.what = pick(2) == 0 ? any : static_cast<What>(pick(What::kAtomicRmw)),
                     .order = engine::MemoryOrder::kSeqCst,
                     .thread = static_cast<engine::ThreadId>(pick(3))};
    if (pointers) entry.what = pick(2) == 0 ? What::kRead : What::kWrite;
    entry.address = 0x100 + 0x10 * pick(2);  // of what is no access: a lock
    if (entry.is_access()) {
      entry.size = pointers || pick(4) == 0 ? 8 : 4;
      entry.address = kData + (pointers || pick(4) != 0 ? 0 : 4 * pick(5));
      entry.value = pick(4);
      if (pointers || pick(2) == 0) entry.contents = entry.block = 1 + entry.value;
      // One place reads or writes, not both.
      entry.place.pcs[0] = 100 * (entry.writes() ? 2 : 1) + 10 * pick(kPlaces);
    } else if (entry.what == What::kForget) {
      if (pick(3) != 0) continue;
      entry.address = kData + 8 * pick(2);
      entry.value = 8;
    }
    const bool between = entry.is_access() && pick(2) == 0;
    const auto add = [&trace](TraceEntry next) {
      next.step = trace.entries.size();
      trace.entries.push_back(next);
    };
    const auto bracket = [&](What what) {
      if (between) add({.what = what, .thread = entry.thread, .address = 0x100});
    };
    bracket(pointers ? What::kAcquire : What::kLock);
    add(entry);
    bracket(pointers ? What::kRelease : What::kUnlock);
  }
  return trace;
}

RunTrace concerned_of(const RunTrace& trace, const std::vector<std::uint64_t>& sites) {
  Concerned concerned;
  concerned.begin(sites);
  RunTrace rest;
  for (const TraceEntry& entry : trace.entries) {
    const bool locks = entry.what == What::kLock || entry.what == What::kReadLock;
    const bool unlocks = entry.what == What::kUnlock || entry.what == What::kReadUnlock;
    bool matters = concerned.order() || locks;
    if (entry.is_access()) {
      matters = concerned.access(entry.what, entry.address, entry.size, entry.place.pcs[0]);
      if (matters && entry.what == What::kRead && entry.contents != 0) concerned.saw_pointer();
    } else if (unlocks) {
      matters = !concerned.forget_lock(&rest, entry.thread, entry.address);
    } else if (entry.what == What::kForget) {
      matters = concerned.any();
    }
    if (matters || (entry.is_atomic() && concerned.order())) rest.entries.push_back(entry);
  }
  return rest;
}

/// By the steps of the three accesses.
using Steps = std::vector<std::array<std::uint64_t, 4>>;
Steps found_in(const RunTrace& trace, const std::vector<std::uint64_t>& sites) {
  AtomicityAnalysis analysis(true);
  Steps steps;
  for (const Interruption& found : analysis.find(trace, true, sites)) {
    steps.push_back({found.read->step, found.interrupts->step, found.write->step,
                     std::uint64_t{found.lost_update}});
  }
  return steps;
}

// I1.
TEST(Concerned, HasWhatAReplayFinds) {
  std::mt19937 random(1);
  std::size_t found[2] = {}, left_out = 0;
  for (int i = 0; i < 8000; ++i) {
    const RunTrace whole = random_trace(random, i % 2 != 0);
    const std::uint64_t read = 100 + 10 * (random() % kPlaces);
    const std::uint64_t write = 200 + 10 * (random() % kPlaces);
    const std::uint64_t mark = random() % 2 == 0 ? read + 1 : write + 1;
    const std::vector<std::uint64_t> sites = {write, mark, read};
    const RunTrace rest = concerned_of(whole, sites);
    const Steps expected = found_in(whole, sites);
    EXPECT_EQ(found_in(rest, sites), expected) << "trace " << i;
    found[i % 2] += expected.size();
    left_out += whole.entries.size() - rest.entries.size();
  }
  EXPECT_GT(found[0], 100U);
  EXPECT_GT(found[1], 100U);
  EXPECT_GT(left_out, 20'000U);
}

TEST(Concerned, IsWhatWasReadAtAListedPlace) {
  Concerned concerned;
  const std::uint64_t sites[] = {7};
  concerned.begin(sites);
  EXPECT_FALSE(concerned.access(What::kRead, kData, 4, 6));
  EXPECT_FALSE(concerned.access(What::kWrite, kData, 4, 7)) << "a write begins nothing";
  EXPECT_FALSE(concerned.any());
  EXPECT_TRUE(concerned.access(What::kRead, kData, 4, 7));
  EXPECT_TRUE(concerned.any());
  EXPECT_TRUE(concerned.access(What::kWrite, kData - 64, 100, 6)) << "a large one covers it";
  EXPECT_FALSE(concerned.access(What::kWrite, kData + 8, 1 << 20, 6));
  EXPECT_FALSE(concerned.access(What::kWrite, kData, 0, 7)) << "touches nothing";
  concerned.begin(sites);
  EXPECT_FALSE(concerned.any()) << "a run begins";
}

}  // namespace
}  // namespace chicane::monitors
