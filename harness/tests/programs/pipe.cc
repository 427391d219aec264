// SPDX-License-Identifier: Apache-2.0
//
// A pipe between threads waits, hands over, and orders; a write larger than the pipe goes through.
// schedules: 50
// stdout: 100000 1
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <string>
#include <thread>

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  int plain = 0;
  std::thread writer([&] {
    plain = 1;
    const std::string text(100'000, 'x');
    assert(write(ends[1], text.data(), text.size()) == 100'000);
    close(ends[1]);
  });
  std::size_t total = 0;
  std::string part(30'000, 0);
  for (ssize_t size; (size = read(ends[0], part.data(), part.size())) > 0;) {
    total += static_cast<std::size_t>(size);
    assert(plain == 1);
  }
  writer.join();
  close(ends[0]);
  std::printf("%zu %d\n", total, plain);
  return 0;
}
