// SPDX-License-Identifier: Apache-2.0
//
// Go's package context: a tree of cancellation signals, deadlines and values.
//
//   state    | cancel()                        | deadline passes     | done()       | err()
//   ---------|---------------------------------|---------------------|--------------|----------------
//   live     | canceled, and every live        | expired, and so is  | open         | nil
//            | descendant, depth first         | every descendant    |              |
//   canceled | nothing                         | nothing             | closed       | context
//   canceled expired  | nothing                         | nothing             | closed       |
//   context deadline
//            |                                 |                     |              |   exceeded
//
// A child of a context that is over begins over. background() and todo() are never over: done() is
// a nil channel. A deadline is looked at, not run: no goroutine stands behind it.
//
// Thread safety: any thread; a Context and a CancelFunc are handles.
// Happens-before: cancel before a receive from done() that returns because of it, and before an
// err() that shows it.
// Invariants: I1. When cancel() has returned, every descendant is over. I2. deadline() of a child
// is never later than its parent's.
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "chicane/golang/chan.h"
#include "chicane/golang/error.h"
#include "chicane/golang/time.h"

namespace chicane::golang {

class CancelFunc;
class ErrGroup;

namespace internal {
class ContextNode;  // harness/golang/context.cc
void context_drop(ContextNode* node);
ContextNode* context_share(ContextNode* node);
ContextNode* context_with_value(ContextNode* parent, std::string_view key, const void* type,
                                void* value, void (*destroy)(void*));
const void* context_value(const ContextNode* node, std::string_view key, const void* type);
template <class T>
inline constexpr char kTypeTag = 0;
}  // namespace internal

class Context {
 public:
  static Context background();
  static Context todo() { return background(); }
  Context(const Context& other) : node_(internal::context_share(other.node_)) {}
  Context& operator=(Context other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Context() { internal::context_drop(node_); }

  RecvChan<Unit> done() const;
  Error err() const;
  std::optional<TimePoint> deadline() const;
  /// The nearest value of that key and type, going up; a pointer T shares what it points to.
  template <class T>
  std::optional<T> value(std::string_view key) const {
    const void* found = internal::context_value(node_, key, &internal::kTypeTag<T>);
    return found != nullptr ? std::optional<T>(*static_cast<const T*>(found)) : std::nullopt;
  }

 private:
  friend class CancelFunc;
  friend class ErrGroup;
  friend std::pair<Context, CancelFunc> with_cancel(const Context& parent);
  friend std::pair<Context, CancelFunc> with_deadline(const Context& parent, TimePoint deadline);
  friend std::pair<Context, CancelFunc> with_timeout(const Context& parent, Duration duration);
  template <class T>
  friend Context with_value(const Context& parent, std::string_view key, T value);
  explicit Context(internal::ContextNode* owned) : node_(owned) {}
  internal::ContextNode* node_;
};

/// Ends its context and the context's descendants. May be called again, and by anybody.
class CancelFunc {
 public:
  explicit CancelFunc(const Context& context) : context_(context) {}
  void operator()() const;

 private:
  Context context_;
};

/// `auto [child, cancel] = with_cancel(parent);`
std::pair<Context, CancelFunc> with_cancel(const Context& parent);
std::pair<Context, CancelFunc> with_deadline(const Context& parent, TimePoint deadline);
std::pair<Context, CancelFunc> with_timeout(const Context& parent, Duration duration);

template <class T>
Context with_value(const Context& parent, std::string_view key, T value) {
  return Context(internal::context_with_value(parent.node_, key, &internal::kTypeTag<T>,
                                              new T(std::move(value)), &internal::Box<T>::destroy));
}

/// What err() gives.
Error canceled();
Error deadline_exceeded();

}  // namespace chicane::golang
