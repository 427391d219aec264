// SPDX-License-Identifier: Apache-2.0
// How processes end. `done` comes before main ends in some schedules only.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

std::atomic<bool> done = false;
std::mutex mutex;
struct Text {
  std::unique_ptr<char[]> letters = std::make_unique<char[]>(8);
};
Text text;  // destroyed at exit
int plain = 0;

void finish() { done = true; }
void expect_done() {
  if (!done) std::abort();
}
void forbid() { std::abort(); }

void detached_works_on() {
  std::thread([] {
    for (;;) {
      const std::lock_guard lock(mutex);
      ++plain;
    }
  }).detach();
}

void detached_uses_static() {
  std::thread([] { text.letters[0] = 'a'; }).detach();  //~ uses
}

void* end_later(void*) {
  sched_yield();
  finish();
  return nullptr;
}

int run(const std::string& how) {
  if (how == "detached") {
    detached_works_on();
  } else if (how == "static-destroyed") {
    detached_uses_static();
  } else if (how == "exit-in-thread") {
    std::thread([] { std::exit(0); }).join();
  } else if (how == "exit-status") {
    std::thread other(finish);
    if (done) std::exit(3);  //~ exits
    other.join();
  } else if (how == "underscore-exit") {
    std::atexit(forbid);
    std::thread([] { _exit(0); }).join();
  } else if (how == "quick-exit") {
    std::atexit(forbid);
    std::at_quick_exit([] { finish(); });
    std::quick_exit(0);
  } else if (how == "abort") {
    std::thread other(finish);
    if (done) std::abort();  //~ aborts
    other.join();
  } else if (how == "assert") {
    std::thread other(finish);
    assert(!done);  //~ asserts
    other.join();
  } else if (how == "throw") {
    std::thread other(finish);
    other.join();
    throw std::runtime_error("nobody catches this");  //~ throws
  } else if (how == "throw-in-thread") {
    std::thread([] { throw 7; }).join();  //~ throws-in-thread
  } else if (how == "null") {
    std::thread other(finish);
    int* volatile nowhere = nullptr;
    if (done) *nowhere = 1;  //~ faults
    other.join();
  } else if (how == "main-leaves") {
    std::atexit(expect_done);
    pthread_t other;
    pthread_create(&other, nullptr, end_later, nullptr);
    pthread_detach(other);
    pthread_exit(nullptr);
  } else if (how == "kill-itself") {
    std::thread other(finish);
    if (done) raise(SIGKILL);
    other.join();
  } else if (how == "environment") {
    std::thread other(finish);
    const char* status = std::getenv("ENDINGS_STATUS");
    if (done && status != nullptr) std::exit(std::atoi(status));
    other.join();
  } else if (how == "cores") {
    cpu_set_t cores;
    sched_getaffinity(0, sizeof cores, &cores);
    return CPU_COUNT(&cores);
  } else if (how == "joinable") {
    std::thread other(finish);  // its destructor ends the program
  }
  return 0;
}

}  // namespace

int main(int, char** arguments) { return run(arguments[1]); }
