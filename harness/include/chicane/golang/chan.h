// SPDX-License-Identifier: Apache-2.0
//
// Go's channels. A Chan<T> is a handle: copies refer to the same channel. SendChan<T> and
// RecvChan<T> are its one-way views.
//
//   operation | nil            | open                                  | closed
//   ----------|----------------|---------------------------------------|---------------------------
//   send      | blocks for ever| waits for a receiver or buffer space  | panic send-on-closed
//   recv      | blocks for ever| waits for a sender or a buffered value| the rest, then nullopt
//   try_send  | false          | false where send would block          | panic send-on-closed
//   try_recv  | nullopt        | nullopt where recv would block        | the rest, then nullopt
//   close     | panic          | wakes every receiver; senders that    | panic close-of-closed
//             |  close-of-nil  |  wait get panic send-on-closed        |
//   size, cap | 0              | values buffered, capacity             | likewise
//
// Thread safety: any thread may call anything on a channel; a handle variable itself is a plain
// variable.
// Happens-before, and nothing beyond it:
//   H1. The k-th send before the completion of the k-th receive.
//   H2. The k-th receive before the completion of the (k+C)-th send, C being the capacity: with
//       C = 0 a send ends after its receive has begun; with C > 0 it says nothing of its receiver.
//   H3. close before a receive that returns because the channel is closed.
// Invariants:
//   I1. Values arrive in the order of their sends; each is received once or stays in the buffer.
//   I2. An unbuffered channel holds nothing: a send and its receive are one rendezvous, and
//       whichever of the two comes second makes it.
//   I3. A try on an unbuffered channel whose partner is about to arrive may find it or not: under
//       the engine that is a choice.
// Cost: one heap node per value; under the engine one operation per call.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "chicane/golang/chan_core.h"

namespace chicane::golang {

/// Go's struct{}.
struct Unit {
  friend bool operator==(Unit, Unit) { return true; }
};

/// The receiving side.
template <class T>
class RecvChan {
 public:
  using value_type = T;
  explicit RecvChan(internal::ChannelHandle handle) : handle_(std::move(handle)) {}
  static RecvChan nil() { return RecvChan(internal::ChannelHandle(nullptr)); }
  /// The next value; nullopt once the channel is closed and drained.
  std::optional<T> recv() const {
    return internal::take_value<T>(internal::channel_receive(handle_.get()));
  }
  /// A value that is there now; nullopt otherwise.
  std::optional<T> try_recv() const {
    return internal::take_value<T>(internal::channel_try_receive(handle_.get()));
  }
  std::size_t size() const { return internal::channel_size(handle_.get()); }
  std::size_t capacity() const { return internal::channel_capacity(handle_.get()); }
  bool is_nil() const { return handle_.get() == nullptr; }
  internal::ReceiveIterator<T> begin() const { return internal::ReceiveIterator<T>(handle_.get()); }
  internal::ReceiveIterator<T> end() const { return {}; }
  const internal::ChannelHandle& handle() const { return handle_; }
  friend bool operator==(const RecvChan& a, const RecvChan& b) {
    return a.handle_.get() == b.handle_.get();
  }

 private:
  internal::ChannelHandle handle_;
};

/// The sending side.
template <class T>
class SendChan {
 public:
  using value_type = T;
  explicit SendChan(internal::ChannelHandle handle) : handle_(std::move(handle)) {}
  static SendChan nil() { return SendChan(internal::ChannelHandle(nullptr)); }
  void send(T value) const { internal::send_value(handle_.get(), std::move(value)); }
  /// Whether the value went; where it would have to wait it is dropped.
  bool try_send(T value) const { return internal::try_send_value(handle_.get(), std::move(value)); }
  void close() const { internal::channel_close(handle_.get()); }
  std::size_t size() const { return internal::channel_size(handle_.get()); }
  std::size_t capacity() const { return internal::channel_capacity(handle_.get()); }
  bool is_nil() const { return handle_.get() == nullptr; }
  const internal::ChannelHandle& handle() const { return handle_; }
  friend bool operator==(const SendChan& a, const SendChan& b) {
    return a.handle_.get() == b.handle_.get();
  }

 private:
  internal::ChannelHandle handle_;
};

/// A channel; converts to either side.
template <class T>
class Chan {
 public:
  using value_type = T;
  explicit Chan(std::size_t capacity = 0)
      : handle_(internal::channel_make(capacity, &internal::Box<T>::destroy)) {}
  static Chan nil() { return Chan(internal::ChannelHandle(nullptr)); }
  operator RecvChan<T>() const { return RecvChan<T>(handle_); }
  operator SendChan<T>() const { return SendChan<T>(handle_); }

  void send(T value) const { internal::send_value(handle_.get(), std::move(value)); }
  bool try_send(T value) const { return internal::try_send_value(handle_.get(), std::move(value)); }
  std::optional<T> recv() const {
    return internal::take_value<T>(internal::channel_receive(handle_.get()));
  }
  std::optional<T> try_recv() const {
    return internal::take_value<T>(internal::channel_try_receive(handle_.get()));
  }
  void close() const { internal::channel_close(handle_.get()); }
  std::size_t size() const { return internal::channel_size(handle_.get()); }
  std::size_t capacity() const { return internal::channel_capacity(handle_.get()); }
  bool is_nil() const { return handle_.get() == nullptr; }
  internal::ReceiveIterator<T> begin() const { return internal::ReceiveIterator<T>(handle_.get()); }
  internal::ReceiveIterator<T> end() const { return {}; }
  const internal::ChannelHandle& handle() const { return handle_; }
  friend bool operator==(const Chan& a, const Chan& b) {
    return a.handle_.get() == b.handle_.get();
  }

 private:
  explicit Chan(internal::ChannelHandle handle) : handle_(std::move(handle)) {}
  internal::ChannelHandle handle_;
};

}  // namespace chicane::golang
