// SPDX-License-Identifier: Apache-2.0
//
// Boost.Lockfree 1.74 (libboost-dev), headers only.
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <boost/lockfree/stack.hpp>

#include "chicane/gtest.h"
#include "real/threads.h"

namespace {

using boost::lockfree::capacity;

TEST(BoostSpscQueue, HandsOver) {
  boost::lockfree::spsc_queue<int, capacity<2>> queue;
  int first = 0, second = 0;
  together(
      [&] {
        while (!queue.push(1)) std::this_thread::yield();
        while (!queue.push(2)) std::this_thread::yield();
      },
      [&] {
        while (!queue.pop(first)) std::this_thread::yield();
        while (!queue.pop(second)) std::this_thread::yield();
      });
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
}

// Not clean, and rightly so: queue and stack keep unused nodes in a list, read a node's plain
// `next` that another thread may be overwriting, and throw the value away when a compare-exchange
// shows that it was too late (detail/freelist.hpp, allocate_impl). By C++ that is a data race. No
// element is lost.
void queue_of_two_producers() {
  boost::lockfree::queue<int, capacity<4>> queue;
  const auto push = [&queue](int value) { ASSERT_TRUE(queue.push(value)); };
  together([&] { push(1); }, [&] { push(2); });
  int one = 0, two = 0;
  ASSERT_TRUE(queue.pop(one) && queue.pop(two));
  EXPECT_EQ(one + two, 3);
}

void stack_of_two_threads() {
  boost::lockfree::stack<int, capacity<4>> stack;
  int one = 0, two = 0;
  const auto push_and_pop = [&stack](int value, int* popped) {
    ASSERT_TRUE(stack.push(value));
    ASSERT_TRUE(stack.pop(*popped));
  };
  together([&] { push_and_pop(1, &one); }, [&] { push_and_pop(2, &two); });
  EXPECT_EQ(one + two, 3);
}

// Whether data races are all that is found.
void expect_races_only(void (*program)()) {
  EXPECT_CHICANE_DIAGNOSES(program, "data-race");
  for (const auto& diagnosis : chicane::explore(program).diagnoses) {
    EXPECT_EQ(diagnosis.kind, "data-race") << chicane::to_text(diagnosis);
  }
}

TEST(BoostQueue, ItsFreelistRaces) { expect_races_only(queue_of_two_producers); }
TEST(BoostStack, ItsFreelistRaces) { expect_races_only(stack_of_two_threads); }

// "Single producer" is the caller's promise.
void two_producers_on_spsc() {
  boost::lockfree::spsc_queue<int, capacity<4>> queue;
  together([&] { queue.push(1); }, [&] { queue.push(2); });
}

TEST(BoostSpscQueue, TwoProducersAreDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(two_producers_on_spsc, "data-race");
}

void handing_over_without_order() {
  boost::lockfree::stack<int*, capacity<4>> stack;
  int payload = 0;
  together(
      [&] {
        stack.push(&payload);
        payload = 1;  // after the push: the other may have it already
      },
      [&] {
        int* taken = nullptr;
        if (stack.pop(taken)) ++*taken;
      });
}

TEST(BoostStack, AWriteAfterThePushIsDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(handing_over_without_order, "data-race");
}

}  // namespace
