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
/// of pointers to blocks that hold something.
RunTrace random_trace(std::mt19937& random) {
  const auto pick = [&](std::uint64_t below) { return random() % below; };
  RunTrace trace;
  for (int i = 0; i < 60; ++i) {
    const auto any = static_cast<What>(pick(What::kForget + 1));
    TraceEntry entry{.what = pick(2) == 0 ? any : static_cast<What>(pick(What::kAtomicRmw)),
                     .order = engine::MemoryOrder::kSeqCst,
                     .thread = static_cast<engine::ThreadId>(pick(3))};
    entry.address = 0x100 + 0x10 * pick(2);  // of what is no access: a lock
    if (entry.is_access()) {
      entry.size = pick(4) == 0 ? 8 : 4;
      entry.address = kData + 4 * (pick(4) == 0 ? pick(5) : 0);
      entry.value = pick(4);
      if (pick(2) == 0) entry.contents = entry.block = 1 + entry.value;
      // One place reads or writes, not both.
      entry.place.pcs[0] = 100 * (entry.writes() ? 2 : 1) + 10 * pick(kPlaces);
    } else if (entry.what == What::kForget) {
      if (pick(3) != 0) continue;
      entry.address = kData + 8 * pick(2);
      entry.value = 8;
    }
    const bool in_section = entry.is_access() && pick(2) == 0;
    const auto add = [&trace](TraceEntry next) {
      next.step = trace.entries.size();
      trace.entries.push_back(next);
    };
    if (in_section) add({.what = What::kLock, .thread = entry.thread, .address = 0x100});
    add(entry);
    if (in_section) add({.what = What::kUnlock, .thread = entry.thread, .address = 0x100});
  }
  return trace;
}

RunTrace concerned_of(const RunTrace& trace, const std::vector<std::uint64_t>& sites) {
  Concerned concerned;
  concerned.begin(sites);
  RunTrace rest;
  for (const TraceEntry& entry : trace.entries) {
    const bool locks = entry.what >= What::kLock && entry.what <= What::kReadUnlock;
    const bool matters = entry.is_access() ? concerned.access(entry.what, entry.address, entry.size,
                                                              entry.place.pcs[0])
                                           : locks || concerned.any();
    if (matters) rest.entries.push_back(entry);
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
  std::size_t found = 0, left_out = 0;
  for (int i = 0; i < 4000; ++i) {
    const RunTrace whole = random_trace(random);
    const std::uint64_t read = 100 + 10 * (random() % kPlaces);
    const std::uint64_t write = 200 + 10 * (random() % kPlaces);
    const std::uint64_t mark = random() % 2 == 0 ? read + 1 : write + 1;
    const std::vector<std::uint64_t> sites = {write, mark, read};
    const RunTrace rest = concerned_of(whole, sites);
    const Steps expected = found_in(whole, sites);
    EXPECT_EQ(found_in(rest, sites), expected) << "trace " << i;
    found += expected.size();
    left_out += whole.entries.size() - rest.entries.size();
  }
  EXPECT_GT(found, 100U);
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
