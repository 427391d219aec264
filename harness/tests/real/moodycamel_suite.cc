// SPDX-License-Identifier: Apache-2.0
//
// moodycamel's queues: concurrentqueue 1.0.3 (libconcurrentqueue-dev) and readerwriterqueue 1.0.6
// (libreaderwriterqueue-dev), headers only.
#include <concurrentqueue/concurrentqueue.h>
#include <readerwriterqueue/readerwriterqueue.h>

#include "chicane/gtest.h"
#include "real/threads.h"

namespace {

TEST(ConcurrentQueue, KeepsEveryElement) {
  moodycamel::ConcurrentQueue<int> queue(8);
  int sum = 0;
  together([&] { queue.enqueue(1); }, [&] { queue.enqueue(2); },
           [&] {
             for (int value = 0, taken = 0; taken < 2;) {
               if (queue.try_dequeue(value)) {
                 sum += value;
                 ++taken;
               } else {
                 std::this_thread::yield();
               }
             }
           });
  EXPECT_EQ(sum, 3);
}

TEST(ConcurrentQueue, OneProducersElementsStayInOrder) {
  moodycamel::ConcurrentQueue<int> queue(8);
  std::vector<int> taken;
  together(
      [&] {
        const moodycamel::ProducerToken token(queue);
        for (int i = 1; i <= 3; ++i) queue.enqueue(token, i);
      },
      [&] {
        for (int value = 0; taken.size() < 3;) {
          if (queue.try_dequeue(value)) {
            taken.push_back(value);
          } else {
            std::this_thread::yield();
          }
        }
      });
  EXPECT_EQ(taken, (std::vector<int>{1, 2, 3}));
}

TEST(ReaderWriterQueue, HandsOver) {
  moodycamel::ReaderWriterQueue<int> queue(2);
  std::vector<int> taken;
  together(
      [&] {
        for (int i = 1; i <= 3; ++i) queue.enqueue(i);
      },
      [&] {
        for (int value = 0; taken.size() < 3;) {
          if (queue.try_dequeue(value)) {
            taken.push_back(value);
          } else {
            std::this_thread::yield();
          }
        }
      });
  EXPECT_EQ(taken, (std::vector<int>{1, 2, 3}));
}

// A token is one thread's at a time.
void shared_token() {
  moodycamel::ConcurrentQueue<int> queue(8);
  const moodycamel::ProducerToken token(queue);
  together([&] { queue.enqueue(token, 1); }, [&] { queue.enqueue(token, 2); });
}

TEST(ConcurrentQueue, ASharedTokenIsDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(shared_token, "data-race");
}

// One reader, one writer: not two.
void two_writers() {
  moodycamel::ReaderWriterQueue<int> queue(4);
  together([&] { queue.enqueue(1); }, [&] { queue.enqueue(2); });
}

// The library's own assertion, where it is compiled in, sees the second writer before it writes.
#ifdef NDEBUG
constexpr const char* kTwoWriters = "data-race";
#else
constexpr const char* kTwoWriters = "assertion-failed";
#endif

TEST(ReaderWriterQueue, TwoWritersAreDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(two_writers, kTwoWriters);
}

}  // namespace
