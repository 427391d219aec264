// SPDX-License-Identifier: Apache-2.0
//
// What the channel templates share: boxes, handles, and the calls into the runtime, which moves
// boxes and never looks into one. Not for programs: include chan.h.
//
// Thread safety: the calls may be made by any thread; Box and ChannelHandle are values of one.
// Invariants: a box belongs to one thread, or to a channel, at a time; the channel's edges (H1)
// order its handover.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

namespace chicane::golang::internal {

class Channel;  // harness/golang/channel.h
Channel* channel_make(std::size_t capacity, void (*destroy)(void*));
Channel* channel_share(Channel* channel);  // null stays null
void channel_drop(Channel* channel);
// A box is a T on the heap. `send` takes it over when it returns; when it throws the caller keeps
// it. `receive` gives it, or null when the channel is closed and drained.
void channel_send(Channel* channel, void* box);
void* channel_receive(Channel* channel);
bool channel_try_send(Channel* channel, void* box);
void* channel_try_receive(Channel* channel);
void channel_close(Channel* channel);
std::size_t channel_size(Channel* channel);
std::size_t channel_capacity(Channel* channel);

/// Owns a T between threads.
template <class T>
class Box {
 public:
  template <class... A>
  explicit Box(std::in_place_t, A&&... a) : value_(new T(std::forward<A>(a)...)) {}
  explicit Box(void* value) : value_(static_cast<T*>(value)) {}
  Box(Box&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Box& operator=(Box&&) = delete;
  ~Box() { delete value_; }
  void* get() const { return value_; }
  void release() { value_ = nullptr; }
  std::optional<T> take() {
    if (value_ == nullptr) return std::nullopt;
    return std::optional<T>(std::move(*value_));
  }
  static void destroy(void* value) { delete static_cast<T*>(value); }

 private:
  T* value_;
};

class ChannelHandle {
 public:
  explicit ChannelHandle(Channel* owned) : channel_(owned) {}
  ChannelHandle(const ChannelHandle& other) : channel_(channel_share(other.channel_)) {}
  ChannelHandle(ChannelHandle&& other) noexcept
      : channel_(std::exchange(other.channel_, nullptr)) {}
  ChannelHandle& operator=(ChannelHandle other) noexcept {
    std::swap(channel_, other.channel_);
    return *this;
  }
  ~ChannelHandle() {
    if (channel_ != nullptr) channel_drop(channel_);
  }
  Channel* get() const { return channel_; }

 private:
  Channel* channel_;
};

/// Input iterator of `for (T v : ch)`: receives until the channel is closed and drained.
template <class T>
class ReceiveIterator {
 public:
  ReceiveIterator() = default;
  explicit ReceiveIterator(Channel* channel) : channel_(channel) { ++*this; }
  T& operator*() { return *value_; }
  ReceiveIterator& operator++() {
    value_.reset();
    Box<T> box(channel_receive(channel_));
    if (box.get() != nullptr) value_.emplace(std::move(*static_cast<T*>(box.get())));
    return *this;
  }
  bool operator!=(const ReceiveIterator&) const { return value_.has_value(); }

 private:
  Channel* channel_ = nullptr;
  std::optional<T> value_;
};
template <class T>
std::optional<T> take_value(void* box) {
  return Box<T>(box).take();
}

template <class T>
void send_value(Channel* channel, T&& value) {
  Box<T> box(std::in_place, std::forward<T>(value));
  channel_send(channel, box.get());
  box.release();
}

template <class T>
bool try_send_value(Channel* channel, T&& value) {
  Box<T> box(std::in_place, std::forward<T>(value));
  if (!channel_try_send(channel, box.get())) return false;
  box.release();
  return true;
}

}  // namespace chicane::golang::internal
