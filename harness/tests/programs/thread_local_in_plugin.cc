// SPDX-License-Identifier: Apache-2.0
//
// The same in a library that is loaded while the program runs.
// stdout: 4 made, 4 destroyed
#include <dlfcn.h>

#include <cassert>
#include <cstdio>
#include <thread>

int main() {
  void* plugin = dlopen("libprograms_plugin.so", RTLD_NOW | RTLD_LOCAL);
  assert(plugin != nullptr);
  const auto find = [plugin](const char* name) {
    return reinterpret_cast<int (*)()>(dlsym(plugin, name));
  };
  // programs/library/thread_local.cc
  const auto use = find("_Z11library_usev"), all_made = find("_Z12library_madev"),
             all_destroyed = find("_Z17library_destroyedv");
  const int made = all_made(), destroyed = all_destroyed();
  for (int i = 0; i < 2; ++i) {
    std::thread([use] { assert(use() == 1 && use() == 2); }).join();
  }
  std::thread first([use] { assert(use() == 1 && use() == 2); });
  std::thread second([use] { assert(use() == 1 && use() == 2); });
  first.join();
  second.join();
  std::printf("%d made, %d destroyed\n", all_made() - made, all_destroyed() - destroyed);
  return 0;
}
