// SPDX-License-Identifier: Apache-2.0
//
// Which variables of its environment a whole program asks for (getenv, secure_getenv), and what it
// gets: a schedule that one of them led to needs it again. Others are nobody's business: they may
// be secret. What a program reads from `environ` itself is not seen; what it has put there itself
// is no part of what it was started with. Names of up to 63 bytes with values of up to 447 are
// noted, and 128 of them.
//
// Thread safety: `watch` and `seen` driver; notes are taken in any process that was forked since,
// in shared memory.
#pragma once

#include <string>
#include <vector>

namespace chicane::interpose {

struct EnvironmentVariable {
  std::string name;
  bool set = false;
  std::string value;
  bool operator==(const EnvironmentVariable&) const = default;
};

/// From now on: what the executable asks for until `end_of_construction` (before its main), and
/// what runs ask for.
void watch_environment();
void end_of_construction();
/// What was asked for until now, in the order of names.
std::vector<EnvironmentVariable> environment_seen();

}  // namespace chicane::interpose
