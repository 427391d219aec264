// SPDX-License-Identifier: Apache-2.0
//
// Go's maps: Map<K, V> is the built-in one, SyncMap<K, V> is sync.Map.
//
//   Map             | a read begins                    | a write begins
//   ----------------|----------------------------------|---------------------------------
//   idle            | reading(1)                       | writing
//   reading(n)      | reading(n + 1)                   | fatal: concurrent-map-access
//   writing         | fatal: concurrent-map-access     | fatal: concurrent-map-access
//
// An access of Map is two operations, its begin and its end, so that another goroutine can come
// between. The check is Go's run-time check: it sees an overlap, in some schedule; race detectors
// do not see what is inside. On native threads an access is atomic, and the check finds nothing.
// SyncMap's calls are one operation each and never conflict; two calls in a row are not atomic
// together (load_or_store is).
//
// Keys are compared as bytes: integers, enumerations, pointers, structs without padding, or
// whatever converts to std::string_view. Values are copied out.
//
// Thread safety: Map: as the table says; SyncMap: any thread. Neither can be copied.
// Happens-before: SyncMap: a store (or erase) before every call that observes it.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "chicane/golang/table.h"

namespace chicane::golang {

/// sync.Map.
template <class K, class V>
class SyncMap {
 public:
  std::optional<V> load(const K& key) const { return table_.load(key); }
  void store(const K& key, V value) { table_.store(key, std::move(value)); }
  /// The value that is there afterwards, and whether it was there before.
  std::pair<V, bool> load_or_store(const K& key, V value) {
    return table_.load_or_store(key, std::move(value));
  }
  std::optional<V> load_and_erase(const K& key) { return table_.erase(key); }
  void erase(const K& key) { table_.erase(key); }
  /// f(key, value) for each; stops when f returns false. The order is not defined.
  template <class F>
  void range(F&& f) const {
    table_.range(f);
  }

 private:
  internal::TypedTable<K, V> table_{internal::Table::Check::kNone};
};

/// Go's built-in map.
template <class K, class V>
class Map {
 public:
  /// `map[k] = v`, `V v = map[k]` (V() when absent), `map[k] += d` (a read, then a write).
  class Slot {
   public:
    Slot(Map& map, K key) : map_(map), key_(std::move(key)) {}
    void operator=(V value) { map_.table_.store(key_, std::move(value)); }
    operator V() const { return map_.table_.load(key_).value_or(V()); }
    void operator+=(const V& delta) { *this = static_cast<V>(*this) + delta; }
    void operator++() { *this = static_cast<V>(*this) + 1; }
    void operator++(int) { ++*this; }

   private:
    Map& map_;
    K key_;
  };
  Slot operator[](K key) { return Slot(*this, std::move(key)); }
  std::optional<V> get(const K& key) const { return table_.load(key); }
  bool contains(const K& key) const { return table_.load(key).has_value(); }
  void set(const K& key, V value) { table_.store(key, std::move(value)); }
  void erase(const K& key) { table_.erase(key); }
  std::size_t size() const { return table_.size(); }
  template <class F>
  void range(F&& f) const {
    table_.range(f);
  }

 private:
  internal::TypedTable<K, V> table_{internal::Table::Check::kConcurrentAccess};
};

}  // namespace chicane::golang
