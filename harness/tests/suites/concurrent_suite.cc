// SPDX-License-Identifier: Apache-2.0
//
// A suite as people write them, without a word about Chicane: googletest_test.cc runs it with
// chicane::gtest_main, and with plain gtest_main, and compares.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stdexcept>
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

class Counter {
 public:
  void add_locked() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++value_;
  }
  void add_in_two_steps() {
    int value = 0;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      value = value_;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    value_ = value + 1;
  }
  int value() const { return value_; }

 private:
  std::mutex mutex_;
  int value_ = 0;
};

TEST(Plain, Passes) { EXPECT_EQ(1 + 1, 2); }
TEST(Plain, PrintsOnce) { std::printf("printed by Plain.PrintsOnce\n"); }
TEST(Plain, Fails) {
  SCOPED_TRACE("on the way");
  EXPECT_EQ(1 + 1, 3) << "arithmetic";
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(false) << i;
}
TEST(Plain, Skips) { GTEST_SKIP() << "not today"; }
TEST(Plain, Throws) { throw std::runtime_error("thrown"); }
TEST(Plain, Records) { RecordProperty("colour", "green"); }
TEST(Plain, DISABLED_IsLeftOut) { FAIL(); }

TEST(PlainDeathTest, DiesByConvention) { EXPECT_DEATH(std::abort(), ""); }
TEST(Plain, DiesWithoutConvention) { EXPECT_EXIT(std::_Exit(3), testing::ExitedWithCode(3), ""); }

class Fixture : public testing::Test {
 protected:
  static void SetUpTestSuite() { shared = new std::string("shared"); }
  static void TearDownTestSuite() {
    delete shared;
    shared = nullptr;
  }
  void SetUp() override { counter = std::make_unique<Counter>(); }
  void TearDown() override { counter.reset(); }
  static std::string* shared;
  std::unique_ptr<Counter> counter;
};
std::string* Fixture::shared = nullptr;

TEST_F(Fixture, IsRebuiltForEachRun) {
  ASSERT_EQ(counter->value(), 0);
  ASSERT_EQ(*shared, "shared");
  together([this] { counter->add_locked(); }, [this] { counter->add_locked(); });
  EXPECT_EQ(counter->value(), 2);
}

TEST_F(Fixture, LosesAnUpdate) {
  together([this] { counter->add_in_two_steps(); }, [this] { counter->add_in_two_steps(); });
  EXPECT_EQ(counter->value(), 2) << "an update was lost";
}

TEST_F(Fixture, FailsInAThread) {
  std::atomic<bool> first{false};
  const auto body = [&first] {
    SCOPED_TRACE("in a thread");
    ASSERT_FALSE(first.exchange(true)) << "second";
  };
  together(body, body);
}

class Racy : public testing::TestWithParam<int> {};
TEST_P(Racy, Counter) {
  int counter = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < GetParam(); ++i) threads.emplace_back([&counter] { ++counter; });
  for (std::thread& thread : threads) thread.join();
}
INSTANTIATE_TEST_SUITE_P(Threads, Racy, testing::Values(1, 2));

template <class T>
class Typed : public testing::Test {};
using Types = testing::Types<int, long>;
TYPED_TEST_SUITE(Typed, Types);
TYPED_TEST(Typed, AtomicCounter) {
  std::atomic<TypeParam> counter{0};
  together([&counter] { ++counter; }, [&counter] { ++counter; });
  EXPECT_EQ(counter.load(), TypeParam{2});
}

TEST(Concurrent, Deadlocks) {
  std::mutex one, two;
  together(
      [&] {
        const std::lock_guard<std::mutex> first(one);
        const std::lock_guard<std::mutex> second(two);
      },
      [&] {
        const std::lock_guard<std::mutex> first(two);
        const std::lock_guard<std::mutex> second(one);
      });
}

TEST(Concurrent, ThrowsSometimes) {
  std::atomic<int> last{0};
  together([&last] { last = 1; }, [&last] { last = 2; });
  if (last == 1) throw std::runtime_error("one was last");
}

TEST(Concurrent, RecordsAndSkips) {
  together([] {}, [] {});
  RecordProperty("threads", 2);
  GTEST_SKIP() << "after all";
}

class Environment : public testing::Environment {
 public:
  void SetUp() override { std::printf("environment set up\n"); }
  void TearDown() override { std::printf("environment torn down\n"); }
};
[[maybe_unused]] const auto* const kEnvironment =
    testing::AddGlobalTestEnvironment(new Environment);

}  // namespace
