// SPDX-License-Identifier: Apache-2.0
//
// stdout: 1
#include <cassert>
#include <cstdio>
#include <thread>

namespace {

struct Object {
  explicit Object(int* made) : value(++*made) {}
  int value;
};

}  // namespace

template <int run>
static const Object& object(int* made) {
  static const Object only(made);
  return only;
}

int main() {
  static int made = 0;
  std::thread other([] { assert(object<0>(&made).value == 1); });
  assert(object<0>(&made).value == 1);
  other.join();
  std::printf("%d\n", made);
  return 0;
}
