// SPDX-License-Identifier: Apache-2.0
// Readers use whichever snapshot is current and take no lock; the writer copies, changes the copy,
// publishes it, and frees the old one only when its readers have gone.
//~ none
#include <atomic>
#include <cassert>
#include <memory>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Config {
  int low = 1;
  int high = 2;
};

bool in_order(const std::atomic<const Config*>& current) {
  const Config* config = current.load(std::memory_order_acquire);
  return config->low < config->high;
}
}  // namespace

CHICANE_SCENARIO(published_snapshot, good) {
  auto first = std::make_unique<const Config>();
  std::unique_ptr<const Config> second;
  std::atomic<const Config*> current = first.get();

  std::thread writer([&] {
    auto changed = std::make_unique<Config>(*current.load(std::memory_order_relaxed));
    changed->high = 20;
    changed->low = 10;
    second = std::move(changed);
    current.store(second.get(), std::memory_order_release);
  });
  std::thread reader([&] { assert(in_order(current)); });
  writer.join();
  reader.join();
  first.reset();
}
