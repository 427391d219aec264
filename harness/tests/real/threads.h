// SPDX-License-Identifier: Apache-2.0
//
// What the suites of this folder share.
#pragma once

#include <thread>
#include <vector>

/// Runs the bodies in threads of their own, and joins them.
template <class... Bodies>
void together(Bodies... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}
