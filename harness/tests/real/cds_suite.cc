// SPDX-License-Identifier: Apache-2.0
//
// libcds 2.3.3 (libcds-dev): headers, and libcds.so, which is not instrumented and has the hazard
// pointers' thread data.
#include <cds/container/msqueue.h>
#include <cds/container/treiber_stack.h>
#include <cds/container/vyukov_mpmc_cycle_queue.h>
#include <cds/gc/hp.h>
#include <cds/init.h>

#include "chicane/gtest.h"
#include "real/threads.h"

namespace {

struct Attached {
  Attached() { cds::threading::Manager::attachThread(); }
  ~Attached() { cds::threading::Manager::detachThread(); }
};

class Cds : public testing::Test {
 protected:
  static void SetUpTestSuite() { cds::Initialize(); }
  static void TearDownTestSuite() { cds::Terminate(); }
};

// Without reclamation: nothing of libcds.so is called.
TEST_F(Cds, BoundedQueueKeepsEveryElement) {
  cds::container::VyukovMPMCCycleQueue<int> queue(4);
  int sum = 0;
  together([&] { ASSERT_TRUE(queue.enqueue(1)); }, [&] { ASSERT_TRUE(queue.enqueue(2)); },
           [&] {
             for (int value = 0, taken = 0; taken < 2;) {
               if (queue.dequeue(value)) {
                 sum += value;
                 ++taken;
               } else {
                 std::this_thread::yield();
               }
             }
           });
  EXPECT_EQ(sum, 3);
}

// Not clean, and that is a false alarm: the hazard pointers' records go from thread to thread by
// atomics of libcds.so, which nobody sees. A user would see data races in detachThread() and pop(),
// and would have to build libcds with the instrumentation. README.md says more.
void hazard_pointer_stack() {
  const cds::gc::HP collector;
  const Attached main;
  cds::container::TreiberStack<cds::gc::HP, int> stack;
  const auto push_and_pop = [&stack](int value) {
    const Attached here;
    int popped = 0;
    ASSERT_TRUE(stack.push(value));
    ASSERT_TRUE(stack.pop(popped));
  };
  together([&] { push_and_pop(1); }, [&] { push_and_pop(2); });
}

TEST_F(Cds, HazardPointersOfAnUninstrumentedLibraryAreNotSeen) {
  EXPECT_CHICANE_DIAGNOSES(hazard_pointer_stack, "data-race");
}

void elements_without_order() {
  cds::container::VyukovMPMCCycleQueue<int*> queue(4);
  int payload = 0;
  together(
      [&] {
        queue.enqueue(&payload);
        payload = 1;  // after the hand-over
      },
      [&] {
        int* taken = nullptr;
        if (queue.dequeue(taken)) ++*taken;
      });
}

TEST_F(Cds, AWriteAfterTheHandOverIsDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(elements_without_order, "data-race");
}

}  // namespace
