// SPDX-License-Identifier: Apache-2.0
//
// The nodes behind Context. A node with a done channel can be over; one that only carries a value
// (and the background) defers to its `scope`, the nearest ancestor that can.
//
// Thread safety: any thread; the tree is changed inside Sections only.
// Invariant: a child holds a reference to its parent; a parent only knows its children.
#pragma once

#include "golang/channel.h"

namespace chicane::golang::internal {

class ContextNode {
 public:
  References references;
  ContextNode* parent = nullptr;  // with a reference
  ContextNode* scope = nullptr;   // this, an ancestor, or null
  Channel* done = nullptr;        // of a scope
  bool canceled = false;
  ContextNode* first_child = nullptr;  // scopes below this scope, the oldest first
  ContextNode* next = nullptr;
  // A value:
  char* key = nullptr;
  std::size_t key_length = 0;
  const void* type = nullptr;
  void* value = nullptr;
  void (*destroy)(void*) = nullptr;
};

/// A child of `parent` that can be canceled.
ContextNode* context_with_cancel(ContextNode* parent, const void* site);
/// Cancels a context and its descendants.
void context_cancel(ContextNode* node, const void* site);

}  // namespace chicane::golang::internal
