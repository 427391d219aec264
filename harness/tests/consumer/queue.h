// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <queue>

class Queue {
 public:
  void push(int value);
  int pop();

 private:
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::queue<int> values_;
};
