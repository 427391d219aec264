// SPDX-License-Identifier: Apache-2.0
//
// MSG_WAITALL: what is sent in two parts is received as one, whoever comes first.
// stdout: pingpong
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <thread>

int main() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  char text[9] = "", rest[9] = "";
  std::thread other([&] {
    assert(send(ends[1], "ping", 4, 0) == 4);
    assert(send(ends[1], "pong", 4, 0) == 4);
    assert(send(ends[1], "end", 3, 0) == 3);
    assert(shutdown(ends[1], SHUT_WR) == 0);
  });
  assert(recv(ends[0], text, 8, MSG_WAITALL) == 8);
  assert(recv(ends[0], rest, 8, MSG_WAITALL) == 3);  // the other end is shut
  other.join();
  close(ends[0]);
  close(ends[1]);
  std::printf("%s\n", text);
  return 0;
}
