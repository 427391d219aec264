// SPDX-License-Identifier: Apache-2.0
//
// What an exhaustive search is, to those who look at it from beside (probes.h).
//
// Thread safety: engine context.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/strategy.h"
#include "strategies/trace.h"

namespace chicane::strategies {

class Spins;

class Search : public engine::Strategy {
 public:
  /// Whether runs with the same trace are one execution of it.
  virtual bool counts_traces() const = 0;
  /// Whether a run is of this shard: its trace, and the alternatives that it took, where there were
  /// several. Outside of runs, after the first.
  virtual bool owns(const Trace& trace, std::span<const unsigned> choices) = 0;
  /// As in its statistics.
  virtual std::uint64_t executions() const = 0;
  /// There is no further run.
  virtual bool ended() const = 0;
  /// Whom it holds; null: nobody, ever.
  virtual const Spins* spins() const { return nullptr; }
};

/// Only part `shard` (from 0) of `shards`.
std::unique_ptr<Search> make_dfs(unsigned shard, unsigned shards);
std::unique_ptr<Search> make_dpor(unsigned shard, unsigned shards);
using MakeSearch = std::unique_ptr<Search>(unsigned shard, unsigned shards);
/// What `make` makes, where threads that wait actively are held.
std::unique_ptr<Search> make_held(MakeSearch* make, unsigned shard, unsigned shards);
/// `search`, with an estimate of how large it is.
std::unique_ptr<engine::Strategy> make_probes(std::unique_ptr<Search> search, std::uint64_t seed);

}  // namespace chicane::strategies
