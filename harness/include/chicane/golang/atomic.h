// SPDX-License-Identifier: Apache-2.0
//
// Go's sync/atomic. All operations are sequentially consistent.
//
//   Atomic<T>      | load, store, add, swap, compare_and_swap: never block, never fail
//   AtomicValue<T> | empty: load gives nullopt; after the first store: load gives a copy of the
//                  | value stored last. Copying the *handle* T is the caller's business: a T that
//                  | is a pointer gives everybody the same object.
//
// Thread safety: any thread. Neither can be copied.
// Happens-before: an operation before every one that observes its effect.
// Cost: Atomic<T> is a std::atomic<T>; AtomicValue<T> one heap node per store.
#pragma once

#include <atomic>
#include <optional>
#include <type_traits>
#include <utility>

namespace chicane::golang {

template <class T>
class Atomic {
 public:
  constexpr Atomic() noexcept : value_(T()) {}
  constexpr Atomic(T value) noexcept : value_(value) {}  // as std::atomic's: Atomic<int> n = 0
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load() const { return value_.load(); }
  void store(T value) { value_.store(value); }
  T swap(T value) { return value_.exchange(value); }
  /// Replaces `expected` by `desired`; whether it did. Unlike std::atomic's it never changes
  /// `expected`.
  bool compare_and_swap(T expected, T desired) {
    return value_.compare_exchange_strong(expected, desired);
  }
  /// Adds `delta` and gives the new value, as Go does.
  template <class D = T>
  T add(D delta)
    requires std::is_integral_v<T>
  {
    return static_cast<T>(value_.fetch_add(static_cast<T>(delta)) + static_cast<T>(delta));
  }

 private:
  std::atomic<T> value_;
};

namespace internal {
/// A value that several threads read: never changed, freed with its last reader.
class Shared;  // harness/golang/shared.h
Shared* shared_make(void* value, void (*destroy)(void*));
void* shared_value(Shared* shared);
void shared_drop(Shared* shared);

/// Owns one reference; T is what shared_value points to.
template <class T>
class SharedHandle {
 public:
  explicit SharedHandle(Shared* owned) : shared_(owned) {}
  SharedHandle(const SharedHandle&) = delete;
  SharedHandle& operator=(const SharedHandle&) = delete;
  ~SharedHandle() {
    if (shared_ != nullptr) shared_drop(shared_);
  }
  template <class... A>
  static Shared* make(A&&... a) {
    return shared_make(new T(std::forward<A>(a)...),
                       [](void* value) { delete static_cast<T*>(value); });
  }
  explicit operator bool() const { return shared_ != nullptr; }
  const T& operator*() const { return *static_cast<const T*>(shared_value(shared_)); }
  const T* operator->() const { return &**this; }

 private:
  Shared* shared_;
};

class Cell {
 public:
  constexpr Cell() = default;
  Cell(const Cell&) = delete;
  ~Cell();
  Shared* load() const;         // with a reference for the caller, or null
  void store(Shared* value);    // takes the reference over
  Shared* swap(Shared* value);  // likewise; gives the old one's to the caller

 private:
  Shared* value_ = nullptr;
};
}  // namespace internal

template <class T>
class AtomicValue {
 public:
  constexpr AtomicValue() = default;
  std::optional<T> load() const {
    internal::SharedHandle<T> value(cell_.load());
    return value ? std::optional<T>(*value) : std::nullopt;
  }
  void store(T value) { cell_.store(internal::SharedHandle<T>::make(std::move(value))); }
  /// Stores and gives what was there before.
  std::optional<T> swap(T value) {
    internal::SharedHandle<T> old(cell_.swap(internal::SharedHandle<T>::make(std::move(value))));
    return old ? std::optional<T>(*old) : std::nullopt;
  }

 private:
  internal::Cell cell_;
};

}  // namespace chicane::golang
