// SPDX-License-Identifier: Apache-2.0
//
// Whether threads that do not come to their end get on at all. In the first part of a stretch of a
// run it notes which values they meet at which addresses; who meets others in the rest of it gets
// on: it goes through data, or counts. Who goes round and round meets the same again and again.
//
// Whether what gets on comes to its end cannot be told: a loop may count its rounds for ever, and
// another one that does just the same may end by its count. But that a thread only counts can be.
//
// Thread safety: none. Memory: 1 MB, from the first note on.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/engine.h"

namespace chicane::monitors {

class NewGround {
 public:
  void begin(std::uint64_t first_step, std::uint64_t last_step) {
    slots_.assign(kSlots, 0);
    used_ = 0;
    met_.clear();
    rest_from_ = first_step + (last_step - first_step) * 6 / 10;
  }
  bool begun() const { return !slots_.empty(); }
  void clear() { slots_.clear(); }
  /// A thread has met this value there.
  void note(engine::ThreadId thread, std::uint64_t step, std::uint64_t address,
            std::uint64_t value) {
    // New without an end, if there is no room.
    if (used_ < kSlots / 2 && !add(address, value)) return;
    if (step < rest_from_) return;
    if (thread >= met_.size()) met_.resize(thread + 1);
    Met& met = met_[thread];
    met.at_one_place = met.count++ == 0 || (met.at_one_place && met.address == address);
    met.address = address;
  }
  /// How often a thread has met what was not there in the first part.
  std::uint64_t met(engine::ThreadId thread) const {
    return thread < met_.size() ? met_[thread].count : 0;
  }
  /// The only address where it did; 0: there are several, or none.
  std::uint64_t counter(engine::ThreadId thread) const {
    return thread < met_.size() && met_[thread].at_one_place ? met_[thread].address : 0;
  }

 private:
  static constexpr std::size_t kSlots = 1 << 17;

  bool add(std::uint64_t address, std::uint64_t value) {
    const std::uint64_t key =
        (address * 0x9e3779b97f4a7c15u ^ (value + 0x2545f4914f6cdd1du) * 0xc2b2ae3d27d4eb4fu) | 1;
    for (std::size_t i = key >> 47;; i = (i + 1) % kSlots) {
      if (slots_[i] == key) return false;
      if (slots_[i] != 0) continue;
      slots_[i] = key;
      ++used_;
      return true;
    }
  }

  std::vector<std::uint64_t> slots_;
  std::size_t used_ = 0;
  struct Met {
    std::uint64_t count = 0, address = 0;
    bool at_one_place = false;
  };
  std::vector<Met> met_;  // by thread
  std::uint64_t rest_from_ = 0;
};

}  // namespace chicane::monitors
