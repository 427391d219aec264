// SPDX-License-Identifier: Apache-2.0
#include "engine/operation.h"

#include <cstring>

namespace chicane::engine {
namespace {

constexpr const char* kOperationNames[] = {
#define X(enumerator, name) name,
    CHICANE_OPERATIONS(X)
#undef X
};

constexpr const char* kOutcomeNames[] = {
#define X(enumerator, name) name,
    CHICANE_OUTCOMES(X)
#undef X
};

}  // namespace

const char* to_string(OpKind kind) { return kOperationNames[static_cast<std::size_t>(kind)]; }

const char* to_string(Outcome outcome) { return kOutcomeNames[static_cast<std::size_t>(outcome)]; }

bool parse_op_kind(const char* name, std::size_t length, OpKind* kind) {
  std::size_t index = 0;
  for (const char* candidate : kOperationNames) {
    if (std::strlen(candidate) == length && std::memcmp(candidate, name, length) == 0) {
      *kind = static_cast<OpKind>(index);
      return true;
    }
    ++index;
  }
  return false;
}

}  // namespace chicane::engine
