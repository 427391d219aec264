// SPDX-License-Identifier: Apache-2.0
//
// What is to happen at a thread's end comes when its thread_local objects are gone.
// Sleeps of the C library pass in virtual time; priorities change nothing.
// stdout: ready
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <cassert>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <thread>

namespace {

bool gone;
struct Mark {
  ~Mark() { gone = true; }
  int used = 0;
};

}  // namespace

int main() {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = gone = false;
  std::thread other([&] {
    static thread_local Mark mark;
    ++mark.used;
    std::unique_lock lock(mutex);
    ready = true;
    std::notify_all_at_thread_exit(changed, std::move(lock));
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ready; });
    assert(gone);
  }
  other.join();
  timespec before{}, after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  const timespec millisecond{0, 1'000'000};
  assert(nanosleep(&millisecond, nullptr) == 0);
  assert(clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, nullptr) == 0);
  assert(usleep(1000) == 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  assert((after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec >=
         3'000'000);
  const sched_param priority{0};
  assert(pthread_setschedparam(pthread_self(), SCHED_OTHER, &priority) == 0);
  std::puts("ready");
  return 0;
}
