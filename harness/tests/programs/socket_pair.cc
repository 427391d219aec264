// SPDX-License-Identifier: Apache-2.0
//
// stdout: ping pong
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

int main() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  char question[5] = "", answer[5] = "";
  assert(recv(ends[0], answer, 4, MSG_DONTWAIT) == -1 && errno == EAGAIN);
  std::thread other([&] {
    assert(recv(ends[1], question, 4, 0) == 4);
    assert(send(ends[1], "pong", 4, 0) == 4);
  });
  assert(send(ends[0], "ping", 4, 0) == 4);
  assert(read(ends[0], answer, 4) == 4);
  other.join();
  close(ends[0]);
  close(ends[1]);
  std::printf("%s %s\n", question, answer);
  return 0;
}
