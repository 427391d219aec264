// SPDX-License-Identifier: Apache-2.0
//
// Same program, same options: the same result, to the letter. Every schedule of a diagnosis shows
// it again, as often as one likes; a schedule that does not fit is an error that says why.
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "engine/journal.h"
#include "expect.h"
#include "report/result_json.h"
#include "strategies/strategies.h"

namespace chicane::tests {
namespace {

// Races, a lost update, heap and stack objects, time, and a deadlock in some schedules.
void bag_of_bugs() {
  std::mutex a, b;
  auto counter = std::make_unique<int>(0);
  std::atomic<int> published{0};
  std::thread one([&] {
    const std::lock_guard first(a);
    const std::lock_guard second(b);
    ++*counter;
  });
  std::thread two([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const std::lock_guard first(b);
    const std::lock_guard second(a);
    published = published + 1;
  });
  ++*counter;
  published = published + 1;
  one.join();
  two.join();
  assert(published == 2);
}

void one_thread_only() { std::atomic<int>{0} = 1; }

std::string text_of(Result result) {
  result.runs_per_second = 0;  // the machine's business
  return report::to_text(result);
}

Options seeded(std::uint64_t seed) {
  Options with = options(300);
  with.seed = seed;
  return with;
}

TEST(Determinism, SameSeedSameResult) {
  for (const Strategy strategy : {Strategy::kPortfolio, Strategy::kRandom, Strategy::kPct}) {
    for (const std::uint64_t seed : {1, 77}) {
      Options with = seeded(seed);
      with.strategy = strategy;
      const Result first = explore(bag_of_bugs, with);
      EXPECT_GE(first.diagnoses.size(), 1u) << describe(first);
      EXPECT_EQ(text_of(first), text_of(explore(bag_of_bugs, with))) << to_string(strategy);
    }
  }
}

TEST(Determinism, SeedsDiffer) {
  Options one = seeded(1), two = seeded(2);
  one.strategy = two.strategy = Strategy::kRandom;
  one.shrink = two.shrink = false;
  EXPECT_NE(text_of(explore(bag_of_bugs, one)), text_of(explore(bag_of_bugs, two)));
}

TEST(Determinism, EverySeedFindsTheSameBugs) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Options with = seeded(seed);
    with.shrink = false;
    with.schedules = 1000;
    with.bad_runs = 80;
    std::string kinds;
    for (const Diagnosis& diagnosis : explore(bag_of_bugs, with).diagnoses) {
      if (kinds.find(diagnosis.kind) == std::string::npos) kinds += diagnosis.kind + " ";
    }
    EXPECT_NE(kinds.find("data-race"), std::string::npos) << seed;
    EXPECT_NE(kinds.find("deadlock"), std::string::npos) << seed;
    EXPECT_NE(kinds.find("assertion-failed"), std::string::npos) << seed;
  }
}

TEST(Determinism, ASchedulesReplayIsAlwaysTheSame) {
  const Result result = explore(bag_of_bugs, seeded(3));
  ASSERT_GE(result.diagnoses.size(), 2u);
  for (const Diagnosis& diagnosis : result.diagnoses) {
    const std::string first = text_of(replay(bag_of_bugs, {diagnosis.schedule}));
    Result parsed;
    std::string error;
    ASSERT_TRUE(report::from_json(first, &parsed, &error)) << error;
    EXPECT_EQ(parsed.error, "");
    ASSERT_EQ(parsed.diagnoses.size(), 1u) << diagnosis.kind;
    EXPECT_EQ(parsed.diagnoses[0].kind, diagnosis.kind);
    for (int again = 0; again < 20; ++again) {
      ASSERT_EQ(text_of(replay(bag_of_bugs, {diagnosis.schedule})), first) << again;
    }
  }
}

TEST(Determinism, ARunLooksTheSameToTheProgram) {
  // Clocks, thread handles and addresses: what a program could depend on.
  const Program program = [] {
    const auto begin = std::chrono::system_clock::now();
    auto block = std::make_unique<std::vector<int>>(100);
    std::atomic<int> first{0};
    std::thread other([&] { first = 1; });
    const auto handle = other.native_handle();
    const bool before = first == 0;
    other.join();
    const auto spent = std::chrono::system_clock::now() - begin;
    assert(!before || (handle ^ reinterpret_cast<std::uintptr_t>(block->data()) ^
                       static_cast<std::uint64_t>(begin.time_since_epoch().count()) ^
                       static_cast<std::uint64_t>(spent.count())) == 0);
  };
  const Result result = explore(program, options());
  ASSERT_EQ(result.diagnoses.size(), 1u) << describe(result);
  const auto text = text_of(replay(program, {result.diagnoses[0].schedule}));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(text_of(replay(program, {result.diagnoses[0].schedule})), text);
  }
}

// ---- schedules that do not fit ----

class BadSchedule : public ::testing::Test {
 protected:
  void SetUp() override {
    const Result result = explore(bag_of_bugs, seeded(1));
    ASSERT_FALSE(result.diagnoses.empty());
    text_ = result.diagnoses[0].schedule;
    ASSERT_EQ(error_of(text_), "");
  }
  static std::string error_of(const std::string& text, const Program& program = bag_of_bugs,
                              const Options& with = options()) {
    const Result result = replay(program, with, {text});
    EXPECT_TRUE(result.error.empty() || result.diagnoses.empty());
    return result.error;
  }
  std::string with_line(const std::string& key, const std::string& line) const {
    const std::size_t at = text_.find(key);
    EXPECT_NE(at, std::string::npos) << key << " in\n" << text_;
    std::string text = text_;
    return at == std::string::npos ? text : text.replace(at, text.find('\n', at) - at, line);
  }
  std::string text_;
};

TEST_F(BadSchedule, CutAnywhere) {
  for (std::size_t length = 0; length + 1 < text_.size(); length += 7) {
    EXPECT_NE(error_of(text_.substr(0, length)), "") << length;
  }
  EXPECT_NE(error_of(text_.substr(text_.size() / 2)), "");
  EXPECT_NE(error_of("nonsense"), "");
}

TEST_F(BadSchedule, OfAnotherVersion) {
  const std::string error = error_of(with_line("chicane schedule", "chicane schedule 999"));
  EXPECT_NE(error.find("999"), std::string::npos) << error;
}

TEST_F(BadSchedule, OfAnotherProgram) {
  std::string error = error_of(with_line("program:", "program: something_else"));
  EXPECT_NE(error.find("something_else"), std::string::npos) << error;
  Options other = options();
  other.program = "another";
  error = error_of(text_, bag_of_bugs, other);
  EXPECT_NE(error.find("another"), std::string::npos) << error;
}

TEST_F(BadSchedule, ThatNoLongerFits) {
  Options with = options();
  with.strategy = Strategy::kRandom;
  const Program before = [] {
    std::atomic<int> value{0};
    std::thread one([&] { value = value + 1; });
    value = value + 1;
    one.join();
    assert(value == 2);
  };
  const Result result = explore(before, with);
  ASSERT_FALSE(result.diagnoses.empty()) << describe(result);
  const std::string text = result.diagnoses[0].schedule;
  // Another operation where the schedule has one,
  const Program changed = [] {
    std::atomic<int> value{0};
    std::mutex mutex;
    std::thread one([&] {
      const std::lock_guard guard(mutex);
      value = value + 1;
    });
    {
      const std::lock_guard guard(mutex);
      value = value + 1;
    }
    one.join();
    assert(value == 2);
  };
  const std::string error = error_of(text, changed);
  EXPECT_NE(error.find("no longer fits"), std::string::npos) << error;
  EXPECT_NE(error.find("expected"), std::string::npos) << error;
  // or no bug any more.
  EXPECT_NE(error_of(text, &one_thread_only), "");
  EXPECT_EQ(error_of(text, before), "");
}

// ---- one process, many explorations ----

struct Usage {
  long resident_pages = 0, mapped_pages = 0, descriptors = 0;
};

Usage usage() {
  Usage now;
  std::ifstream("/proc/self/statm") >> now.mapped_pages >> now.resident_pages;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++now.descriptors;
  closedir(folder);
  return now;
}

TEST(ManyExplorations, LeaveNothingBehind) {
  const auto round = [] {
    for (int i = 0; i < 10; ++i) explore(one_thread_only, options(20));
    explore(bag_of_bugs, options(50));
  };
  round();
  round();
  const Usage before = usage();
  for (int i = 0; i < 12; ++i) round();
  const Usage after = usage();
  constexpr long kMegabyte = (1 << 20) / 4096;
  EXPECT_LT(after.resident_pages - before.resident_pages, 16 * kMegabyte);
  EXPECT_LT(after.mapped_pages - before.mapped_pages, 64 * kMegabyte);
  EXPECT_EQ(after.descriptors, before.descriptors);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);  // no child is left
}

TEST(ManyExplorations, MayFollowRunsInTheirOwnProcess) {
  const Program many_threads = [] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([i] { std::vector<int>(100, i).resize(200); });
    for (std::thread& thread : threads) thread.join();
  };
  engine::Journal* journal = engine::Journal::create();
  ASSERT_NE(journal, nullptr);
  const auto strategy = strategies::make_random(1);
  strategy->begin_run(0);
  journal->begin_run(0);
  EXPECT_EQ(engine::Engine::instance().run([] { std::thread([] {}).join(); }, *strategy, {},
                                           *journal, {}),
            engine::RunEnd::kFinished);
  journal->destroy();
  expect_clean(many_threads, options(50));
}

// The size of the child after so many runs, in units of 64 pages.
long size_after(int runs) {
  const Tally tally;
  int run = 0;
  const Program program = [&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] { std::vector<int>(1000, 1).resize(2000); });
    }
    for (std::thread& thread : threads) thread.join();
    if (++run != runs) return;
    for (long pages = usage().resident_pages; pages > 0; pages -= 64) tally.count(0);
  };
  expect_clean(program, samples(static_cast<std::uint64_t>(runs)));
  return tally[0];
}

TEST(ManyExplorations, ManyRunsInOneChildDoNotGrow) {
  const long few = size_after(200), many = size_after(4000);
  EXPECT_GT(few, 0);
  EXPECT_LT(many - few, 64);  // 16 MB
}

}  // namespace
}  // namespace chicane::tests
