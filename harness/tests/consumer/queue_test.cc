// SPDX-License-Identifier: Apache-2.0
#include "queue.h"

#include <thread>

int main() {
  Queue queue;
  std::thread producer([&] {
    queue.push(1);
    queue.push(2);
  });
  const int sum = queue.pop() + queue.pop();
  producer.join();
  return sum == 3 ? 0 : 1;
}
