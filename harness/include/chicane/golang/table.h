// SPDX-License-Identifier: Apache-2.0
//
// What the maps share: a hash table in the runtime, with keys as bytes and values as shared heap
// nodes. Not for programs: include map.h.
//
// Thread safety: any thread.
// Invariants: I1. A node is never changed: storing puts another in its place. I2. The table itself
// is touched by the runtime only.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "chicane/golang/atomic.h"

namespace chicane::golang::internal {

class Table {
 public:
  enum class Check : bool { kNone, kConcurrentAccess };
  explicit Table(Check check);
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  // Shared values: with a reference for the caller, or null when there is none.
  Shared* load(std::string_view key) const;
  void store(std::string_view key, Shared* value);  // takes the reference over
  /// What is there, else `fresh` after storing it; `*loaded` tells which. Takes `fresh` over.
  Shared* load_or_store(std::string_view key, Shared* fresh, bool* loaded);
  Shared* erase(std::string_view key);
  std::size_t size() const;
  /// Calls f(argument, value) for each entry of a snapshot; until it returns false.
  void range(bool (*f)(void* argument, void* value), void* argument) const;

 private:
  struct Rep;
  Rep* rep_;
};

template <class K>
std::string_view key_bytes(const K& key) {
  if constexpr (std::is_convertible_v<const K&, std::string_view>) {
    return std::string_view(key);
  } else {
    static_assert(std::has_unique_object_representations_v<K>,
                  "a map's key must be comparable as bytes, or convert to std::string_view");
    return std::string_view(reinterpret_cast<const char*>(&key), sizeof key);
  }
}

template <class K, class V>
struct Entry {
  K key;
  V value;
};

template <class K, class V>
class TypedTable {
 public:
  using E = Entry<K, V>;
  using Handle = SharedHandle<E>;
  explicit TypedTable(Table::Check check) : table_(check) {}
  std::optional<V> load(const K& key) const { return value_of(table_.load(key_bytes(key))); }
  void store(const K& key, V value) {
    table_.store(key_bytes(key), Handle::make(key, std::move(value)));
  }
  std::pair<V, bool> load_or_store(const K& key, V value) {
    bool loaded = false;
    Handle entry(
        table_.load_or_store(key_bytes(key), Handle::make(key, std::move(value)), &loaded));
    return {entry->value, loaded};
  }
  std::optional<V> erase(const K& key) { return value_of(table_.erase(key_bytes(key))); }
  std::size_t size() const { return table_.size(); }
  template <class F>
  void range(F&& f) const {
    using Fn = std::remove_reference_t<F>;
    table_.range(
        [](void* argument, void* value) -> bool {
          Fn& fn = *static_cast<Fn*>(argument);
          const E& entry = *static_cast<const E*>(value);
          if constexpr (std::is_convertible_v<decltype(fn(entry.key, entry.value)), bool>) {
            return static_cast<bool>(fn(entry.key, entry.value));
          } else {
            fn(entry.key, entry.value);
            return true;
          }
        },
        const_cast<void*>(static_cast<const void*>(&f)));
  }

 private:
  static std::optional<V> value_of(Shared* shared) {
    Handle entry(shared);
    return entry ? std::optional<V>(entry->value) : std::nullopt;
  }
  Table table_;
};
}  // namespace chicane::golang::internal
