// SPDX-License-Identifier: Apache-2.0
//
// A server and a client in one program.
// stdout: 42
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <thread>

int main() {
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  // No path: the system gives it an abstract name.
  if (bind(server, reinterpret_cast<sockaddr*>(&name), sizeof(sa_family_t)) != 0) return 1;
  socklen_t size = sizeof name;
  getsockname(server, reinterpret_cast<sockaddr*>(&name), &size);
  if (listen(server, 1) != 0) return 1;
  std::thread client([&] {
    const int mine = socket(AF_UNIX, SOCK_STREAM, 0);
    assert(connect(mine, reinterpret_cast<sockaddr*>(&name), size) == 0);
    const char byte = 42;
    assert(write(mine, &byte, 1) == 1);
    close(mine);
  });
  const int connection = accept(server, nullptr, nullptr);
  char byte = 0;
  assert(connection >= 0 && read(connection, &byte, 1) == 1);
  client.join();
  close(connection);
  close(server);
  std::printf("%d\n", byte);
  return 0;
}
