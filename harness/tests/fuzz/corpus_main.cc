// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target on every file of its corpus:  fuzz_schedule <folder>
//
// Exit: 0 all are read without a broken promise, 2 there is no corpus. A broken promise aborts.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> files;
  if (argc == 2) {
    for (const auto& entry : fs::directory_iterator(argv[1], error)) files.push_back(entry.path());
  }
  if (files.empty()) {
    std::fprintf(stderr, "usage: %s <folder with inputs>; there is none%s%s\n", argv[0],
                 argc == 2 ? " in " : "", argc == 2 ? argv[1] : "");
    return 2;
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::fprintf(stderr, "%s\n", path.filename().c_str());  // the last one is the culprit
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  std::printf("%zu inputs\n", files.size());
  return 0;
}
