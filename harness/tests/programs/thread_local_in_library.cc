// SPDX-License-Identifier: Apache-2.0
//
// The same in a shared library that was not instrumented.
// stdout: 3 made, 3 destroyed
#include <cassert>
#include <cstdio>
#include <thread>

// programs/library/thread_local.cc
int library_use();
int library_made();
int library_destroyed();

int main() {
  const int made = library_made(), destroyed = library_destroyed();
  for (int i = 0; i < 3; ++i) {
    std::thread([] { assert(library_use() == 1 && library_use() == 2); }).join();
  }
  std::printf("%d made, %d destroyed\n", library_made() - made, library_destroyed() - destroyed);
  return 0;
}
