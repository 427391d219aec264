// SPDX-License-Identifier: Apache-2.0
//
// oneTBB 2021.8's containers (libtbb-dev): headers, and libtbb.so for their memory, which is not
// instrumented.
#include <tbb/concurrent_hash_map.h>
#include <tbb/concurrent_queue.h>
#include <tbb/concurrent_vector.h>

#include "chicane/gtest.h"
#include "real/threads.h"

namespace {

TEST(TbbQueue, KeepsEveryElement) {
  tbb::concurrent_queue<int> queue;
  int sum = 0;
  together([&] { queue.push(1); }, [&] { queue.push(2); },
           [&] {
             for (int value = 0, taken = 0; taken < 2;) {
               if (queue.try_pop(value)) {
                 sum += value;
                 ++taken;
               } else {
                 std::this_thread::yield();
               }
             }
           });
  EXPECT_EQ(sum, 3);
}

TEST(TbbHashMap, AnAccessorLocksItsElement) {
  using Map = tbb::concurrent_hash_map<int, int>;
  Map map;
  const auto count = [&map] {
    Map::accessor accessor;
    map.insert(accessor, 7);
    ++accessor->second;
  };
  together(count, count);
  Map::const_accessor accessor;
  ASSERT_TRUE(map.find(accessor, 7));
  EXPECT_EQ(accessor->second, 2);
}

TEST(TbbVector, GrowsFromTwoThreads) {
  tbb::concurrent_vector<int> vector;
  together([&] { vector.push_back(1); }, [&] { vector.push_back(2); });
  EXPECT_EQ(vector.size(), 2U);
  EXPECT_EQ(vector[0] + vector[1], 3);
}

// push_back is safe; the element is not.
void unlocked_element() {
  tbb::concurrent_vector<int> vector(1, 0);
  together([&] { ++vector[0]; }, [&] { ++vector[0]; });
}

TEST(TbbVector, AnUnlockedElementIsDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(unlocked_element, "data-race");
}

// A reference outlives the accessor's lock.
void released_accessor() {
  using Map = tbb::concurrent_hash_map<int, int>;
  Map map;
  const auto count = [&map] {
    Map::accessor accessor;
    map.insert(accessor, 7);
    int& value = accessor->second;
    accessor.release();
    ++value;
  };
  together(count, count);
}

TEST(TbbHashMap, AReferenceBeyondTheAccessorIsDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(released_accessor, "data-race");
}

// Each call is safe; the two together are not.
void take_after_look() {
  tbb::concurrent_queue<int> queue;
  queue.push(1);
  const auto take = [&queue] {
    int value = 0;
    if (!queue.empty()) ASSERT_TRUE(queue.try_pop(value)) << "it was not empty a moment ago";
  };
  together(take, take);
}

TEST(TbbQueue, CheckThenActIsDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(take_after_look, "assertion-failed");
}

}  // namespace
