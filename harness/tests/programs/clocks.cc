// SPDX-License-Identifier: Apache-2.0
//
// All clocks of the C library are virtual, agree with each other, and begin at a believable time.
// stdout: ok
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include <cassert>
#include <chrono>
#include <cstdio>
#include <ctime>

int main() {
  const time_t begin = time(nullptr);
  assert(begin > 1'600'000'000);
  const auto steady = std::chrono::steady_clock::now();
  const auto system = std::chrono::system_clock::now();
  // However long it takes from one to the next; time() may be a tick behind.
  const time_t now = std::chrono::system_clock::to_time_t(system);
  assert(begin <= now && now <= time(nullptr) + 1);
  usleep(20'000);
  assert(std::chrono::steady_clock::now() - steady >= std::chrono::milliseconds(20));
  assert(std::chrono::system_clock::now() - system >= std::chrono::milliseconds(20));
  timeval day;
  gettimeofday(&day, nullptr);
  timespec spec;
  assert(timespec_get(&spec, TIME_UTC) == TIME_UTC);
  assert(begin <= day.tv_sec && day.tv_sec <= spec.tv_sec && spec.tv_sec <= time(nullptr) + 1);
  const clock_t processor = clock();
  tms user;
  rusage usage;
  assert(processor >= 0 && times(&user) != -1 && getrusage(RUSAGE_SELF, &usage) == 0);
  assert(clock() >= processor);
  std::puts("ok");
  return 0;
}
