// SPDX-License-Identifier: Apache-2.0
// Notes S3:90: a read-write lock at which readers wait behind a writer that waits, as Go's do.
//~ none
#include <atomic>
#include <latch>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "chicane/golang.h"
#include "chicane/scenario.h"

CHICANE_SCENARIO(readers_starve_writer, good) {
  constexpr int kReaders = 8;
  chicane::golang::RWMutex table;
  std::atomic<int> version{0}, queries{0};
  std::latch all_read(kReaders);
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; i++) {
    readers.emplace_back([&] {
      for (int round = 0; version == 0; round++) {
        std::shared_lock lock(table);
        for (int k = 0; k < 4; k++) ++queries;
        if (round == 0) all_read.count_down();
      }
    });
  }
  all_read.wait();
  {
    std::unique_lock lock(table);
    version = 1;
  }
  for (std::thread& reader : readers) reader.join();
}
