// SPDX-License-Identifier: Apache-2.0
//
// Sets of event kinds. A monitor that cares for few kinds tests its set first: one predictable
// branch instead of a jump table, for each of the events that it does not want.
//
// Thread safety: values.
#pragma once

#include <cstdint>

#include "engine/operation.h"

namespace chicane::monitors {

template <class... Kinds>
constexpr std::uint64_t event_mask(Kinds... kinds) {
  return ((std::uint64_t{1} << static_cast<unsigned>(kinds)) | ...);
}
static_assert(static_cast<unsigned>(engine::OpKind::kThreadCancel) < 64);

inline bool in_mask(engine::OpKind kind, std::uint64_t mask) {
  return ((mask >> static_cast<unsigned>(kind)) & 1) != 0;
}

}  // namespace chicane::monitors
