// SPDX-License-Identifier: Apache-2.0
//
// Go's sync.Pool: a bag of values that may be forgotten at any time.
//
//   state    | get                                     | put(x)
//   ---------|-----------------------------------------|----------------------------------------
//   empty    | make()                                  | holds x
//   holds n  | one of them, or make(): a choice        | holds n + 1; misuse use-after-put when
//            |                                         | x is a pointer that is in the pool
//
// What is in the pool belongs to it: an access after put races with the next get.
//
// Thread safety: any thread; `make` runs in the calling thread, outside of the pool.
// Happens-before: put(x) before the get that returns x.
// Cost: one heap node per value.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "chicane/golang/chan.h"

namespace chicane::golang {

namespace internal {
class PoolCore {
 public:
  explicit PoolCore(void (*destroy)(void*));
  ~PoolCore();
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;
  void* get();                           // a box, or null: make one
  void put(void* box, const void* key);  // `key` is the pointer within, or null

 private:
  struct Node;
  void (*destroy_)(void*);
  Node* top_ = nullptr;
};
}  // namespace internal

template <class T>
class Pool {
 public:
  /// `make` gives a value when the pool has none; without it, T().
  explicit Pool(std::function<T()> make = [] { return T(); })
      : make_(std::move(make)), core_(&internal::Box<T>::destroy) {}
  T get() {
    internal::Box<T> box(core_.get());
    if (box.get() == nullptr) return make_();
    return std::move(*static_cast<T*>(box.get()));
  }
  void put(T value) {
    const void* key = nullptr;
    if constexpr (std::is_pointer_v<T>) {
      key = value;
    } else if constexpr (requires { static_cast<const void*>(value.get()); }) {
      key = value.get();
    }
    internal::Box<T> box(std::in_place, std::move(value));
    core_.put(box.get(), key);
    box.release();
  }

 private:
  std::function<T()> make_;
  internal::PoolCore core_;
};

}  // namespace chicane::golang
