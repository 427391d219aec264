// SPDX-License-Identifier: Apache-2.0
//
// The race detector against its oracle: random traces, in which threads access a few overlapping
// bytes, plainly and as atomics of all orders, and synchronize by locks, fences and release
// sequences. The detector must report exactly the bytes that the oracle reports, event by event,
// and each earlier access that it names must really race. One detector sees all traces, so that a
// record left from an earlier run would show.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>

#include "monitors/race_fast_path.h"
#include "monitors/race_oracle.h"

namespace chicane::monitors {
namespace {

using engine::MemoryOrder;
using engine::OpKind;
using oracle::TraceEvent;
using oracle::What;

// Code addresses with several upper halves, so that their compression is tested too.
std::uint64_t pc_of(std::size_t event) {
  return 0x5555'0000'0000 + (std::uint64_t{event / 5 % 7} << 32) + event * 16;
}
std::size_t event_of(std::uint64_t pc) { return (pc & 0xffff'ffff) / 16; }

/// Feeds events to a detector and keeps the races of the last one.
class Driver final : public RaceDetector::Listener {
 public:
  void on_race(const Race& race) override { races.push_back(race); }

  void begin() {
    detector.begin_run();
    index_ = 0;
  }

  const std::vector<Race>& feed(const TraceEvent& e) {
    races.clear();
    const std::size_t number = index_++;
    const Origin origin{pc_of(number), number + 1, 0};
    switch (e.what) {
      case What::kPlain:
        detector.access(e.thread, e.address, e.size, e.writes ? kPlainWrite : kPlainRead, origin);
        break;
      case What::kAtomic:
        if (e.reads && e.writes && e.order >= MemoryOrder::kAcqRel &&
            detector.quick_update(e.thread, e.address, e.size, origin)) {
          ++quick_updates;
          break;
        }
        detector.atomic(
            {e.thread, reinterpret_cast<const void*>(e.address), static_cast<std::uint32_t>(e.size),
             !e.writes  ? OpKind::kAtomicLoad
             : !e.reads ? OpKind::kAtomicStore
                        : OpKind::kAtomicRmw,
             e.order, nullptr},
            origin);
        break;
      case What::kFence:
        detector.fence(e.thread, e.order);
        break;
      case What::kAcquire:
        detector.acquire(e.thread, e.address);
        break;
      case What::kRelease:
        detector.release(e.thread, e.address);
        break;
      case What::kReleaseStore:
        detector.release_store(e.thread, e.address);
        break;
      case What::kForget:
        detector.forget(e.address, e.size);
        break;
    }
    return races;
  }

  const std::vector<Race>& free(engine::ThreadId thread, std::uint64_t address, std::size_t size,
                                bool at_once) {
    races.clear();
    const std::size_t number = index_++;
    const Origin origin{pc_of(number), number + 1, 0};
    if (at_once) {
      detector.write_and_retire(thread, address, size, origin);
    } else {
      detector.access(thread, address, size, kPlainWrite, origin);
      detector.retire(address, size, origin);
    }
    return races;
  }

  std::vector<Race> races;
  std::size_t quick_updates = 0;
  RaceDetector detector{*this};

 private:
  std::size_t index_ = 0;
};

/// A random trace. Atomics lie among the plainly accessed bytes; each has one address and size.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::vector<TraceEvent> trace() {
    base_ = 0x7f12'3456'0000 + 0x100000 * below(3) + (below(4) == 0 ? 0xffff0 : 0) + below(8);
    base_ &= ~std::uint64_t{15};
    threads_ = 2 + below(5);
    sync_heavy_ = below(3);
    std::vector<TraceEvent> events;
    const std::size_t length = 8 + below(70);
    while (events.size() < length) events.push_back(next());
    return events;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  TraceEvent next() {
    const auto thread = static_cast<engine::ThreadId>(below(threads_));
    if (updates_ != 0 && below(3) != 0) {
      --updates_;
      update_.thread = thread;
      return update_;
    }
    const std::uint64_t dice = below(100);
    if (dice < 40 - 10 * sync_heavy_) return plain(thread);
    if (dice < 65) return atomic(thread);
    if (dice < 74) return {What::kFence, thread, 0, 0, false, false, order(1)};
    if (dice < 76) return forget(thread);
    TraceEvent event{What::kAcquire, thread, base_ + 32 + 4 * below(3), 1};
    if (dice >= 87) event.what = What::kRelease;
    if (dice >= 97) event.what = What::kReleaseStore;
    return event;
  }

  TraceEvent plain(engine::ThreadId thread) {
    const std::size_t sizes[] = {1, 1, 2, 3, 4, 4, 8, 8, 16, 21};
    const std::size_t size = sizes[below(10)];
    const bool write = below(2) == 0;
    const std::uint64_t spread = below(2) == 0 ? 6 : 40;
    return {What::kPlain, thread, base_ + below(spread), size, !write, write};
  }

  TraceEvent atomic(engine::ThreadId thread) {
    struct Place {
      std::uint64_t offset;
      std::size_t size;
    };
    const Place places[] = {{0, 4}, {4, 1}, {6, 2}, {8, 8}, {16, 16}};
    const Place place = places[below(3) == 0 ? below(5) : below(2)];
    const std::uint64_t kind = below(3);
    // Often several threads then update it one after the other, with little between.
    update_ = {What::kAtomic, thread, base_ + place.offset, place.size, true, true, order(4)};
    updates_ = below(4) == 0 ? below(6) : 0;
    return {What::kAtomic, thread,  base_ + place.offset, place.size, kind != 1,
            kind != 0,     order(0)};
  }

  TraceEvent forget(engine::ThreadId thread) {
    // Whole atomics only: memory is not given out under half of an object.
    const bool all = below(2) == 0;
    return {What::kForget, thread, base_ + (all ? 0 : 32 + below(5)), all ? 48u : 1 + below(9)};
  }

  MemoryOrder order(unsigned first) { return static_cast<MemoryOrder>(first + below(6 - first)); }

  std::mt19937_64 random_;
  std::uint64_t base_ = 0, threads_ = 2, sync_heavy_ = 0;
  TraceEvent update_{};
  std::uint64_t updates_ = 0;  // still to come
};

std::string describe(const std::vector<TraceEvent>& trace) {
  const char* names[] = {"plain", "atomic", "fence", "acquire", "release", "store", "forget"};
  std::string text;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const TraceEvent& e = trace[i];
    text += std::to_string(i) + ": thread " + std::to_string(e.thread) + " " +
            names[static_cast<int>(e.what)] + (e.reads ? " r" : "") + (e.writes ? " w" : "") +
            " +" + std::to_string(e.address & 0xff) + " size " + std::to_string(e.size) +
            " order " + std::to_string(static_cast<int>(e.order)) + "\n";
  }
  return text;
}

TEST(RaceDetector, AgreesWithBruteForce) {
  Driver driver;
  std::size_t events = 0, racing = 0, clean = 0;
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    const std::vector<TraceEvent> trace = Generator(seed).trace();
    const oracle::Oracle truth(trace);
    driver.begin();
    for (std::size_t i = 0; i < trace.size(); ++i) {
      std::set<std::uint64_t> bytes;
      for (const Race& race : driver.feed(trace[i])) {
        const std::size_t before = event_of(race.before.origin.pc);
        ASSERT_LT(before, i);
        ASSERT_EQ(race.before.origin.pc, pc_of(before));
        ASSERT_EQ(race.before.origin.step, before + 1);
        ASSERT_EQ(race.before.thread, trace[before].thread);
        for (unsigned bit = 0; bit < 8; ++bit) {
          if ((race.mask >> bit & 1) == 0) continue;
          bytes.insert(race.granule + bit);
          ASSERT_TRUE(truth.race(before, i, race.granule + bit))
              << "seed " << seed << ": " << before << " and " << i << "\n"
              << describe(trace);
        }
      }
      const std::set<std::uint64_t> expected = truth.racing_bytes(i);
      ASSERT_EQ(bytes, expected) << "seed " << seed << ", event " << i << "\n" << describe(trace);
      ++events;
      if (oracle::What::kPlain == trace[i].what) ++(expected.empty() ? clean : racing);
    }
  }
  // The traces have something to tell: both answers are common, and so are the quick ways to them.
  EXPECT_GT(racing, events / 20);
  EXPECT_GT(clean, events / 20);
  EXPECT_GT(driver.quick_updates, events / 50);
}

auto as_tuple(const Race& race) {
  const auto side = [](const RacingAccess& access) {
    return std::tuple(access.thread, access.kind, access.origin.pc, access.origin.step);
  };
  return std::tuple(race.granule, race.mask, side(race.now), side(race.before));
}

TEST(RaceDetector, ToFreeAtOnceIsToWriteAndThenRetire) {
  Driver in_two, at_once;
  std::mt19937_64 random(1);
  std::size_t racing = 0, freed = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const std::vector<TraceEvent> trace = Generator(seed).trace();
    in_two.begin();
    at_once.begin();
    for (const TraceEvent& event : trace) {
      const bool is_free = event.address != 0 && random() % 8 == 0;
      const std::uint64_t block = event.address & ~std::uint64_t{7};
      const std::size_t size = 8 + random() % 6 * 8;
      const auto& expected =
          is_free ? in_two.free(event.thread, block, size, false) : in_two.feed(event);
      const auto& found =
          is_free ? at_once.free(event.thread, block, size, true) : at_once.feed(event);
      ASSERT_EQ(found.size(), expected.size()) << "seed " << seed << "\n" << describe(trace);
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(as_tuple(found[i]), as_tuple(expected[i])) << "seed " << seed;
      }
      racing += found.size();
      freed += is_free ? 1 : 0;
    }
  }
  EXPECT_GT(racing, freed);
  EXPECT_GT(freed, 4000u);
}

class RaceDetectorTest : public ::testing::Test {
 protected:
  void SetUp() override { driver_.begin(); }
  std::size_t read(engine::ThreadId thread, std::uint64_t address, std::size_t size = 4) {
    return driver_.feed({What::kPlain, thread, address, size, true, false}).size();
  }
  std::size_t write(engine::ThreadId thread, std::uint64_t address, std::size_t size = 4) {
    return driver_.feed({What::kPlain, thread, address, size, false, true}).size();
  }
  std::size_t store(engine::ThreadId thread, std::uint64_t address, MemoryOrder order) {
    return driver_.feed({What::kAtomic, thread, address, 4, false, true, order}).size();
  }
  std::size_t load(engine::ThreadId thread, std::uint64_t address, MemoryOrder order) {
    return driver_.feed({What::kAtomic, thread, address, 4, true, false, order}).size();
  }
  void acquire(engine::ThreadId thread, std::uint64_t sync) {
    driver_.feed({What::kAcquire, thread, sync, 1});
  }
  void release(engine::ThreadId thread, std::uint64_t sync) {
    driver_.feed({What::kRelease, thread, sync, 1});
  }

  static constexpr std::uint64_t kX = 0x5000, kY = 0x6000, kLock = 0x9000;
  Driver driver_;
};

TEST_F(RaceDetectorTest, NeighbouringBytesDoNotRace) {
  EXPECT_EQ(write(0, kX, 1), 0u);
  EXPECT_EQ(write(1, kX + 1, 1), 0u);
  EXPECT_EQ(write(2, kX + 2, 2), 0u);
  EXPECT_EQ(read(3, kX + 1, 2), 2u);  // partial overlap with two of them
}

TEST_F(RaceDetectorTest, AnAtomicFlagPublishes) {
  write(0, kX);
  store(0, kY, MemoryOrder::kRelease);
  load(1, kY, MemoryOrder::kAcquire);
  EXPECT_EQ(read(1, kX), 0u);
  load(2, kY, MemoryOrder::kRelaxed);
  EXPECT_EQ(read(2, kX), 1u);
}

TEST_F(RaceDetectorTest, AStoreOfTheSameThreadEndsAReleaseSequence) {  // C++20, unlike C++11
  write(0, kX);
  store(0, kY, MemoryOrder::kRelease);
  store(0, kY, MemoryOrder::kRelaxed);
  load(1, kY, MemoryOrder::kAcquire);
  EXPECT_EQ(read(1, kX), 1u);
}

TEST_F(RaceDetectorTest, NamesBothAccesses) {
  const Origin first{0x5555'1234'5678, 7, 2}, second{0x7fff'8765'4321, 1u << 30, 5};
  driver_.detector.access(3, kX, 8, kPlainWrite, first);
  driver_.races.clear();
  driver_.detector.access(4, kX + 4, 2, kPlainRead, second);
  ASSERT_EQ(driver_.races.size(), 1u);
  const Race& race = driver_.races[0];
  EXPECT_EQ(race.granule, kX);
  EXPECT_EQ(race.mask, 0x30u);
  EXPECT_EQ(race.before.thread, 3u);
  EXPECT_EQ(race.before.kind, kPlainWrite);
  EXPECT_EQ(race.before.origin.pc, first.pc);
  EXPECT_EQ(race.before.origin.step, 7u);
  EXPECT_EQ(race.before.origin.held, 2u);
  EXPECT_EQ(race.now.origin.pc, second.pc);
  EXPECT_EQ(race.now.origin.held, 3u);
}

TEST_F(RaceDetectorTest, RunsAreSeparate) {  // I3
  write(0, kX);
  release(0, kLock);
  driver_.begin();
  EXPECT_EQ(write(1, kX), 0u);
  acquire(2, kLock);
  EXPECT_EQ(write(2, kX), 1u);
}

TEST_F(RaceDetectorTest, TellsWhetherAnEndIsKnown) {
  write(1, kX);
  release(1, kLock);
  EXPECT_FALSE(driver_.detector.knows_end(2, 1));
  acquire(2, kLock);
  EXPECT_FALSE(driver_.detector.knows_end(2, 1)) << "it may have gone on after its release";
  driver_.detector.join(2, 1);
  EXPECT_TRUE(driver_.detector.knows_end(2, 1));
  EXPECT_FALSE(driver_.detector.knows_end(1, 2));
}

TEST_F(RaceDetectorTest, ForkAndJoinOrderOneWayEach) {
  write(0, kX);
  driver_.detector.fork(0, 1);
  EXPECT_EQ(write(1, kX), 0u);
  EXPECT_EQ(write(0, kX), 1u) << "nothing orders the creator behind what it created";
  driver_.begin();
  driver_.detector.fork(0, 1);
  write(0, kX);
  EXPECT_EQ(write(1, kX), 1u) << "what the creator did after the creation is not ordered before";
  driver_.begin();
  driver_.detector.fork(0, 1);
  write(1, kX);
  driver_.detector.join(0, 1);
  EXPECT_EQ(write(0, kX), 0u);
}

TEST_F(RaceDetectorTest, NewMemoryHasNoPast) {
  for (std::uint64_t at = 0; at < (3u << 20); at += 8) write(0, 0x10'0000 + at, 8);
  write(0, 0x10'0000 - 4, 8);
  driver_.detector.forget(0x10'0000, 3u << 20);
  std::size_t races = 0;
  for (std::uint64_t at = 0; at < (3u << 20); at += 8) races += write(1, 0x10'0000 + at, 8);
  EXPECT_EQ(races, 0u);
  EXPECT_EQ(write(1, 0x10'0000 - 8, 8), 1u);
}

TEST_F(RaceDetectorTest, AThousandThreads) {
  constexpr engine::ThreadId kThreads = 1000;
  for (int round = 0; round < 2; ++round) {
    driver_.begin();
    write(0, kX);
    release(0, kLock);
    std::size_t races = 0;
    for (engine::ThreadId thread = 1; thread < kThreads; ++thread) {
      acquire(thread, kLock);
      races += write(thread, kY);  // the lock orders these
      release(thread, kLock);
      races += read(thread, kX);  // all of these stay: nothing orders them
    }
    EXPECT_EQ(races, 0u);
    EXPECT_EQ(write(0, kX), kThreads - 1);
    acquire(0, kLock);
    EXPECT_EQ(write(0, kY), 0u);
  }
}

TEST_F(RaceDetectorTest, ManySynchronizationObjects) {
  for (std::uint64_t i = 0; i < 50000; ++i) {
    write(0, kX);
    release(0, 0x100'0000 + 8 * i);
    acquire(1, 0x100'0000 + 8 * i);
    ASSERT_EQ(write(1, kX), 0u);
    release(1, kLock);
    acquire(0, kLock);
  }
}

}  // namespace
}  // namespace chicane::monitors
