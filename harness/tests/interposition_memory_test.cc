// SPDX-License-Identifier: Apache-2.0
//
// What the compiler reports of unmodified code: plain accesses of every size, ranges, atomics with
// their orders, and fences. Each pair differs in what orders the two threads.
#include <array>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

// Opaque to the compiler, so that it really calls memcpy and friends.
template <class T>
__attribute__((noinline)) T* hidden(T* pointer) {
  asm volatile("" : "+r"(pointer));
  return pointer;
}
/// A length that the compiler does not know: gcc copies little at once, unseen by anyone.
__attribute__((noinline)) std::size_t hidden(int length) {
  asm volatile("" : "+r"(length));
  return static_cast<std::size_t>(length);
}

// ---- plain accesses ----

template <class T>
void disjoint_elements() {
  std::array<T, 2> cells{};
  std::thread other([&] { cells[0] = T(1); });
  cells[1] = T(2);
  other.join();
  assert(cells[0] == T(1) && cells[1] == T(2));
}

template <class T>
void same_element() {
  T cell{};
  std::thread other([&] { cell = T(1); });  //~ one-writes
  cell = T(2);                              //~ the-other-writes
  other.join();
  assert(cell != T(0));
}

template <class T>
void check_size() {
  expect_clean(&disjoint_elements<T>, options(200));
  expect_found(&same_element<T>, {"data-race write@one-writes write@the-other-writes"},
               options(200));
}

TEST(Plain, AccessesOfEverySize) {
  check_size<char>();
  check_size<short>();
  check_size<int>();
  check_size<long>();
  check_size<__int128>();
  check_size<double>();
  check_size<volatile int>();
}

TEST(Plain, OverlapOfDifferentSizes) {
  expect_found(
      [] {
        alignas(8) std::array<unsigned char, 8> bytes{};
        std::thread other([&] { bytes[5] = 1; });  //~ one-byte
        const std::uint64_t all = 0;
        std::memcpy(hidden(&bytes), &all, 8);  //~ all-bytes
        other.join();
      },
      {"data-race write@one-byte write@all-bytes"});
  expect_clean([] {
    alignas(8) std::array<unsigned char, 16> bytes{};
    std::thread other([&] { bytes[8] = 1; });
    const std::uint64_t half = 0;
    std::memcpy(hidden(&bytes), &half, 8);
    other.join();
  });
}

struct __attribute__((packed)) Packed {
  char first;
  std::uint64_t value;
  char last;
};

// On the heap: clang leaves out fields of objects on the stack that the function itself accesses.
TEST(Plain, UnalignedAccesses) {
  expect_found(
      [] {
        const auto packed = std::make_unique<Packed>();
        std::thread other([&] { packed->value = 1; });  //~ unaligned-one
        packed->value = 2;                              //~ unaligned-two
        other.join();
      },
      {"data-race write@unaligned-one write@unaligned-two"});
  expect_clean([] {
    const auto packed = std::make_unique<Packed>();
    std::thread other([&] { packed->value = 1; });
    packed->first = packed->last = 2;
    other.join();
    assert(packed->first + packed->value + packed->last == 5);
  });
}

struct Bits {
  unsigned low : 4, high : 4;
  unsigned char beside;
};

TEST(Plain, NeighbouringBitFieldsAreOneLocation) {
  expect_found(
      [] {
        Bits bits{};
        std::thread other([&] { bits.low = 1; });  //~ low-bits
        bits.high = 2;                             //~ high-bits
        other.join();
      },
      {"data-race @low-bits @high-bits"});
  expect_clean([] {
    Bits bits{};
    std::thread other([&] { bits.low = 1; });
    bits.beside = 2;
    other.join();
  });
}

TEST(Plain, TwoReadersDoNotRace) {
  expect_clean([] {
    int value = 7;
    std::thread other([&] { assert(value == 7); });
    assert(value == 7);
    other.join();
  });
}

// ---- ranges ----

using Buffer = std::array<char, 100>;

TEST(Ranges, EndWhereTheyEnd) {
  expect_clean([] {
    Buffer buffer{}, from{};
    std::thread other([&] { std::memset(hidden(buffer.data()), 1, hidden(50)); });
    std::memcpy(hidden(buffer.data() + 50), from.data(), hidden(50));
    other.join();
    assert(buffer[49] == 1 && buffer[50] == 0);
  });
  expect_found(
      [] {
        Buffer buffer{}, from{};
        std::thread other([&] {
          std::memset(hidden(buffer.data()), 1, hidden(51));  //~ sets-one-too-many
        });
        std::memcpy(hidden(buffer.data() + 50), from.data(), hidden(50));  //~ copies-to
        other.join();
      },
      {"data-race write@sets-one-too-many write@copies-to"});
}

TEST(Ranges, AreReadAtTheirSource) {
  expect_clean([] {
    Buffer buffer{};
    std::thread other([&] {
      Buffer mine{};
      std::memcpy(hidden(mine.data()), buffer.data(), hidden(100));
    });
    Buffer mine{};
    std::memmove(hidden(mine.data()), buffer.data(), hidden(100));
    other.join();
  });
  expect_found(
      [] {
        Buffer buffer{};
        std::thread other([&] {
          Buffer mine{};
          std::memmove(hidden(mine.data()), buffer.data(), hidden(100));  //~ moves-from
        });
        buffer[99] = 1;  //~ writes-the-last
        other.join();
      },
      {"data-race read@moves-from write@writes-the-last"});
}

/// What the C library does for a thread, of which no instrumentation tells: `one` and `other` meet
/// where both are about the same string.
void expect_meeting(void (*one)(char*), void (*other)(char*), const char* race) {
  static void (*calls[2])(char*);
  calls[0] = one;
  calls[1] = other;
  expect_found(
      [] {
        char text[64] = "32 bytes before what is apart";
        std::strcpy(text + 32, "beyond");
        std::thread thread([&] { calls[0](hidden(text)); });
        calls[1](hidden(text));
        thread.join();
      },
      {race});
  expect_clean([] {
    char text[64] = "32 bytes before what is apart";
    std::strcpy(text + 32, "beyond");
    std::thread thread([&] { calls[0](hidden(text)); });
    calls[1](hidden(text + 32));
    thread.join();
  });
}

TEST(Ranges, OfStrings) {
  const auto copies = [](char* text) { std::strcpy(hidden(text), "a copy"); };   //~ string-copies
  const auto formats = [](char* text) { std::snprintf(text, 8, "%d", 12345); };  //~ formats
  const auto appends = [](char* text) {
    std::strcat(text, hidden(const_cast<char*>("+")));  //~ appends
  };
  const auto sorts = [](char* text) {
    constexpr auto compare = [](const void* a, const void* b) {
      return *static_cast<const char*>(a) - *static_cast<const char*>(b);
    };
    std::qsort(text, 8, 1, compare);  //~ sorts
  };
  const auto measures = [](char* text) {
    (void)hidden(static_cast<int>(std::strlen(text)));  //~ measures
  };
  const auto compares = [](char* text) {
    (void)hidden(std::strncmp(text, "a copy", 4));  //~ compares
  };
  const auto looks = [](char* text) { (void)hidden(std::strchr(text, 'a')); };  //~ looks
  const auto compares_bytes = [](char* text) {
    (void)hidden(std::memcmp(text, "32", hidden(2)));  //~ compares-bytes
  };
  const auto duplicates = [](char* text) { std::free(hidden(strdup(text))); };  //~ duplicates
  expect_meeting(copies, measures, "data-race write@string-copies read@measures");
  expect_meeting(formats, compares, "data-race write@formats read@compares");
  expect_meeting(copies, looks, "data-race write@string-copies read@looks");
  expect_meeting(sorts, compares_bytes, "data-race write@sorts read@compares-bytes");
  expect_meeting(appends, duplicates, "data-race write@appends read@duplicates");
  expect_meeting(measures, formats, "data-race read@measures write@formats");
}

// All calls have one result.
TEST(Ranges, OfWhatTheCLibraryReturns) {
  const auto local = [] {
    const std::time_t time = 0;
    (void)hidden(std::localtime(&time));  //~ localtime
  };
  expect_found([&] { together(local, local); }, {"data-race write@localtime write@localtime"});
  const auto own = [] {
    const std::time_t time = 0;
    std::tm to{};
    (void)hidden(localtime_r(&time, &to));
  };
  expect_clean([&] { together(own, own); });
}

TEST(Ranges, CopiesOfObjects) {
  expect_found(
      [] {
        Buffer shared{};
        std::thread other([&] {
          const Buffer copy = shared;  //~ copies
          assert(copy[0] >= 0);
        });
        shared[50] = 1;  //~ changes
        other.join();
      },
      {"data-race read@copies write@changes"});
}

// ---- atomics ----

// Publishes a plain value by a flag; how the flag is stored and loaded is the question.
template <class Store, class Load>
void publish(Store store, Load load) {
  int data = 0;
  std::atomic<int> flag{0};
  std::thread writer([&] {
    data = 42;  //~ published
    store(flag);
  });
  if (load(flag) != 0) {
    const int seen = data;  //~ seen
    assert(seen == 42);
  }
  writer.join();
}

template <class Store, class Load>
void expect_ordered(Store store, Load load) {
  expect_clean([=] { publish(store, load); });
}
template <class Store, class Load>
void expect_unordered(Store store, Load load) {
  expect_found([=] { publish(store, load); }, {"data-race write@published read@seen"});
}

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;
constexpr auto kAcqRel = std::memory_order_acq_rel;
constexpr auto kSeqCst = std::memory_order_seq_cst;
using Flag = std::atomic<int>;

template <std::memory_order order>
void stores(Flag& flag) {
  flag.store(1, order);
}
template <std::memory_order order>
int loads(Flag& flag) {
  return flag.load(order);
}

TEST(Atomics, OnlyReleaseAndAcquirePublish) {
  expect_ordered(&stores<kSeqCst>, &loads<kSeqCst>);
  expect_ordered(&stores<kRelease>, &loads<kAcquire>);
  expect_ordered(&stores<kSeqCst>, &loads<kAcquire>);
  expect_unordered(&stores<kRelaxed>, &loads<kAcquire>);
  expect_unordered(&stores<kRelease>, &loads<kRelaxed>);
  expect_unordered(&stores<kRelaxed>, &loads<kRelaxed>);
}

TEST(Atomics, ReadModifyWritesPublishByTheirOrder) {
  expect_ordered([](Flag& flag) { flag.fetch_add(1, kRelease); }, &loads<kAcquire>);
  expect_ordered([](Flag& flag) { flag.exchange(1, kAcqRel); }, &loads<kSeqCst>);
  expect_ordered(&stores<kRelease>, [](Flag& flag) { return flag.fetch_or(2, kAcquire) & 1; });
  expect_unordered([](Flag& flag) { flag.fetch_sub(1, kAcquire); }, &loads<kAcquire>);
  expect_unordered(&stores<kRelease>, [](Flag& flag) { return flag.fetch_xor(2, kRelease) & 1; });
}

template <std::memory_order success, std::memory_order failure>
int takes_one(Flag& flag) {
  int expected = 1;
  return flag.compare_exchange_strong(expected, 2, success, failure);
}
template <std::memory_order success, std::memory_order failure>
int fails_on_one(Flag& flag) {
  int expected = 0;
  return flag.compare_exchange_strong(expected, 0, success, failure) ? 0 : expected;
}

TEST(Atomics, CompareExchangeHasAnOrderForEachOutcome) {
  expect_ordered(&stores<kRelease>, &takes_one<kAcquire, kRelaxed>);
  expect_unordered(&stores<kRelease>, &takes_one<kRelaxed, kRelaxed>);
  expect_ordered(&stores<kRelease>, &fails_on_one<kRelaxed, kAcquire>);
  expect_unordered(&stores<kRelease>, &fails_on_one<kAcquire, kRelaxed>);
}

TEST(Atomics, FencesMakeRelaxedAccessesPublish) {
  const auto fenced_store = [](Flag& flag) {
    std::atomic_thread_fence(kRelease);
    flag.store(1, kRelaxed);
  };
  const auto fenced_load = [](Flag& flag) {
    const int value = flag.load(kRelaxed);
    std::atomic_thread_fence(kAcquire);
    return value;
  };
  const auto late_fence = [](Flag& flag) {
    flag.store(1, kRelaxed);
    std::atomic_thread_fence(kRelease);
  };
  const auto early_fence = [](Flag& flag) {
    std::atomic_thread_fence(kAcquire);
    return flag.load(kRelaxed);
  };
  expect_ordered(fenced_store, fenced_load);
  expect_ordered(fenced_store, &loads<kAcquire>);
  expect_ordered(&stores<kRelease>, fenced_load);
  expect_unordered(late_fence, fenced_load);
  expect_unordered(fenced_store, early_fence);
}

TEST(Atomics, ReleaseSequencesGoThroughReadModifyWritesOnly) {
  // A third thread changes the flag in between, relaxed.
  const auto program = [](bool by_rmw) {
    int data = 0;
    Flag flag{0};
    std::thread writer([&] {
      data = 42;  //~ head
      flag.store(1, kRelease);
    });
    std::thread between([&] {
      if (by_rmw) {
        int one = 1;
        flag.compare_exchange_strong(one, 2, kRelaxed);
      } else if (flag.load(kRelaxed) == 1) {
        flag.store(2, kRelaxed);
      }
    });
    if (flag.load(kAcquire) == 2) {
      const int seen = data;  //~ after-the-sequence
      assert(seen == 42);
    }
    writer.join();
    between.join();
  };
  expect_clean([=] { program(true); });
  expect_found([=] { program(false); }, {"data-race write@head read@after-the-sequence"});
}

TEST(Atomics, MixedWithPlainAccesses) {
  expect_found(
      [] {
        int counter = 0;
        std::thread other([&] { ++std::atomic_ref<int>(counter); });  //~ atomically
        counter = 5;                                                  //~ plainly
        other.join();
      },
      {"data-race @atomically @plainly"});
}

template <class T>
void count_in_two_threads() {
  std::atomic<T> value{0};
  const auto work = [&] {
    value.fetch_add(3);
    T seen = value.load();
    while (!value.compare_exchange_weak(seen, static_cast<T>(seen + 2))) {
    }
    value.fetch_sub(1);
  };
  std::thread other(work);
  work();
  other.join();
  assert(value.load() == 8);
  assert(value.exchange(5) == 8 && value.fetch_and(4) == 5 && value.fetch_or(3) == 4);
  assert(value.fetch_xor(1) == 7 && value.load() == 6);
}

TEST(Atomics, ComputeAtEverySize) {
  expect_clean(&count_in_two_threads<std::uint8_t>, options(200));
  expect_clean(&count_in_two_threads<std::uint16_t>, options(200));
  expect_clean(&count_in_two_threads<std::uint32_t>, options(200));
  expect_clean(&count_in_two_threads<std::uint64_t>, options(200));
}

TEST(Atomics, LoadThenStoreLosesUpdates) {
  expect_found(
      [] {
        std::atomic<int> value{0};
        const auto count = [&] { value = value + 1; };  //~ load-and-store
        std::thread other(count);
        count();
        other.join();
      },
      {"lost-update read@load-and-store lost@load-and-store write@load-and-store"});
}

TEST(Atomics, FlagsMakeASpinLock) {
  expect_clean([] {
    std::atomic_flag busy = ATOMIC_FLAG_INIT;
    int counter = 0;
    const auto count = [&] {
      for (int i = 0; i < 2; ++i) {
        while (busy.test_and_set(kAcquire)) std::this_thread::yield();
        ++counter;
        busy.clear(kRelease);
      }
    };
    std::thread other(count);
    count();
    other.join();
    assert(counter == 4);
  });
}

}  // namespace
}  // namespace chicane::tests
