// SPDX-License-Identifier: Apache-2.0
// A thread that begins before main does.
#include <thread>

namespace {

int plain = 0;

struct Early {
  Early() : thread([] { ++plain; }) {}
  ~Early() { thread.join(); }
  std::thread thread;
} early;

}  // namespace

int main() { return plain == 2 ? 3 : 0; }
