// SPDX-License-Identifier: Apache-2.0
//
// Oracle: on random small programs optimal partial order reduction makes exactly one run of each
// Mazurkiewicz trace that naive enumeration of all interleavings has, none of them in part, and
// sees the same final states, deadlocks and failures.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tests/exhaust.h"
#include "tests/random_programs.h"

namespace chicane::tests {
namespace {

constexpr std::uint64_t kMostInterleavings = 20000, kMostTraces = 1000;

struct Totals {
  std::uint64_t compared = 0, interleavings = 0, runs = 0, given_up = 0;
  std::uint64_t frugal = 0, frugal_given_up = 0;
};

/// The same without memory of what is to be tried.
void compare_frugal(const std::function<void()>& body, const std::vector<std::uint64_t>& racy,
                    const Exhausted& dpor, const std::string& what, Totals* totals) {
  const Exhausted frugal =
      exhaust(body, {.strategy = "dpor", .remembered = 0, .racy_sites = racy}, kMostInterleavings);
  EXPECT_TRUE(frugal.done) << what;
  EXPECT_EQ(frugal.traces.size(), frugal.distinct().size()) << what;
  const bool all = frugal.heeds_all && dpor.heeds_all;
  EXPECT_EQ(frugal.distinct(all), dpor.distinct(all))
      << what << frugal.distinct(all).size() << " of " << dpor.distinct(all).size();
  EXPECT_EQ(frugal.ends, dpor.ends) << what;
  EXPECT_LE(frugal.given_up, frugal.traces.size() / 16) << what;
  ++totals->frugal;
  totals->frugal_given_up += frugal.given_up;
}

void compare(const Program& program, const std::string& name, Totals* totals) {
  const auto body = [&program] { run_program(program); };
  std::vector<std::uint64_t> racy;
  if (has(program, Action::kRead) || has(program, Action::kWrite)) racy = find_races(body);
  const Exhausted naive =
      exhaust(body, {.strategy = "dfs", .racy_sites = racy}, kMostInterleavings);
  const Exhausted dpor = exhaust(body, {.strategy = "dpor", .racy_sites = racy},
                                 naive.done ? kMostInterleavings : kMostTraces);
  const std::string what = name + ": " + describe(program);
  if (dpor.done) compare_frugal(body, racy, dpor, what, totals);
  if (!naive.done) return;
  EXPECT_TRUE(dpor.done) << what;
  EXPECT_EQ(dpor.traces.size(), dpor.distinct().size()) << what;
  const auto expected = naive.distinct(dpor.heeds_all);
  EXPECT_EQ(dpor.distinct(), expected)
      << what << dpor.distinct().size() << " of " << expected.size();
  EXPECT_EQ(dpor.ends, naive.ends) << what;
  EXPECT_EQ(dpor.given_up, 0u) << what;
  ++totals->compared;
  totals->runs += dpor.traces.size();
  totals->given_up += dpor.given_up;
  totals->interleavings += naive.traces.size();
}

TEST(ExhaustiveRandom, OneRunOfEachTrace) {
  const char* wanted = std::getenv("CHICANE_RANDOM_PROGRAMS");
  const char* first = std::getenv("CHICANE_RANDOM_SEED");
  const std::uint64_t count = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 60;
  const std::uint64_t from = first != nullptr ? std::strtoull(first, nullptr, 10) : 42;
  Totals totals;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    compare(make_program(seed), "seed " + std::to_string(seed), &totals);
  }
  EXPECT_GT(totals.compared, count / 2) << "too many programs are too large";
  std::printf("%lu programs, %lu interleavings, %lu runs, %lu given up; %lu without memory: %lu\n",
              totals.compared, totals.interleavings, totals.runs, totals.given_up, totals.frugal,
              totals.frugal_given_up);
}

// Oracle: naive enumeration. One outcome of a try touches what another does not: after what races
// with the one, the other is the step that it would have been before. By counting: as many runs as
// traces.
TEST(ExhaustiveRandom, EachOutcomeIsAStepOfItsOwn) {
  const struct {
    const char* program;
    std::size_t runs;
  } kPrograms[] = {
      {"try-send0 try-send1 | timed-select1 try-send0 | timed-select0", 130},
      {"try-send0 timed-select1 | try-send1 | timed-select1 timed-select0", 87},
      {"timed-select0 try-send1 | timed-select1 | timed-select0 timed-select0", 436},
      {"try-send0 try-send1 | timed-select0 timed-select0 | timed-select0 timed-select1", 506},
  };
  for (const auto& [text, runs] : kPrograms) {
    const Program program = parse_program(text);
    const auto body = [&program] { run_program(program); };
    const Exhausted naive =
        exhaust(body, {.strategy = "dfs", .racy_sites = {}}, 10 * kMostInterleavings);
    EXPECT_TRUE(naive.done) << text;
    const Exhausted dpor = exhaust(body, {.racy_sites = {}}, kMostInterleavings);
    EXPECT_TRUE(dpor.done) << text;
    EXPECT_EQ(dpor.distinct(), naive.distinct(dpor.heeds_all)) << text;
    EXPECT_EQ(dpor.traces.size(), runs) << text;
    EXPECT_EQ(dpor.distinct().size(), runs) << text;
    EXPECT_EQ(dpor.given_up, 0u) << text;
    EXPECT_FALSE(dpor.incomplete) << text;
    const Exhausted without =
        exhaust(body, {.remembered = 0, .racy_sites = {}}, kMostInterleavings);
    EXPECT_TRUE(without.done) << text;
    EXPECT_EQ(without.traces.size(), without.distinct().size()) << text;
  }
}

// Whether a thread that waits for a channel until a deadline is ready by the channel is a matter of
// the channel alone: without memory, too, nothing is missed. But where runs were given up, it might
// have been: that is no proof. By counting: naive enumeration has 436 of the first, 76 of the
// second.
TEST(ExhaustiveRandom, ASearchThatGaveRunsUpIsNoProof) {
  const struct {
    const char* program;
    std::size_t traces;
  } kPrograms[] = {
      {"timed-select0 try-send1 | timed-select1 | timed-select0 timed-select0", 436},
      {"timed-select1 | send1 send1 | timed-select0 timed-select0", 76},
  };
  for (const auto& [text, traces] : kPrograms) {
    const Program program = parse_program(text);
    const auto body = [&program] { run_program(program); };
    const Exhausted without =
        exhaust(body, {.remembered = 0, .racy_sites = {}}, kMostInterleavings);
    EXPECT_EQ(without.distinct().size(), traces) << text;
    EXPECT_EQ(without.traces.size(), traces) << text;
    EXPECT_GT(without.given_up, 0u) << text;
    EXPECT_TRUE(without.incomplete) << text;
  }
}

// A join, as a head, comes after the end that it waits for.
TEST(ExhaustiveRandom, AJoinComesAfterTheEndThatItWaitsFor) {
  const Program program = parse_program("try-receive1 | fail1 add0 | fail0 try-receive1");
  const auto body = [&program] { run_program(program); };
  const Exhausted without = exhaust(body, {.remembered = 0, .racy_sites = {}}, kMostInterleavings);
  EXPECT_TRUE(without.done);
  EXPECT_EQ(without.distinct().size(), 7u);
}

/// Whoever finds `first` unset may end the run: only the last runs are cut off, when so many were
/// made that what their steps did was forgotten.
void fail_late() {
  constexpr int kRounds = 3;
  static std::atomic<int> first, sum, numbers[2];
  for (std::atomic<int>* number : {&first, &sum, &numbers[0], &numbers[1]}) *number = 0;
  const auto step = [](int fails_by, int adds_to) {
    if (first.load() != 0) {
      for (int i = 0; i < kRounds; ++i) ++sum;
      return;
    }
    if (adds_to >= 0) ++numbers[adds_to];
    if (fails_by >= 0 && numbers[fails_by].load() != 0) fail_run();
  };
  std::thread threads[] = {std::thread(step, 1, -1), std::thread(step, -1, 1),
                           std::thread(step, 0, -1), std::thread([] { first = 1; })};
  for (std::thread& thread : threads) thread.join();
  report_state(static_cast<std::uint64_t>(numbers[0].load() * 2 + numbers[1].load()));
}

// Oracle: without memory, where all that steps do is learned when a run is cut off.
TEST(ExhaustiveRandom, WhatIsCutOffLateIsRunOnce) {
  const Exhausted dpor = exhaust(&fail_late, {.racy_sites = {}}, kMostInterleavings);
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.given_up, 0u);
  EXPECT_EQ(dpor.traces.size(), dpor.distinct().size());
  const Exhausted frugal =
      exhaust(&fail_late, {.remembered = 0, .racy_sites = {}}, kMostInterleavings);
  EXPECT_TRUE(frugal.done);
  EXPECT_EQ(dpor.distinct(), frugal.distinct());
  EXPECT_EQ(dpor.distinct().size(), 1754u);
}

// Without memory of what is to be tried each of these once had runs that were given up, or twice,
// or missed. By counting, and the runs that are counted are those of the search that remembers.
TEST(ExhaustiveRandom, WithoutMemoryEachTraceIsRunOnce) {
  const struct {
    const char* program;
    std::size_t runs;
  } kPrograms[] = {
      // One outcome touches what another does not.
      {"try-send0 try-send1 | select1 try-send0 | select0 select1", 154},
      {"timed-select1 try-send1 | timed-select0 try-send0 | timed-select0", 167},
      {"try-select1 try-select0 | send0 try-select0 | try-receive1 send1", 140},
      // So it may, where it is a head's, or the one that is delayed.
      {"timed-select1 | try-send1 | timed-select0 try-send0", 22},
      {"try-send1 | timed-select0 timed-select1 | timed-select1 try-send1", 148},
      // What comes before a step does so whichever outcome that has: of several one leads to it.
      {"try-send1 | mixed-select0 | try-send0", 10},
      {"send0 | try-send1 | mixed-select0", 21},
      // Who waits is ready without what was made for it.
      {"try-receive0 try-receive0 | select0 | try-send0 try-receive1", 34},
      {"timed-select0 timed-select1 | try-receive1 try-receive0 | try-receive1 timed-select1", 49},
      // Nobody but who must not come first can go on.
      {"send0 | select1 send0 | send1 send0", 91},
      {"timed-select0 send0 | send0 timed-select1 | timed-select1", 139},
      {"send0 timed-select0 | send0 | timed-select1 timed-select1", 47},
      {"timed-select0 timed-select0 | timed-select1 | receive0", 21},
      {"send1 send0 | receive1 | send0", 16},
      {"receive0 | try-select1 try-select0 | receive0 receive0", 9},
      // A writer comes before a reader first, and then before what came before that.
      {"read-locked0 | write-locked0 | write-locked0", 6},
      {"write-locked0 read-locked0 | read-locked0 | write-locked0", 9},
      // A try fails where the lock is not free yet.
      {"try-lock1 | try-lock1 | locked0 locked1", 15},
      // A step that ended the run needs nothing where it does not.
      {"fail1 add1 | fail0 add0 | add0", 5},
      {"locked0 fail0 | locked1 locked0 | locked0 store0", 20},
  };
  for (const auto& [text, runs] : kPrograms) {
    const Program program = parse_program(text);
    const auto body = [&program] { run_program(program); };
    const Exhausted dpor = exhaust(body, {.racy_sites = {}}, kMostInterleavings);
    const Exhausted frugal = exhaust(body, {.remembered = 0, .racy_sites = {}}, kMostInterleavings);
    EXPECT_TRUE(dpor.done && frugal.done) << text;
    EXPECT_EQ(frugal.traces.size(), runs) << text;
    const bool all = frugal.heeds_all && dpor.heeds_all;
    EXPECT_EQ(frugal.distinct(all), dpor.distinct(all)) << text;
    EXPECT_EQ(frugal.distinct().size(), runs) << text;
    EXPECT_EQ(frugal.given_up, 0u) << text;
  }
}

// To lock is to touch virtual time where somebody waits for the lock until a deadline; that the
// unlock before did so, too, does not keep one lock from coming before the other. By counting:
// naive enumeration has 126 of the first.
TEST(ExhaustiveRandom, WhoWaitsUntilADeadlineIsMetInEachOrderOnce) {
  const struct {
    const char* program;
    std::size_t runs;
  } kPrograms[] = {
      {"locked0 | timed-lock0 | timed-lock0", 126},
      {"nested1 | timed-lock0 | timed-lock0", 126},
      {"nested1 | nested0 timed-lock1 | timed-lock0", 340},
      // A signal touches it where somebody waits until one: it is then what comes first itself.
      {"timed-wait1 | signal1 | timed-wait0", 151},
  };
  for (const auto& [text, runs] : kPrograms) {
    const Program program = parse_program(text);
    const auto body = [&program] { run_program(program); };
    for (const std::size_t remembered : {std::size_t{1} << 20, std::size_t{0}}) {
      const Exhausted dpor =
          exhaust(body, {.remembered = remembered, .racy_sites = {}}, kMostInterleavings);
      EXPECT_TRUE(dpor.done) << text;
      EXPECT_EQ(dpor.traces.size(), runs) << text << ", " << remembered;
      EXPECT_EQ(dpor.distinct().size(), runs) << text << ", " << remembered;
    }
  }
  const Program program = parse_program(kPrograms[0].program);
  const auto body = [&program] { run_program(program); };
  const Exhausted naive = exhaust(body, {.strategy = "dfs", .racy_sites = {}}, kMostInterleavings);
  const Exhausted dpor = exhaust(body, {.racy_sites = {}}, kMostInterleavings);
  EXPECT_TRUE(naive.done);
  EXPECT_EQ(dpor.distinct(), naive.distinct(dpor.heeds_all));
}

// Each of these once showed a mistake of the search.
TEST(ExhaustiveRandom, WhatWasWrongOnce) {
  constexpr const char* kPrograms[] = {
      // What a step announces depends on how its try went: no order of the two is settled early.
      "try-lock0 send0 | send0 | try-lock0",
      // Who waits for one thing need not come before what was done to another.
      "broadcast0 receive0 | wait0 receive1 | receive0 broadcast1",
      "read-locked1 receive0 | receive0 receive1 | receive0",
      // It waits for the last step, but was ready before the one that made it wait.
      "send0 | send0 try-receive0 try-receive1",
      "send1 | try-lock0 send1 | receive1 receive0",
      "sem-wait1 sem-wait1 sem-wait1 | sem-wait1 fail1 sem-wait1",
      "send0 select0 select0 | select0 exchange0 select1",
      // A select's list of channels is gone when its step has ended.
      "send1 | send0 send1 | select1 select0",
      // What the others would do after a failure is part of another run.
      "send1 | fail0 fail1 | add1",
      // Who waits for a thread comes after its end; that does not order the end before a failure.
      "fail1 add0 | fail1 | add1 fail1",
      // A deadline that is announced for a lock meets whoever takes that.
      "nested1 receive1 timed-lock0 | timed-lock1",
      "write-locked0 yield0 sem-timed-wait1 | yield0 sem-timed-wait1 sem-timed-wait0",
      // The read of `+= 1` is not told.
      "write1 write0 | yield0 | write0",
      // What a thread announces after a reversed step had been seen: it was not what it might be.
      "locked0 group-done0 | group-done0 | locked0",
      // Whether a reversed step ends the run was known only when its sequence had been found.
      "add0 fail0 | fail1 signal1 | add1",
      // What a step did before any run was cut off says that it ends none there.
      "fail1 | add1 | fail0",
      // A try that fails may have been chosen to: no other footprint than one that succeeds.
      "send1 send1 | try-receive1 try-receive0 | send0 try-receive1",
      // Whose deadline comes next is also a matter of who waits until one, whatever a step's past.
      "sem-timed-wait1 sleep1 | sleep1 | sem-try0 sem-try1",
      // What a step announces afterwards is nothing that makes it ready.
      "send1 receive0 | receive1 | send0",
      // With hardly any memory: a run that was given up was the only one to find another again.
      "send0 sem-timed-wait1 | add1 sem-timed-wait0 | add1 send0",
  };
  Totals totals;
  for (const char* program : kPrograms) compare(parse_program(program), "known", &totals);
  EXPECT_EQ(totals.compared, std::size(kPrograms));
}

// Which of its objects makes a thread ready that waits for several, and when, is known: no run is
// tried for what could not be. By counting.
TEST(ExhaustiveRandom, NoRunIsGivenUpForWhoWaits) {
  const struct {
    const char* program;
    std::size_t runs;
  } kPrograms[] = {
      // The other channel of the select was touched later, but did not make it ready.
      {"select1 | send0 send0 | receive1 select1", 9},
      {"send0 | try-receive1 | select0 select1", 9},
      // What is announced after a sleep does not wake the sleeper.
      {"send1 sleep1 | sleep1 send1 | sleep0 send1", 12},
      // That a deadline's turn has come does not make the semaphore ready.
      {"sleep0 | sem-timed-wait0", 5},
      {"timed-select1 sleep0 | send0 | sleep0", 6},
      // A deadline that a step has anyway is known from where it was made after the same steps.
      {"timed-select1 send1 | send0 | send1 send0", 17},
      // Whoever waits for a channel has not met a cancellation before it.
      {"add1 | add1 done0 | cancel0", 4},
      // What comes after a step that a waiter cannot come before does not keep it from that one.
      {"receive0 cancel1 | try-send0 | receive0 cancel0", 12},
  };
  Totals totals;
  for (const auto& [text, runs] : kPrograms) {
    const Program program = parse_program(text);
    compare(program, "counted", &totals);
    const auto body = [&program] { run_program(program); };
    EXPECT_EQ(exhaust(body, {.racy_sites = {}}, kMostInterleavings).traces.size(), runs) << text;
  }
  EXPECT_EQ(totals.compared, std::size(kPrograms));
}

// Threads that spin come last where there is a choice, and for nothing else: as much is run as
// without, so that what is proven is.
TEST(ExhaustiveRandom, FairnessLeavesNothingOut) {
  constexpr Action kWaiting[] = {Action::kSpin,  Action::kYield, Action::kSpin,  Action::kTryLock,
                                 Action::kStore, Action::kAdd,   Action::kLocked};
  constexpr std::uint64_t kPrograms = 60;
  std::uint64_t compared = 0, spins = 0;
  for (std::uint64_t seed = 0; seed < kPrograms; ++seed) {
    const Program program = make_program(seed, kWaiting);
    const auto body = [&program] { run_program(program); };
    constexpr std::uint64_t kMost = 4000;
    const Exhausted naive = exhaust(body, {.strategy = "dfs", .racy_sites = {}}, kMost);
    if (!naive.done) continue;
    const std::string what = "seed " + std::to_string(seed) + ": " + describe(program);
    for (const char* strategy : {"dpor", "dfs"}) {
      const Exhausted fair =
          exhaust(body, {.strategy = strategy, .fair = true, .racy_sites = {}}, kMost);
      EXPECT_TRUE(fair.done) << what;
      EXPECT_EQ(fair.distinct(), naive.distinct(fair.heeds_all)) << strategy << ", " << what;
      EXPECT_EQ(fair.ends, naive.ends) << strategy << ", " << what;
      EXPECT_EQ(fair.given_up, 0u) << strategy << ", " << what;
      const std::uint64_t runs =
          strategy == std::string("dfs") ? naive.traces.size() : fair.distinct().size();
      EXPECT_EQ(fair.traces.size(), runs) << strategy << ", " << what;
    }
    ++compared;
    spins += has(program, Action::kSpin) ? 1 : 0;
  }
  EXPECT_GT(compared, kPrograms / 3);
  EXPECT_GT(spins, kPrograms / 6);
}

/// Whether the reduction misses something of a program.
bool misses(const Program& program) {
  const auto body = [&program] { run_program(program); };
  const Exhausted naive = exhaust(body, {.strategy = "dfs"}, kMostInterleavings);
  const Exhausted dpor = exhaust(body, {.strategy = "dpor"}, kMostInterleavings);
  return naive.done &&
         (dpor.ends != naive.ends || dpor.distinct() != naive.distinct(dpor.heeds_all));
}

// The comparison would see a mistake in the table: with an entry taken out, it does.
TEST(ExhaustiveRandom, AMissingDependencyIsSeen) {
  enum Mode : std::uint8_t { kRead, kWrite, kAcquire, kRelease, kShare };
  const struct {
    Mode a, b;
    const char* program;
  } kEntries[] = {{kRead, kWrite, "load0 load0 | store0"},
                  {kWrite, kWrite, "add0 | add0"},
                  {kAcquire, kRelease, "locked0 | locked0 | locked0"},
                  {kAcquire, kShare, "read-locked0 | read-locked0 | write-locked0"}};
  for (const auto& entry : kEntries) {
    const Program program = parse_program(entry.program);
    EXPECT_FALSE(misses(program)) << entry.program;
    const Independent broken(entry.a, entry.b);
    EXPECT_TRUE(misses(program)) << entry.program;
  }
}

}  // namespace
}  // namespace chicane::tests
