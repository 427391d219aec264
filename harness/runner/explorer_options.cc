// SPDX-License-Identifier: Apache-2.0
//
// From settings to the options of an exploration in this process.
#include "runner/explore_options.h"

namespace chicane::runner {

void apply(const ExploreSettings& settings, Options* options) {
  if (!settings.strategy.empty()) parse_strategy(settings.strategy, &options->strategy);
  if (settings.schedules) options->schedules = *settings.schedules;
  options->seed = settings.seed;
  if (settings.time_limit) options->time_limit = *settings.time_limit;
  if (settings.jobs) options->jobs = *settings.jobs;
  options->shard = settings.shard - 1;
  options->shards = settings.shards;
  if (settings.step_limit) options->step_limit = *settings.step_limit;
  for (const auto& [name, value] : settings.parameters) {
    if (name == "depth") options->pct_depth = static_cast<unsigned>(value);
    if (name == "bound") options->bound = static_cast<unsigned>(value);
  }
}

}  // namespace chicane::runner
