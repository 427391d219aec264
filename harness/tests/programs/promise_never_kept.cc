// SPDX-License-Identifier: Apache-2.0
//
// expect: deadlock waits@gets
// says: waits for an atomic to change
// native: no, because it never ends
#include <future>

int main() {
  std::promise<int> promise;
  return promise.get_future().get();  //~ gets
}
