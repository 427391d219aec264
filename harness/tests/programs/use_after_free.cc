// SPDX-License-Identifier: Apache-2.0
//
// The free comes first, in order: no race, and yet.
// expect: use-after-free read@reads free@frees
// native: no, because it is wrong
#include <cstdlib>
#include <thread>

int main() {
  int* value = static_cast<int*>(std::malloc(sizeof(int)));
  *value = 1;
  std::thread other([=] { std::free(value); });  //~ frees
  other.join();
  volatile int seen = *value;  //~ reads
  static_cast<void>(seen);
  return 0;
}
