// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that the kernel gives, in a plain variable.
// expect: nondeterminism differs@here
// says: differs when the same schedule is run again
#include <fcntl.h>
#include <unistd.h>

#include <cassert>
#include <cstdint>

static volatile std::uint32_t number;

int main() {
  std::uint32_t read_here;
  const int file = open("/dev/urandom", O_RDONLY);
  assert(read(file, &read_here, sizeof read_here) == sizeof read_here);  //~ here
  close(file);
  number = read_here;
  return 0;
}
