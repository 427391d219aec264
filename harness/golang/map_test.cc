// SPDX-License-Identifier: Apache-2.0
//
// Maps, pools and atomics, on native threads and under the engine.
#include <memory>

#include "chicane/golang.h"
#include "golang/both_ways.h"

namespace chicane::golang {
namespace {

TEST(Map, IsGosMap) {
  both_ways([] {
    Map<std::string, int> map;
    map["a"] = 1;
    map["b"]++;
    map["b"] += 2;
    must(map["b"] == 3 && map["absent"] == 0 && map.size() == 2);
    must(map.get("a") == 1 && !map.get("absent").has_value());
    int sum = 0;
    map.range([&](const std::string&, int value) { sum += value; });
    must(sum == 4);
    map.erase("a");
    must(!map.contains("a"));
    Map<int, std::unique_ptr<int>*> many;
    for (int i = 0; i < 100; ++i) many.set(i, nullptr);
    for (int i = 0; i < 100; ++i) must(many.contains(i));
    must(many.size() == 100);
  });
}

TEST(Map, ConcurrentAccessIsFatal) {
  only_explored(
      [] {
        Map<int, int> map;
        WaitGroup group;
        for (int i = 0; i < 2; ++i) group.go([&map, i] { map[i] = i; });
        group.wait();
      },
      {"concurrent-map-access"});
}

TEST(Map, ConcurrentReadsAreFine) {
  both_ways([] {
    Map<int, int> map;
    map[1] = 2;
    WaitGroup group;
    for (int i = 0; i < 2; ++i) group.go([&map] { must(map.get(1) == 2); });
    group.wait();
  });
}

TEST(SyncMap, EachCallIsAtomic) {
  both_ways([] {
    SyncMap<std::string, int> map;
    WaitGroup group;
    Atomic<int> stored = 0;
    for (int i = 1; i <= 2; ++i) {
      group.go([&, i] {
        if (!map.load_or_store("key", i).second) stored.add(1);
      });
    }
    group.wait();
    must(stored.load() == 1);
    map.store("other", 5);
    must(map.load("other") == 5 && !map.load("absent").has_value());
    int count = 0;
    map.range([&](const std::string&, int) {
      ++count;
      return false;
    });
    must(count == 1);
    must(map.load_and_erase("other") == 5);
    map.erase("absent");
    must(!map.load("other").has_value());
  });
}

TEST(Pool, MayForgetButNeverGivesTwice) {
  both_ways([] {
    Pool<std::shared_ptr<int>> pool([] { return std::make_shared<int>(0); });
    auto one = pool.get();
    *one = 1;
    pool.put(one);
    auto a = pool.get();
    auto b = pool.get();
    must(a != b && *b + *a <= 1);
  });
}

TEST(Pool, PutTwiceIsMisuse) {
  only_explored(
      [] {
        int x = 0;
        Pool<int*> pool;
        pool.put(&x);
        pool.put(&x);
      },
      {"use-after-put"});
}

TEST(Atomic, IsAtomic) {
  both_ways([] {
    Atomic<int> n = 5;
    must(n.add(2) == 7 && n.swap(1) == 7 && n.load() == 1);
    must(!n.compare_and_swap(7, 8) && n.compare_and_swap(1, 8) && n.load() == 8);
    n.store(3);
    must(n.load() == 3);
    Atomic<bool> flag;
    must(!flag.load());
  });
}

TEST(AtomicValue, EmptyUntilTheFirstStore) {
  both_ways([] {
    AtomicValue<std::string> value;
    must(!value.load().has_value());
    WaitGroup group;
    group.go([&] { value.store("one"); });
    group.go([&] {
      std::optional<std::string> seen = value.load();
      must(!seen.has_value() || *seen == "one");
    });
    group.wait();
    must(value.swap("two") == "one" && value.load() == "two");
  });
}

TEST(Go, CopiesItsArguments) {
  both_ways([] {
    Chan<int> ch(3);
    for (int i = 0; i < 3; ++i) go([ch](int x) { ch.send(x); }, i);
    must(*ch.recv() + *ch.recv() + *ch.recv() == 3);
  });
}

}  // namespace
}  // namespace chicane::golang
