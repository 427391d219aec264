// SPDX-License-Identifier: Apache-2.0
#include "chicane/golang/pool.h"

#include "golang/core.h"

namespace chicane::golang::internal {

struct PoolCore::Node {
  void* box;
  const void* key;
  const void* site;
  Node* below;
  char edge = 0;  // released by put, acquired by the get that takes it
};

PoolCore::PoolCore(void (*destroy)(void*)) : destroy_(destroy) {}

PoolCore::~PoolCore() {
  while (top_ != nullptr) {
    Node* node = top_;
    top_ = node->below;
    edge_acquire(&node->edge);
    destroy_(node->box);
    delete node;
  }
}

void* PoolCore::get() {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  const Operation operation{OpKind::kPoolGet, this, site};
  section.wait(operation);
  constexpr unsigned kMost = 7;  // older ones wait their turn: enough to tell them apart
  unsigned held = 0;
  for (Node* node = top_; node != nullptr && held < kMost; node = node->below) ++held;
  // Outcome 0 is the value put last; the one after the values is "the collector took them".
  unsigned index = section.choose(operation, held + 1);
  Node** link = &top_;
  for (unsigned i = 0; i < index && *link != nullptr; ++i) link = &(*link)->below;
  Node* node = index < held ? *link : nullptr;
  void* box = nullptr;
  if (node != nullptr) {
    *link = node->below;
    section.acquire(&node->edge);
    box = node->box;
    delete node;
  }
  section.emit(OpKind::kPoolGet, Outcome::kDone, this, site, box != nullptr ? 1 : 0);
  return box;
}

void PoolCore::put(void* box, const void* key) {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  section.wait({OpKind::kPoolPut, this, site});
  const Node* same = key != nullptr ? top_ : nullptr;
  while (same != nullptr && same->key != key) same = same->below;
  if (same != nullptr) {
    section.emit(OpKind::kPoolPut, Outcome::kUseAfterPut, this, site, Section::as_value(same->site),
                 key);
  } else {
    section.emit(OpKind::kPoolPut, Outcome::kDone, this, site, 0, key);
  }
  top_ = new Node{box, key, site, top_};
  section.release_store(&top_->edge);
}

}  // namespace chicane::golang::internal
