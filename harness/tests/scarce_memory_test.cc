// SPDX-License-Identifier: Apache-2.0
//
// What the system refuses the runtime is an error of the exploration, and no finding of the
// program's. Here the programs themselves see to it that nothing more is given to their process.
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <new>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

// From here on the process gets no more than so many bytes of address space.
void give_only(std::size_t more) {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  ASSERT_GT(pages, 0u);
  const rlim_t most = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + more;
  const rlimit limit{.rlim_cur = most, .rlim_max = most};
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
}

std::string error_of(const Program& program, const Options& with = options(100)) {
  const Result result = explore(program, with);
  EXPECT_EQ(result.diagnoses.size(), 0u) << describe(result);
  EXPECT_FALSE(result.exhausted);
  return result.error;
}

TEST(ScarceMemory, ForAThread) {
  const Program program = [] {
    give_only(64 << 20);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 << 20);
    pthread_t thread;
    pthread_create(&thread, &attributes, [](void* argument) { return argument; }, nullptr);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
  };
  const std::string expected = "the system refuses a thread beyond the 1 of this run";
  EXPECT_EQ(error_of(program).substr(0, expected.size()), expected);
  Options with = options(100);
  with.isolate_runs = true;
  with.jobs = 2;
  EXPECT_EQ(error_of(program, with).substr(0, expected.size()), expected);
}

TEST(ScarceMemory, ForTheRaceMonitor) {
  const std::string error = error_of([] {
    constexpr std::size_t kSize = 16 << 20;  // to watch it takes eight times as much
    void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    give_only(64 << 20);
    for (std::size_t i = 0; i < kSize; i += 4096) static_cast<volatile char*>(memory)[i] = 1;
  });
  EXPECT_NE(error.find("the system refuses memory for the race monitor"), std::string::npos)
      << error;
}

// A `catch` of the program's must not get what the engine could not have.
TEST(ScarceMemory, ForTheEngine) {
  const std::string error = error_of([] {
    constexpr std::size_t kLocks = 1000;
    const std::vector<std::mutex> locks(kLocks);
    give_only(1 << 20);
    void* (*volatile take)(std::size_t) = &std::malloc;  // or the compiler takes it for granted
    while (take(1024) != nullptr) {
    }
    while (take(16) != nullptr) {
    }
    try {
      for (const std::mutex& lock : locks) const_cast<std::mutex&>(lock).lock();
    } catch (const std::bad_alloc&) {
    }
  });
  EXPECT_NE(error.find("the system refuses memory:"), std::string::npos) << error;
}

TEST(ScarceMemory, OfTheProgramIsItsOwn) {
  expect_found(
      [] {
        give_only(32 << 20);
        const std::vector<char> much(64 << 20);  //~ too-much
      },
      {"uncaught-panic throws@too-much"});
}

}  // namespace
}  // namespace chicane::tests
