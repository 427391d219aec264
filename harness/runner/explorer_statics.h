// SPDX-License-Identifier: Apache-2.0
//
// A whole program's variables as they were before main: where many runs share a process
// (--isolate=batch), each begins with them. Those of the executable and of instrumented libraries
// are put back; blocks of the heap that were there before main are kept when a run frees them, so
// that the variables may point to them, but have in them what the runs before have written.
//
// Thread safety: driver.
// Invariants:
//   I1. No variable of the runtime, of the C library or of another library without instrumentation
//       is ever written.
// Cost: what it takes to compare the variables with their copy, page by page.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace chicane::runner {

class Statics {
 public:
  /// Copies the variables as they are now. Where the program was linked in an order that does not
  /// tell its variables from the runtime's, there are none.
  Statics();
  /// Puts them back.
  void restore() const;
  /// Their size in bytes.
  std::size_t size() const;

 private:
  struct Region {
    char* begin;
    std::size_t size;
    std::unique_ptr<char[]> copy;
  };
  void add(char* begin, const char* end);
  std::vector<Region> regions_;
};

}  // namespace chicane::runner
