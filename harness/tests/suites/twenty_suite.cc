// SPDX-License-Identifier: Apache-2.0
//
// Twenty correct concurrent tests of the sizes that people write: what 10,000 schedules of each
// cost is measured on this suite (README.md), and all of them are to be clean.
#include <gtest/gtest.h>
#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <deque>
#include <future>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

template <class... Bodies>
void together(Bodies... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}

/// A queue of bounded length.
class Queue {
 public:
  void put(int value) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return values_.size() < kMost; });
    values_.push_back(value);
    filled_.notify_one();
  }
  int take() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !values_.empty(); });
    const int value = values_.front();
    values_.pop_front();
    room_.notify_one();
    return value;
  }

 private:
  static constexpr std::size_t kMost = 2;
  std::mutex mutex_;
  std::condition_variable room_, filled_;
  std::deque<int> values_;
};

TEST(Twenty, LockedCounter) {
  std::mutex mutex;
  int counter = 0;
  const auto count = [&] {
    for (int i = 0; i < 3; ++i) {
      const std::lock_guard lock(mutex);
      ++counter;
    }
  };
  together(count, count, count);
  EXPECT_EQ(counter, 9);
}

TEST(Twenty, AtomicCounter) {
  std::atomic<int> counter{0};
  const auto count = [&] {
    for (int i = 0; i < 3; ++i) ++counter;
  };
  together(count, count, count);
  EXPECT_EQ(counter, 9);
}

TEST(Twenty, CompareAndExchange) {
  std::atomic<int> highest{0};
  const auto raise = [&](int to) {
    int seen = highest;
    while (seen < to && !highest.compare_exchange_weak(seen, to)) {
    }
  };
  together([&] { raise(1); }, [&] { raise(3); }, [&] { raise(2); });
  EXPECT_EQ(highest, 3);
}

TEST(Twenty, BoundedQueue) {
  Queue queue;
  int sum = 0;
  together(
      [&] {
        for (int i = 1; i <= 3; ++i) queue.put(i);
      },
      [&] {
        for (int i = 0; i < 3; ++i) sum += queue.take();
      });
  EXPECT_EQ(sum, 6);
}

TEST(Twenty, TwoProducers) {
  Queue queue;
  int sum = 0;
  together([&] { queue.put(1); }, [&] { queue.put(2); },
           [&] { sum = queue.take() + queue.take(); });
  EXPECT_EQ(sum, 3);
}

TEST(Twenty, FlagWithConditionVariable) {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  int value = 0;
  together(
      [&] {
        value = 7;
        {
          const std::lock_guard lock(mutex);
          ready = true;
        }
        changed.notify_all();
      },
      [&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return ready; });
        EXPECT_EQ(value, 7);
      });
}

TEST(Twenty, PublishedByRelease) {
  std::atomic<bool> ready{false};
  int value = 0;
  together(
      [&] {
        value = 7;
        ready.store(true, std::memory_order_release);
      },
      [&] {
        if (ready.load(std::memory_order_acquire)) {
          EXPECT_EQ(value, 7);
        }
      });
}

TEST(Twenty, ReadersAndAWriter) {
  std::shared_mutex mutex;
  std::string text = "before";
  const auto read = [&] {
    const std::shared_lock lock(mutex);
    EXPECT_FALSE(text.empty());
  };
  together(read, read, [&] {
    const std::unique_lock lock(mutex);
    text = "after";
  });
}

TEST(Twenty, TwoLocksAtOnce) {
  std::mutex one, two;
  int from = 5, to = 0;
  const auto move = [&] {
    const std::scoped_lock lock(one, two);
    --from;
    ++to;
  };
  const auto back = [&] {
    const std::scoped_lock lock(two, one);
    ++from;
    --to;
  };
  together(move, back, move);
  EXPECT_EQ(from + to, 5);
}

TEST(Twenty, OnceOnly) {
  std::once_flag flag;
  int made = 0;
  const auto use = [&] { std::call_once(flag, [&] { ++made; }); };
  together(use, use, use);
  EXPECT_EQ(made, 1);
}

TEST(Twenty, StaticOfAFunction) {
  const auto use = [] {
    static const auto table = std::make_unique<std::vector<int>>(4, 1);
    return std::accumulate(table->begin(), table->end(), 0);
  };
  together([&] { EXPECT_EQ(use(), 4); }, [&] { EXPECT_EQ(use(), 4); });
}

TEST(Twenty, Futures) {
  std::promise<int> promise;
  std::future<int> future = promise.get_future();
  together([&] { promise.set_value(3); }, [&] { EXPECT_EQ(future.get(), 3); });
}

TEST(Twenty, AsyncSum) {
  const auto half = [](int from) { return from + (from + 1); };
  std::future<int> low = std::async(std::launch::async, half, 1);
  std::future<int> high = std::async(std::launch::async, half, 3);
  EXPECT_EQ(low.get() + high.get(), 10);
}

TEST(Twenty, Semaphores) {
  std::counting_semaphore<2> places(1);
  int inside = 0;
  const auto enter = [&] {
    places.acquire();
    ++inside;
    EXPECT_EQ(inside, 1);
    --inside;
    places.release();
  };
  together(enter, enter);
}

TEST(Twenty, Latches) {
  std::latch done(2);
  int first = 0, second = 0;
  std::thread one([&] {
    first = 1;
    done.count_down();
  });
  std::thread two([&] {
    second = 2;
    done.count_down();
  });
  done.wait();
  EXPECT_EQ(first + second, 3);
  one.join();
  two.join();
}

TEST(Twenty, Barriers) {
  int values[2] = {0, 0};
  std::barrier both(2);
  const auto step = [&](int me) {
    values[me] = 1;
    both.arrive_and_wait();
    EXPECT_EQ(values[0] + values[1], 2);
  };
  together([&] { step(0); }, [&] { step(1); });
}

TEST(Twenty, StopTokens) {
  std::atomic<int> rounds{0};
  {
    std::jthread worker([&](const std::stop_token& token) {
      while (!token.stop_requested()) {
        ++rounds;
        std::this_thread::yield();
      }
    });
  }
  EXPECT_GE(rounds, 0);
}

TEST(Twenty, SharedOwnership) {
  auto shared = std::make_shared<int>(5);
  const std::weak_ptr<int> weak = shared;
  together([shared] { EXPECT_EQ(*shared, 5); },
           [weak] {
             if (const auto locked = weak.lock()) {
               EXPECT_EQ(*locked, 5);
             }
           });
}

TEST(Twenty, LockedMap) {
  std::mutex mutex;
  std::map<int, std::string> names;
  const auto add = [&](int key) {
    const std::lock_guard lock(mutex);
    names[key] = std::to_string(key);
  };
  together([&] { add(1); }, [&] { add(2); },
           [&] {
             const std::lock_guard lock(mutex);
             names.erase(1);
           });
  EXPECT_GE(names.size(), 1u);
}

TEST(Twenty, PosixThreads) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static int counter;
  counter = 0;
  sem_t ready;
  sem_init(&ready, 0, 0);
  const auto work = [](void* semaphore) -> void* {
    pthread_mutex_lock(&mutex);
    ++counter;
    pthread_mutex_unlock(&mutex);
    sem_post(static_cast<sem_t*>(semaphore));
    return nullptr;
  };
  pthread_t threads[2];
  for (pthread_t& thread : threads) pthread_create(&thread, nullptr, work, &ready);
  for (int i = 0; i < 2; ++i) sem_wait(&ready);
  pthread_mutex_lock(&mutex);
  EXPECT_EQ(counter, 2);
  pthread_mutex_unlock(&mutex);
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
  sem_destroy(&ready);
}

}  // namespace
