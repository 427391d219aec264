// SPDX-License-Identifier: Apache-2.0
//
// A map from an object's address to what a monitor remembers of it in the current run. Entries are
// never removed one by one: a value says itself when it is void.
//
// Thread safety: engine context only.
// Cost: clear is O(1) by generation; a look-up a multiplication and, nearly always, one probe.
// Allocates only while the number of objects of a run exceeds that of all earlier runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chicane::monitors {

template <class Value>
class AddressTable {
 public:
  void clear() {
    ++generation_;
    count_ = 0;
  }
  /// What is known of `address`, or null.
  Value* find(const void* address) {
    if (count_ == 0) return nullptr;
    Slot& slot = slots_[probe(address)];
    return slot.generation == generation_ ? &slot.value : nullptr;
  }
  const Value* find(const void* address) const {
    return const_cast<AddressTable*>(this)->find(address);
  }
  /// The entry of `address`, made with `Value{}` when there is none.
  Value& operator[](const void* address) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[probe(address)];
    if (slot.generation != generation_) {
      slot = {address, generation_, Value{}};
      ++count_;
    }
    return slot.value;
  }

 private:
  struct Slot {
    const void* address = nullptr;
    std::uint64_t generation = 0;
    Value value{};
  };
  std::size_t probe(const void* address) const {
    const std::size_t mask = slots_.size() - 1;
    const std::uint64_t hash = reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15u;
    // The product's high bits depend on all of the address, also on a key's highest ones.
    std::size_t i = ((hash >> 48) ^ (hash >> 24)) & mask;
    while (slots_[i].generation == generation_ && slots_[i].address != address) i = (i + 1) & mask;
    return i;
  }
  void grow() {
    std::vector<Slot> old = std::move(slots_);
    slots_.assign(old.empty() ? 64 : 2 * old.size(), Slot{});
    for (const Slot& slot : old) {
      if (slot.generation == generation_) slots_[probe(slot.address)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
  std::uint64_t generation_ = 1;
};

}  // namespace chicane::monitors
