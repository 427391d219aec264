// SPDX-License-Identifier: Apache-2.0
//
// Waits for several descriptors, and time-outs in virtual time.
// stdout: ok
#include <poll.h>
#include <sys/select.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <ctime>
#include <thread>

int main() {
  int one[2], two[2];
  if (pipe(one) != 0 || pipe(two) != 0) return 1;
  pollfd fds[] = {{one[0], POLLIN, 0}, {two[0], POLLIN, 0}};
  assert(poll(fds, 2, 1) == 0);
  const timespec moment{0, 1000};
  assert(ppoll(fds, 2, &moment, nullptr) == 0);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(one[0], &set);
  timeval none{0, 1000};
  assert(select(one[0] + 1, &set, nullptr, nullptr, &none) == 0);

  std::thread writer([&] {
    assert(write(two[1], "x", 1) == 1);
    assert(write(one[1], "y", 1) == 1);
  });
  assert(poll(fds, 2, -1) >= 1 && (fds[1].revents & POLLIN) != 0);
  FD_ZERO(&set);
  FD_SET(one[0], &set);
  assert(select(one[0] + 1, &set, nullptr, nullptr, nullptr) == 1 && FD_ISSET(one[0], &set));
  FD_ZERO(&set);
  FD_SET(two[0], &set);
  assert(pselect(two[0] + 1, &set, nullptr, nullptr, nullptr, nullptr) == 1);
  writer.join();
  for (int fd : {one[0], one[1], two[0], two[1]}) close(fd);
  std::puts("ok");
  return 0;
}
