// SPDX-License-Identifier: Apache-2.0
//
// Plain accesses of the program that no instrumentation tells: the C library makes them for it.
//
// Thread safety: any thread; does nothing outside of a run.
#pragma once

#include <cstddef>

namespace chicane::interpose {

/// `size` bytes are read or written, at `site` in the program.
void touch_range(const void* address, std::size_t size, bool write, const void* site);

}  // namespace chicane::interpose
