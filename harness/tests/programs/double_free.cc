// SPDX-License-Identifier: Apache-2.0
//
// expect: double-free free@second free@first
// native: no, because it is wrong
#include <cstdlib>
#include <thread>

int main() {
  void* block = std::malloc(40);
  std::thread other([=] { std::free(block); });  //~ first
  other.join();
  std::free(block);  //~ second
  return 0;
}
