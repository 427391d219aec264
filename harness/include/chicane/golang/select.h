// SPDX-License-Identifier: Apache-2.0
//
// Go's select statement.
//
//     select(on_recv(ch, [&](std::optional<int> v) { ... }),   // nullopt: closed and drained
//            on_send(out, value, [&] { ... }),
//            otherwise([&] { ... }));
//
//   cases ready | with otherwise               | without
//   ------------|------------------------------|---------------------------------
//   none        | otherwise runs, at once      | waits for the first that is ready
//   one or more | one of them: a choice        | one of them: a choice
//
// A case on a nil channel is never ready; `select()` blocks for ever; a send case on a closed
// channel is ready, and panics when chosen. Handlers run after the communication, outside of it.
//
// Thread safety: any thread. Happens-before: those of the chosen case (chan.h), no others.
// Cost: one operation, whatever the number of cases.
#pragma once

#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "chicane/golang/chan.h"

namespace chicane::golang {

namespace internal {
struct SelectCase {
  Channel* channel = nullptr;
  bool is_send = false;
  bool is_otherwise = false;
  void* box = nullptr;  // to send; or what was received
};
/// The index of the chosen case, whose communication is done.
std::size_t select_case(SelectCase* cases, std::size_t count);

template <class T, class F>
struct RecvCase {
  RecvChan<T> channel;
  F f;
  void prepare(SelectCase& slot) { slot.channel = channel.handle().get(); }
  void finish(SelectCase& slot) {
    std::optional<T> value = Box<T>(slot.box).take();
    if constexpr (std::is_invocable_v<F&, std::optional<T>>) {
      f(std::move(value));
    } else {
      f();
    }
  }
};

template <class T, class F>
struct SendCase {
  SendChan<T> channel;
  Box<T> box;
  F f;
  void prepare(SelectCase& slot) {
    slot.channel = channel.handle().get();
    slot.is_send = true;
    slot.box = box.get();
  }
  void finish(SelectCase&) {
    box.release();
    f();
  }
};

template <class F>
struct OtherwiseCase {
  F f;
  void prepare(SelectCase& slot) { slot.is_otherwise = true; }
  void finish(SelectCase&) { f(); }
};
}  // namespace internal

/// Receives from `channel` and calls f(std::optional<T>) or f().
template <class C, class F>
auto on_recv(const C& channel, F f) {
  using T = typename C::value_type;
  return internal::RecvCase<T, F>{RecvChan<T>(channel.handle()), std::move(f)};
}

/// Sends `value` (evaluated now, as in Go) to `channel` and calls f().
template <class C, class V, class F>
auto on_send(const C& channel, V&& value, F f) {
  using T = typename C::value_type;
  return internal::SendCase<T, F>{SendChan<T>(channel.handle()),
                                  internal::Box<T>(std::in_place, std::forward<V>(value)),
                                  std::move(f)};
}
template <class C, class V>
auto on_send(const C& channel, V&& value) {
  return on_send(channel, std::forward<V>(value), [] {});
}

/// Go's `default:`.
template <class F>
auto otherwise(F f) {
  return internal::OtherwiseCase<F>{std::move(f)};
}
inline auto otherwise() {
  return otherwise([] {});
}

template <class... Cases>
void select(Cases&&... cases) {
  internal::SelectCase slots[sizeof...(Cases) + 1];
  std::size_t index = 0;
  (cases.prepare(slots[index++]), ...);
  const std::size_t chosen = internal::select_case(slots, sizeof...(Cases));
  index = 0;
  // The comma's short circuit: only the chosen case finishes; the others' boxes die with them.
  ((index++ == chosen ? cases.finish(slots[chosen]) : void()), ...);
}

}  // namespace chicane::golang
