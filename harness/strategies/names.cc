// SPDX-License-Identifier: Apache-2.0
//
// The table of names.
#include "strategies/search.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

std::unique_ptr<engine::Strategy> make_sampler(const std::string& name, const Parameters& with,
                                               const Coverage& coverage) {
  if (name == "portfolio") return make_portfolio(with, coverage);
  if (name == "random") return make_random(with.seed);
  if (name == "pct") return make_pct(with.seed, with.depth);
  if (name == "pos") return make_pos(with.seed);
  if (name == "urw") return make_urw(with.seed);
  if (name == "surw") return make_surw(with.seed, coverage);
  if (name == "delay") return make_delay(with);
  if (name == "preemption") return make_preemption(with);
  if (name == "directed") return make_directed(with.seed, coverage);
  if (name == "few-preemptions") return make_few_preemptions(with.seed);
  if (name == "round-robin") return make_round_robin(with.seed);
  if (name == "latecomer") return make_latecomer(with.seed);
  return nullptr;
}

}  // namespace

std::unique_ptr<engine::Strategy> make_strategy(const std::string& name, const Parameters& with,
                                                std::string* error) {
  if (name == "dfs")
    return make_fair_order(make_probes(make_held(&make_dfs, with.shard, with.shards), with.seed));
  if (name == "dpor")
    return make_fair_order(make_probes(make_dpor(with.shard, with.shards), with.seed));
  auto coverage = std::make_unique<Coverage>();
  auto sampler = make_sampler(name, with, *coverage);
  if (sampler != nullptr)
    return make_sampling(std::move(coverage), std::move(sampler), with.step_limit);
  if (error != nullptr) {
    *error = "unknown strategy '" + name +
             "': use portfolio, random, pct, pos, urw, surw, delay, preemption, dfs or dpor";
  }
  return nullptr;
}

}  // namespace chicane::strategies
