// SPDX-License-Identifier: Apache-2.0
//
// A program that is built several times: what a schedule of the first build is worth in the others.
//
//     rebuilt write FILE     explores, writes the witness of the data race
//     rebuilt replay FILE    prints its kind, or why it no longer fits
//
// CHICANE_CHANGE: 0 as it is; 1 a function more before the racing one (every address and every line
// moves); 2 the racing function itself has changed, on another line; 3 the racing line is gone.
#include <cstdio>
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

int counter = 0;
int reads = 0;

void bump() {
#if CHICANE_CHANGE == 2
  const int twice = reads * 2;
  if (twice > 100) return;
#endif
#if CHICANE_CHANGE != 3
  counter++;
#endif
}

void program() {
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
  if (argc != 3) return 2;
  chicane::Options options;
  options.program = "bump";
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
