// SPDX-License-Identifier: Apache-2.0
//
// Every way to get and give back memory.
// stdout: ok
#include <malloc.h>

#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

int main() {
  const auto work = [] {
    auto* block = static_cast<int*>(std::calloc(4, sizeof(int)));
    assert(block[3] == 0);
    block = static_cast<int*>(std::realloc(block, 4096 * sizeof(int)));
    block[4095] = 1;
    block = static_cast<int*>(reallocarray(block, 2, sizeof(int)));
    block[1] = 2;
    std::free(block);
    void* aligned = std::aligned_alloc(64, 128);
    assert(reinterpret_cast<unsigned long>(aligned) % 64 == 0);
    std::free(aligned);
    void* posix = nullptr;
    assert(posix_memalign(&posix, 32, 10) == 0);
    std::free(posix);
    delete[] new int[3]{1, 2, 3};
    struct alignas(128) Wide {
      int value;
    };
    delete new Wide{1};
    std::vector<int> numbers;
    for (int i = 0; i < 20; ++i) numbers.push_back(i);
    assert(numbers[19] == 19);
  };
  std::thread other(work);
  work();
  other.join();
  std::puts("ok");
  return 0;
}
