// SPDX-License-Identifier: Apache-2.0
//
// What a thread sends over a socket in messages and in pieces, another one waits for and gets.
// stdout: abcdefgh
#define _GNU_SOURCE
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int ends[2];

static void* send_all(void* unused) {
  struct iovec pieces[2] = {{"cd", 2}, {"ef", 2}};
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 1};
  assert(sendto(ends[0], "ab", 2, 0, NULL, 0) == 2);
  assert(sendmsg(ends[0], &message, 0) == 2);
  assert(writev(ends[0], &pieces[1], 1) == 2);
  assert(write(ends[0], "gh", 2) == 2);
  return unused;
}

int main(void) {
  char text[9] = "";
  pthread_t sender;
  assert(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
  pthread_create(&sender, NULL, send_all, NULL);
  struct iovec third = {text + 4, 2}, second = {text + 2, 2};
  struct msghdr message = {.msg_iov = &second, .msg_iovlen = 1};
  assert(recvfrom(ends[1], text, 2, 0, NULL, NULL) == 2);
  assert(recvmsg(ends[1], &message, 0) == 2);
  assert(readv(ends[1], &third, 1) == 2);
  assert(recv(ends[1], text + 6, 2, 0) == 2);
  pthread_join(sender, NULL);
  close(ends[0]);
  close(ends[1]);
  puts(text);
  return 0;
}
