// SPDX-License-Identifier: Apache-2.0
//
// A program that is built several times: what a schedule of the first build is worth in the others.
//
//     rebuilt write FILE [atomic]     explores, writes the witness of the data race, or of an
//                                     atomic's lost update
//     rebuilt replay FILE [atomic]    prints its kind, or why it no longer fits
//
// CHICANE_CHANGE: 0 as it is; 1 a function more before the racing one (every address and every line
// moves); 2 the racing function itself has changed, on another line; 3 the racing line is gone.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "chicane/chicane.h"

namespace {

#if CHICANE_CHANGE == 1
int more(int n) {
  static int calls = 0;
  ++calls;
  return n < 2 ? calls : more(n - 1) + more(n - 2);
}
#endif

[[maybe_unused]] int counter = 0;
[[maybe_unused]] int reads = 0;

void bump() {
#if CHICANE_CHANGE == 2
  const int twice = reads * 2;
  if (twice > 100) return;
#endif
#if CHICANE_CHANGE != 3
  counter++;
#endif
}

std::atomic<int> hits{0};

/// Called by the C library, in a function that has no name outside of it.
int hit(const void*, const void*) {
#if CHICANE_CHANGE == 2
  const int twice = reads * 2;
  if (twice > 100) return 1;
#endif
  [[maybe_unused]] const int seen = hits.load();
#if CHICANE_CHANGE != 3
  hits.store(seen + 1);
#endif
  return 0;
}

void sort() {
  int two[] = {1, 2};
  std::qsort(two, 2, sizeof two[0], &hit);
}

void loses_updates() {
#if CHICANE_CHANGE == 1
  reads = more(3);
#endif
  std::thread one(sort), other(sort);
  one.join();
  other.join();
}

void races() {
#if CHICANE_CHANGE == 1
  reads = more(3);
#endif
  std::thread other(bump);
  bump();
  other.join();
}

void print_outcome(const chicane::Result& result) {
  if (!result.error.empty()) std::printf("error: %s\n", result.error.c_str());
  for (const chicane::Diagnosis& diagnosis : result.diagnoses) {
    std::printf("%s, %d forced\n", diagnosis.kind.c_str(), diagnosis.forced_switches);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const bool atomic = argc > 3;
  const auto program = atomic ? &loses_updates : &races;
  chicane::Options options;
  options.program = atomic ? "hit" : "bump";
  options.schedules = 50;
  if (std::string(argv[1]) == "write") {
    const chicane::Result result = chicane::explore(program, options);
    print_outcome(result);
    if (result.diagnoses.empty()) return 1;
    std::ofstream(argv[2]) << result.diagnoses[0].schedule;
    return 0;
  }
  std::ifstream file(argv[2]);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  print_outcome(chicane::replay(program, options, {text}));
  return 0;
}
