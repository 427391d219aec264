// SPDX-License-Identifier: Apache-2.0
//
// Pages that one thread gives back and another gets: nothing orders the two but the kernel, which
// may well hand out the same addresses.
// stdout: ok
#include <sys/mman.h>

#include <cassert>
#include <cstdio>
#include <thread>

namespace {

constexpr int kAll = PROT_READ | PROT_WRITE, kOwn = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr std::size_t kPage = 4096;

void work() {
  for (int i = 0; i < 3; ++i) {
    void* const start = mmap(nullptr, kPage, kAll, kOwn, -1, 0);
    assert(start != MAP_FAILED);
    static_cast<int*>(start)[1] = i;
    void* const more = mremap(start, kPage, 2 * kPage, MREMAP_MAYMOVE);
    assert(more != MAP_FAILED);
    assert(static_cast<int*>(more)[1] == i);
    static_cast<int*>(more)[kPage / sizeof(int)] = i;
    munmap(more, 2 * kPage);
    std::this_thread::yield();
  }
}

}  // namespace

int main() {
  std::thread one(work), two(work);
  one.join();
  two.join();
  std::puts("ok");
  return 0;
}
