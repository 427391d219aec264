// SPDX-License-Identifier: Apache-2.0
//
// stdout: 3
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <thread>

int main() {
  const int event = eventfd(0, 0), set = epoll_create1(0);
  epoll_event about{};
  about.events = EPOLLIN;
  about.data.fd = event;
  if (epoll_ctl(set, EPOLL_CTL_ADD, event, &about) != 0) return 1;
  assert(epoll_wait(set, &about, 1, 1) == 0);
  int plain = 0;
  std::thread other([&] {
    plain = 1;
    eventfd_write(event, 3);
  });
  assert(epoll_wait(set, &about, 1, -1) == 1 && about.data.fd == event);
  eventfd_t value = 0;
  eventfd_read(event, &value);
  assert(plain == 1);
  other.join();
  close(event);
  close(set);
  std::printf("%d\n", static_cast<int>(value));
  return 0;
}
