// SPDX-License-Identifier: Apache-2.0
//
// What the fuzz targets share. A target reads one kind of input that comes from outside (a file, a
// command line, another tool's report) and checks what its header promises of any bytes at all.
// With libFuzzer (scripts/fuzz) it is driven by mutation; in the test suite by the inputs kept in
// corpus/.
//
// Thread safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace chicane::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// What the promise is, in words, for who reads the crash.
inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

}  // namespace chicane::fuzz
