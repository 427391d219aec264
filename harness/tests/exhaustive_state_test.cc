// SPDX-License-Identifier: Apache-2.0
//
// Threads that meet only in what the C library and the kernel keep for them (interpose/state.h).
// Oracle: by hand, each program may end in two ways; and enumeration, which finds the same.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <locale>
#include <string>
#include <thread>

#include "tests/exhaust.h"

namespace chicane::tests {
namespace {

void run_both(const std::function<void()>& a, const std::function<void()>& b) {
  std::thread first(a), second(b);
  first.join();
  second.join();
}

void expect_two_ends(const char* what, const std::function<void()>& program) {
  const Exhausted all = exhaust(program, {.strategy = "dfs", .racy_sites = {}}, 10000);
  const Exhausted result = exhaust(program, {}, 10000);
  EXPECT_TRUE(all.done && result.done) << what;
  EXPECT_EQ(result.ends.size(), 2u) << what;
  EXPECT_EQ(result.ends, all.ends) << what;
  EXPECT_EQ(result.distinct().size(), result.traces.size()) << what;
  EXPECT_EQ(result.given_up, 0u) << what;
}

/// Of this process; there is no such file.
std::string new_path(const char* name) {
  const std::string path = testing::TempDir() + name + std::to_string(getpid());
  std::filesystem::remove(path);
  return path;
}

TEST(ExhaustiveState, RandomNumbers) {
  expect_two_ends("rand", [] {
    int of_first = 0;
    srand(1);
    const int next = rand();
    srand(1);
    run_both([&] { of_first = rand(); }, [] { (void)rand(); });
    report_state(of_first == next ? 1 : 0);
  });
  expect_two_ends("srand48", [] {
    run_both([] { srand48(1); }, [] { srand48(2); });
    const double last = drand48();
    srand48(2);
    report_state(last == drand48() ? 1 : 0);
  });
}

TEST(ExhaustiveState, Environment) {
  expect_two_ends("getenv", [] {
    bool seen = false;
    unsetenv("CHICANES");
    run_both([&] { seen = getenv("CHICANES") != nullptr; }, [] { setenv("CHICANES", "1", 1); });
    report_state(seen ? 1 : 0);
  });
}

TEST(ExhaustiveState, OneStream) {
  expect_two_ends("fputs, fprintf", [] {
    std::FILE* stream = std::tmpfile();
    run_both([&] { std::fputs("a", stream); }, [&] { std::fprintf(stream, "%d", 1); });
    std::rewind(stream);
    report_state(std::fgetc(stream) == 'a' ? 1 : 0);
    std::fclose(stream);
  });
}

TEST(ExhaustiveState, OneFile) {
  const std::string path = new_path("one_file");
  expect_two_ends("two descriptors", [&] {
    const int a = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
    const int b = open(path.c_str(), O_RDWR | O_APPEND);
    run_both([&] { EXPECT_EQ(write(a, "a", 1), 1); }, [&] { EXPECT_EQ(write(b, "b", 1), 1); });
    char first = 0;
    EXPECT_EQ(pread(b, &first, 1, 0), 1);
    close(a);
    close(b);
    report_state(first == 'a' ? 1 : 0);
  });
  unlink(path.c_str());
}

TEST(ExhaustiveState, NamesOfFiles) {
  // The first of a process with threads is made once for all its runs.
  std::thread([] { const std::locale first; }).join();
  const std::string path = new_path("names");
  expect_two_ends("exists, ofstream", [&] {
    bool seen = false;
    run_both([&] { seen = std::filesystem::exists(path); }, [&] { std::ofstream(path) << "x"; });
    unlink(path.c_str());
    report_state(seen ? 1 : 0);
  });
  expect_two_ends("O_EXCL", [&] {
    int of_first = 0;
    const auto create = [&] { return open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600); };
    const auto drop = [](int fd) {
      if (fd >= 0) close(fd);
    };
    run_both([&] { drop(of_first = create()); }, [&] { drop(create()); });
    unlink(path.c_str());
    report_state(of_first >= 0 ? 1 : 0);
  });
}

// The one sees the descriptor closed, or not.
TEST(ExhaustiveState, ADescriptorIsClosed) {
  expect_two_ends("close, fcntl", [] {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    bool open = false;
    run_both([&] { open = write(ends[1], "x", 1) == 1; }, [&] { close(ends[1]); });
    close(ends[0]);
    report_state(open ? 1 : 0);
  });
}

// Each has a file of its own, and no order of what they do there is another behaviour.
TEST(ExhaustiveState, OwnFiles) {
  const Exhausted result = exhaust(
      [] {
        std::FILE *a = std::tmpfile(), *b = std::tmpfile();
        const auto write = [](std::FILE* stream) {
          for (int i = 0; i < 5; ++i) std::fprintf(stream, "%d", i);
        };
        run_both([&] { write(a); }, [&] { write(b); });
        std::fclose(a);
        std::fclose(b);
      },
      {}, 100);
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.traces.size(), 1u);
}

// What is written to standard output and error leads out of the program.
TEST(ExhaustiveState, StandardOutput) {
  const Exhausted result = exhaust(
      [] {
        run_both([] { std::fprintf(stderr, "%s", ""); }, [] { std::fputs("", stderr); });
        run_both([] { std::printf("%s", ""); }, [] { std::fputs("", stdout); });
      },
      {}, 100);
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.traces.size(), 1u);
}

}  // namespace
}  // namespace chicane::tests
