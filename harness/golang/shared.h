// SPDX-License-Identifier: Apache-2.0
//
// A heap value that several threads may read and nobody changes: what AtomicValue and the maps
// hold. It dies with its last reference.
//
// Thread safety: any thread that has a reference.
// Happens-before: through `edge`, the store that published it before each load of it; and each
// reader's use before its destruction.
#pragma once

#include "chicane/golang/atomic.h"
#include "golang/core.h"

namespace chicane::golang::internal {

class Shared {
 public:
  Shared(void* v, void (*d)(void*)) : value(v), destroy(d) {}
  References references;
  void* const value;
  void (*const destroy)(void*);
  char edge = 0;  // released by who stores it, acquired by who loads it
};

/// One more reference, with the edge from the store.
inline Shared* observe(Section& section, Shared* shared) {
  if (shared == nullptr) return nullptr;
  section.acquire(&shared->edge);
  shared->references.add();
  return shared;
}

}  // namespace chicane::golang::internal
