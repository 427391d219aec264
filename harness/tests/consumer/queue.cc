// SPDX-License-Identifier: Apache-2.0
#include "queue.h"

void Queue::push(int value) {
  const std::lock_guard lock(mutex_);
  values_.push(value);
  not_empty_.notify_one();
}

int Queue::pop() {
  std::unique_lock lock(mutex_);
  not_empty_.wait(lock, [this] { return !values_.empty(); });
  const int value = values_.front();
  values_.pop();
  return value;
}
