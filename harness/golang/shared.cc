// SPDX-License-Identifier: Apache-2.0
//
// Shared values, and the cell of AtomicValue.
#include "golang/shared.h"

namespace chicane::golang::internal {

Shared* shared_make(void* value, void (*destroy)(void*)) { return new Shared(value, destroy); }

void* shared_value(Shared* shared) { return shared->value; }

void shared_drop(Shared* shared) {
  if (!shared->references.drop_in_order()) return;
  edge_acquire(&shared->edge);
  shared->destroy(shared->value);
  delete shared;
}

namespace {

/// What an event tells of a shared value: where it is.
std::uint64_t place_of(const Shared* shared) {
  return shared == nullptr ? 0 : reinterpret_cast<std::uintptr_t>(shared->value);
}

}  // namespace

Cell::~Cell() {
  if (value_ != nullptr) shared_drop(value_);
}

Shared* Cell::load() const {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  section.wait({OpKind::kAtomicLoad, this, site});
  Shared* value = observe(section, value_);
  section.emit(OpKind::kAtomicLoad, Outcome::kDone, this, site, place_of(value));
  return value;
}

void Cell::store(Shared* value) {
  const void* site = CHICANE_GOLANG_SITE();
  Shared* old = nullptr;
  {
    Section section;
    section.wait({OpKind::kAtomicStore, this, site});
    section.release_store(&value->edge);
    old = value_;
    value_ = value;
    section.emit(OpKind::kAtomicStore, Outcome::kDone, this, site, place_of(value));
  }
  if (old != nullptr) shared_drop(old);
}

Shared* Cell::swap(Shared* value) {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  section.wait({OpKind::kAtomicRmw, this, site});
  if (value_ != nullptr) section.acquire(&value_->edge);
  section.release_store(&value->edge);
  Shared* old = value_;
  value_ = value;
  section.emit(OpKind::kAtomicRmw, Outcome::kDone, this, site, place_of(value));
  return old;
}

}  // namespace chicane::golang::internal
