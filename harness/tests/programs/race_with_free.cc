// SPDX-License-Identifier: Apache-2.0
//
// expect: data-race @frees @reads
// native: no, because it is wrong
#include <thread>

int main() {
  int* value = new int(1);
  std::thread other([=] {
    volatile int seen = *value;  //~ reads
    static_cast<void>(seen);
  });
  delete value;  //~ frees
  other.join();
  return 0;
}
