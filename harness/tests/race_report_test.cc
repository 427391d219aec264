// SPDX-License-Identifier: Apache-2.0
//
// What the report of a race says beside its two lines: values, locks, whose memory it is and where
// it comes from, what would order the accesses, and what comes of it.
#include <atomic>
#include <cassert>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>

#include "expect.h"
#include "report/result_json.h"
#include "report/terminal.h"

namespace chicane::tests {
namespace {

int g_static = 0;

/// The only race of `program`; an empty diagnosis, and a failure, when there are others or none.
Diagnosis race_of(const Program& program) {
  const Result result = explore(program, options(300));
  Diagnosis race;
  int count = 0;
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind == "data-race" && count++ == 0) race = diagnosis;
  }
  EXPECT_EQ(count, 1) << describe(result);
  // What JSON says is what the diagnosis says.
  Result again;
  std::string error;
  EXPECT_TRUE(report::from_json(report::to_text(result), &again, &error)) << error;
  EXPECT_EQ(again.diagnoses.size(), result.diagnoses.size());
  EXPECT_EQ(report::to_text(again), report::to_text(result));
  return race;
}

std::string text_of(const Diagnosis& diagnosis) { return report::render(diagnosis, {}); }

int line_here(const char* tag) { return line_of(__FILE__, tag); }

std::string place_here(const char* tag) {
  return "race_report_test.cc:" + std::to_string(line_here(tag));
}

bool has_line(const std::vector<Frame>& stack, int line) {
  for (const Frame& frame : stack) {
    if (frame.line == line && frame.file.ends_with("race_report_test.cc")) return true;
  }
  return false;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(RaceReport, ABlockOfTheHeapAndWhereItWasAllocated) {
  const Diagnosis race = race_of([] {
    struct Pair {
      long first = 0, second = 0;
    };
    const auto pair = std::make_unique<Pair>();  //~ allocates
    together([&] { pair->second = 1; }, [&] { pair->second = 2; });
  });
  EXPECT_EQ(race.storage.kind, "heap");
  EXPECT_EQ(race.storage.size, 16u);
  EXPECT_EQ(race.storage.offset, 8u);
  EXPECT_EQ(race.storage.thread, 0);
  EXPECT_TRUE(has_line(race.storage.allocated_at, line_here("allocates")));
  EXPECT_TRUE(contains(text_of(race), "allocated  " + place_here("allocates")));
  EXPECT_TRUE(contains(text_of(race), "16 bytes by main, touched at offset 8")) << text_of(race);
}

TEST(RaceReport, OfBlocksAtOneAddressTheOneThatWasThereThen) {
  const Diagnosis race = race_of([] {
    for (int i = 0; i < 3; ++i) {
      const auto unrelated = std::make_unique<int>(i);
      assert(*unrelated == i);
    }
    const auto shared = std::make_unique<int>(0);  //~ the-one
    together([&] { *shared = 1; }, [&] { *shared = 2; });
  });
  EXPECT_TRUE(has_line(race.storage.allocated_at, line_here("the-one")));
}

TEST(RaceReport, AVariableOfAThreadsStackIsThatThreads) {
  const Diagnosis race = race_of([] {
    std::thread owner([] {
      int mine = 0;
      std::thread other([&] { ++mine; });
      ++mine;
      other.join();
    });
    owner.join();
  });
  EXPECT_EQ(race.object, "mine");
  EXPECT_EQ(race.storage.kind, "stack");
  EXPECT_EQ(race.storage.thread, 1);
  EXPECT_TRUE(contains(text_of(race), "on the stack of thread 1")) << text_of(race);
}

TEST(RaceReport, AStaticVariable) {
  const Diagnosis race = race_of([] {
    g_static = 0;
    together([] { ++g_static; }, [] { ++g_static; });
  });
  EXPECT_EQ(race.object, "g_static");
  EXPECT_EQ(race.storage.kind, "static");
}

TEST(RaceReport, ValuesOfBothAccesses) {
  const Diagnosis race = race_of([] {
    int value = 41;
    int seen = 0;
    together([&] { value = 42; }, [&] { seen = value; });
    assert(seen == 41 || seen == 42);
  });
  ASSERT_EQ(race.sites.size(), 2u);
  for (const Site& site : race.sites) {
    if (site.role == "write") {
      EXPECT_EQ(site.value, "42");
    } else {
      EXPECT_TRUE(site.value == "41" || site.value == "42") << site.value;
    }
  }
  EXPECT_TRUE(contains(text_of(race), "write of 42 by thread 1"));
}

TEST(RaceReport, BothThreadsAndBothStacks) {
  const Diagnosis race = race_of([] {
    int value = 0;
    const auto add = [&] { ++value; };
    const auto first = [&] { add(); };   //~ one-call
    const auto second = [&] { add(); };  //~ other-call
    std::thread one(first);              //~ one-made
    std::thread other(second);           //~ other-made
    one.join();
    other.join();
  });
  ASSERT_EQ(race.sites.size(), 2u);
  std::set<int> calls;
  for (const Site& site : race.sites) {
    for (const char* tag : {"one-call", "other-call"}) {
      if (has_line(site.stack, line_here(tag))) calls.insert(line_here(tag));
    }
  }
  EXPECT_EQ(calls.size(), 2u);
  const std::string text = text_of(race);
  EXPECT_TRUE(contains(text, "thread 1 at " + place_here("one-made") + " by main")) << text;
  EXPECT_TRUE(contains(text, "thread 2 at " + place_here("other-made") + " by main")) << text;
  EXPECT_TRUE(contains(text, " < lambda " + place_here("one-call"))) << text;
}

TEST(RaceReport, TheLockThatOnlyOneHolds) {
  const Diagnosis race = race_of([] {
    std::mutex mutex;
    int value = 0;
    together(
        [&] {
          const std::lock_guard guard(mutex);
          value = 1;  //~ locked
        },
        [&] { value = 2; });
  });
  EXPECT_EQ(race.would_order,
            "`mutex`, which thread 1 holds at " + place_here("locked") + ", held by thread 2 too");
}

TEST(RaceReport, TwoLocksThatAreNotOne) {
  const Diagnosis race = race_of([] {
    std::mutex a, b;
    int value = 0;
    together(
        [&] {
          const std::lock_guard guard(a);
          value = 1;
        },
        [&] {
          const std::lock_guard guard(b);
          value = 2;
        });
  });
  EXPECT_TRUE(contains(race.would_order, "one lock at both"));
  EXPECT_TRUE(contains(race.would_order, "thread 1 holds `a`"));
  EXPECT_TRUE(contains(race.would_order, "thread 2 holds `b`"));
}

TEST(RaceReport, ALockThatBothHoldForReading) {
  const Diagnosis race = race_of([] {
    std::shared_mutex mutex;
    int value = 0;
    const auto add = [&] {
      const std::shared_lock guard(mutex);
      value = 1;  //~ shared
    };
    together(add, add);
  });
  EXPECT_EQ(race.would_order,
            "`mutex` held for writing, not for reading, at " + place_here("shared"));
}

TEST(RaceReport, AnAtomicThatIsTooWeak) {
  const Diagnosis race = race_of([] {
    std::atomic<bool> ready = false;
    int value = 0;
    together(
        [&] {
          value = 1;
          ready.store(true, std::memory_order_relaxed);  //~ stores
        },
        [&] {
          if (!ready.load(std::memory_order_relaxed)) return;  //~ loads
          assert(value == 1);
        });
  });
  EXPECT_EQ(race.would_order, "`ready` stored at " + place_here("stores") +
                                  " with release and loaded at " + place_here("loads") +
                                  " with acquire");
}

TEST(RaceReport, AJoinThatComesTooLate) {
  const Diagnosis race = race_of([] {
    int value = 0;
    std::thread writer([&] { value = 1; });
    const int seen = value;  //~ too-soon
    writer.join();           //~ joins
    assert(seen <= 1);
  });
  EXPECT_EQ(race.would_order,
            "the join of thread 1 (" + place_here("joins") + ") before " + place_here("too-soon"));
}

TEST(RaceReport, TheEndOfABlockThatIsInUse) {
  const Diagnosis race = race_of([] {
    int* block = new int(1);
    together([block] { *block = 2; },     //~ uses
             [block] { delete block; });  //~ frees
  });
  EXPECT_EQ(race.message,
            race.object + " is freed by one thread and used by another, nothing orders them");
  std::set<std::string> roles;
  for (const Site& site : race.sites) {
    roles.insert(site.role);
    EXPECT_TRUE(has_line(site.stack, line_here(site.role == "free" ? "frees" : "uses")));
  }
  EXPECT_EQ(roles, (std::set<std::string>{"free", "write"}));
  EXPECT_EQ(race.would_order, "something that tells thread 2, before " + place_here("frees") +
                                  ", that thread 1 is done with " + place_here("uses") +
                                  ": its end (join), a channel, a std::shared_ptr");
  const std::string text = text_of(race);
  EXPECT_TRUE(contains(text, "free " + race.object)) << text;  // in the schedule
  EXPECT_TRUE(contains(text, "let the thread own (or share) what it uses")) << text;
  EXPECT_FALSE(contains(text, "hold one mutex")) << text;
}

TEST(RaceReport, AJoinThatComesAfterTheEndOfTheBlock) {
  const Diagnosis race = race_of([] {
    int* block = new int(1);
    std::thread reader([block] { static_cast<void>(*static_cast<volatile int*>(block)); });
    delete block;   //~ deletes
    reader.join();  //~ joins-reader
  });
  EXPECT_EQ(race.would_order, "the join of thread 1 (" + place_here("joins-reader") + ") before " +
                                  place_here("deletes"));
}

TEST(RaceReport, TheUpdateThatIsLostAndTheAssertionThatFails) {
  const Diagnosis race = race_of([] {
    int count = 0;
    // One line: of a read just before a write to the same, gcc tells and clang does not.
    const auto add = [&] { count = count + 1; };
    together(add, add);
    const int end = count;
    assert(end == 2);  //~ asserts
  });
  EXPECT_TRUE(contains(race.effect, "the assertion at " + place_here("asserts") + " fails"))
      << race.effect;
}

TEST(RaceReport, TheUpdateThatIsLost) {
  const Diagnosis race = race_of([] {
    int count = 0;
    const auto add = [&] { ++count; };
    together(add, add);
  });
  EXPECT_EQ(race.effect, "with this schedule `count` ends at 1, without a forced switch at 2");
  EXPECT_TRUE(contains(text_of(race), "effect with this schedule")) << text_of(race);
}

TEST(RaceReport, TheUpdateOfABlockThatIsLost) {
  const Diagnosis race = race_of([] {
    const auto count = std::make_unique<int>(0);
    const auto add = [&] { ++*count; };
    together(add, add);
  });
  EXPECT_TRUE(contains(race.effect, "ends at 1, without a forced switch at 2")) << race.effect;
}

TEST(RaceReport, NothingComesOfWritingTheSame) {
  const Diagnosis race = race_of([] {
    int value = 0;
    together([&] { value = 1; }, [&] { value = 1; });
  });
  EXPECT_EQ(race.effect, "");
}

}  // namespace
}  // namespace chicane::tests
