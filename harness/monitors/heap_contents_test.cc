// SPDX-License-Identifier: Apache-2.0
#include "monitors/heap_contents.h"

#include <gtest/gtest.h>

#include <vector>

#include "monitors/trace_order.h"

namespace chicane::monitors {
namespace {

std::uint64_t number(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

class HeapContentsTest : public ::testing::Test {
 protected:
  /// A block of words, all but the last of them written.
  std::uint64_t* block(const std::vector<std::uint64_t>& words) {
    kept_.push_back(words);
    kept_.back().push_back(kept_.size());  // whatever was there before
    std::uint64_t* start = kept_.back().data();
    heap_.allocated(start, 8 * words.size() + 8);
    heap_.written(start, 8 * words.size());
    return start;
  }
  std::uint64_t contents(const void* pointer) const { return heap_.of(number(pointer)).contents; }

  HeapContents heap_;
  std::vector<std::vector<std::uint64_t>> kept_;
};

TEST_F(HeapContentsTest, AreThoseThatWereWritten) {
  EXPECT_EQ(contents(block({1, 2})), contents(block({1, 2})));
  EXPECT_NE(contents(block({1, 2})), contents(block({1, 3})));
  EXPECT_EQ(contents(block({1, 2})) >> 63, 1u) << "I2";
}

TEST_F(HeapContentsTest, FollowPointersAndTheirEnds) {
  const auto box = [&](std::vector<std::uint64_t> data) {
    const std::uint64_t* start = block(data);
    return block({number(start), number(start + data.size())});
  };
  EXPECT_EQ(contents(box({4, 5})), contents(box({4, 5})));
  EXPECT_NE(contents(box({4, 5})), contents(box({4, 6})));
  EXPECT_NE(contents(box({4, 5})), contents(box({4})));
}

TEST_F(HeapContentsTest, LeaveCountsOut) {
  const std::uint64_t *one = block({1, 7}), *two = block({2, 7});
  EXPECT_NE(contents(one), contents(two));
  heap_.accessed_atomically(number(one));
  heap_.accessed_atomically(number(two));
  EXPECT_EQ(contents(one), contents(two));
}

// I1.
TEST_F(HeapContentsTest, EndWithTheBlock) {
  const std::uint64_t* one = block({1});
  EXPECT_NE(contents(one), 0u);
  heap_.freed(one);
  EXPECT_EQ(contents(one), 0u);
  const std::uint64_t* two = block({1});
  heap_.clear();
  EXPECT_EQ(contents(two), 0u);
}

TEST_F(HeapContentsTest, AreOfOneBlockWhereverItIsPointedInto) {
  std::uint64_t* one = block({1, 2});
  EXPECT_EQ(heap_.of(number(one)).block, heap_.of(number(one + 1)).block);
  EXPECT_EQ(contents(one), heap_.of(number(one) | 1).contents) << "a mark in the pointer";
}

using What = TraceEntry::What;
using engine::MemoryOrder;

bool ordered(const std::vector<TraceEntry>& entries) {
  return happens_before({entries, false}, 0, entries.size() - 1);
}
TraceEntry at(What what, unsigned thread, MemoryOrder order = MemoryOrder::kRelaxed) {
  return {.what = what, .order = order, .thread = thread, .size = 4, .address = 0x100};
}

TEST(TraceOrder, IsThatOfThreadsAndWhatTheyRelease) {
  EXPECT_TRUE(ordered({at(What::kWrite, 1), at(What::kRead, 1)}));
  EXPECT_FALSE(ordered({at(What::kWrite, 1), at(What::kRead, 2)}));
  EXPECT_TRUE(ordered(
      {at(What::kWrite, 1), at(What::kRelease, 1), at(What::kAcquire, 2), at(What::kRead, 2)}));
  EXPECT_FALSE(ordered({at(What::kWrite, 1), at(What::kRelease, 1), at(What::kReleaseStore, 3),
                        at(What::kAcquire, 2), at(What::kRead, 2)}));
}

TEST(TraceOrder, OfAtomicsIsThatOfTheirOrders) {
  const auto passes = [](MemoryOrder store, What between, MemoryOrder load) {
    return ordered({at(What::kWrite, 1), at(What::kAtomicStore, 1, store), at(between, 3),
                    at(What::kAtomicLoad, 2, load), at(What::kRead, 2)});
  };
  const auto release = MemoryOrder::kRelease, acquire = MemoryOrder::kAcquire;
  EXPECT_TRUE(passes(release, What::kAtomicLoad, acquire));
  EXPECT_FALSE(passes(MemoryOrder::kRelaxed, What::kAtomicLoad, acquire));
  EXPECT_FALSE(passes(release, What::kAtomicLoad, MemoryOrder::kRelaxed));
  EXPECT_TRUE(passes(release, What::kAtomicRmw, acquire)) << "a release sequence";
  EXPECT_FALSE(passes(release, What::kAtomicStore, acquire)) << "ends it";
}

TEST(TraceOrder, OfFencesNeedsBoth) {
  const auto fence = [](unsigned thread, MemoryOrder order) {
    return at(What::kFence, thread, order);
  };
  const TraceEntry first = at(What::kWrite, 1), last = at(What::kRead, 2);
  const TraceEntry store = at(What::kAtomicStore, 1), load = at(What::kAtomicLoad, 2);
  const TraceEntry release = fence(1, MemoryOrder::kRelease),
                   acquire = fence(2, MemoryOrder::kAcquire);
  EXPECT_TRUE(ordered({first, release, store, load, acquire, last}));
  EXPECT_FALSE(ordered({first, store, load, acquire, last}));
  EXPECT_FALSE(ordered({first, release, store, load, last}));
}

}  // namespace
}  // namespace chicane::monitors
