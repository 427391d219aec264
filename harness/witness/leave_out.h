// SPDX-License-Identifier: Apache-2.0
//
// Leaves out of a list as much as can be: chunks that double where leaving out succeeds and halve
// where it does not. Of n elements, d of them needed here and there, it takes about d log(n/d)
// tries; where nearly all are needed, one for each.
//
// Thread safety: pure functions, but for what they are given.
#pragma once

#include <algorithm>
#include <cstddef>

namespace chicane::witness {

/// `list` has
///   size()                of the list as it is now
///   without(begin, end)   tries the list without these: true when it is another list now
///   worth_trying(at)      whether this one may be left out alone
///   again()               at the end: whether to begin once more
///   done()                no further try
/// True when none of those now in the list can be left out alone, each tried since the list last
/// changed; false when it ended before that was seen.
template <class List>
bool leave_out(List& list) {
  std::size_t at = 0, chunk = std::max<std::size_t>(list.size() / 2, 1);
  std::size_t kept = 0;  // so many before `at`, round the end, were tried alone in vain
  while (kept < list.size()) {
    if (list.done()) return false;
    if (at >= list.size()) {
      if (!list.again()) return false;
      at = 0;
      chunk = 1;
    }
    const std::size_t end = std::min(at + chunk, list.size());
    const bool alone = end - at == 1;
    if (alone && !list.worth_trying(at)) {
      ++kept, ++at;
    } else if (list.without(at, end)) {
      kept = 0;
      chunk *= 2;  // the same place is the next chunk
    } else if (alone) {
      ++kept, ++at;
      chunk = 1;
    } else {
      chunk = (end - at) / 2;
    }
  }
  return true;
}

}  // namespace chicane::witness
