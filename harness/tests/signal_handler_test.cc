// SPDX-License-Identifier: Apache-2.0
//
// `signal-unsafe-call`: what handlers of raised signals may not do, and what they may.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

volatile sig_atomic_t g_flag = 0;
std::atomic<int> g_count = 0;
std::mutex g_mutex;
void* volatile g_block = nullptr;
const char* volatile g_text = "";

void handle(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  sigaction(SIGUSR1, &action, nullptr);
}

void allocates(int) { g_block = std::malloc(8); }  //~ allocates
void prints(int) { std::printf("%s", g_text); }    //~ prints
void locks(int) {
  g_mutex.lock();  //~ locks
  g_mutex.unlock();
}
void sets_a_flag(int) {
  g_flag = 1;
  g_count.fetch_add(1);
  const char text[] = "";
  if (write(STDOUT_FILENO, text, 0) < 0) g_flag = 2;
}

TEST(SignalHandler, Allocates) {
  expect_found(
      [] {
        handle(&allocates);
        raise(SIGUSR1);  //~ raises-allocates
        std::free(g_block);
      },
      {"signal-unsafe-call calls@allocates raises@raises-allocates"});
}

TEST(SignalHandler, Prints) {
  expect_found(
      [] {
        handle(&prints);
        kill(getpid(), SIGUSR1);  //~ raises-prints
      },
      {"signal-unsafe-call calls@prints raises@raises-prints"});
}

TEST(SignalHandler, Locks) {
  expect_found(
      [] {
        handle(&locks);
        std::thread other([] {
          pthread_kill(pthread_self(), SIGUSR1);  //~ raises-locks
        });
        other.join();
      },
      {"signal-unsafe-call calls@locks raises@raises-locks"});
}

TEST(SignalHandler, SetsAFlag) {
  expect_clean([] {
    handle(&sets_a_flag);
    together([] { raise(SIGUSR1); }, [] { g_count.fetch_add(1); });
  });
}

TEST(SignalHandler, AfterItAllIsAllowed) {
  expect_clean([] {
    handle(&sets_a_flag);
    raise(SIGUSR1);
    const std::lock_guard guard(g_mutex);
    g_block = std::malloc(8);
    std::free(g_block);
    std::fputs("", stdout);
  });
}

TEST(SignalHandler, OtherThreadsMayDoWhatTheyLike) {
  expect_clean([] {
    handle([](int) { g_count.store(1); });
    together([] { raise(SIGUSR1); },
             [] {
               const std::lock_guard guard(g_mutex);
               g_count.fetch_add(1);
               std::free(std::malloc(8));
             });
  });
}

}  // namespace
}  // namespace chicane::tests
