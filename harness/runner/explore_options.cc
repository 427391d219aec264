// SPDX-License-Identifier: Apache-2.0
#include "runner/explore_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "runner/problem.h"
#include "runner/strategy_names.h"

namespace chicane::runner {
namespace {

constexpr std::uint64_t kMaxJobs = 256;
constexpr std::uint64_t kMaxShards = 1 << 20;
constexpr double kMaxSeconds = 1e9;
// Each operation may be a choice, and a run's choices have room for so many.
constexpr std::uint64_t kMostStepLimit = 1'000'000;

const ParameterInfo* find_parameter(const std::string& name) {
  for (const ParameterInfo& info : kParameters) {
    if (name == info.name) return &info;
  }
  return nullptr;
}

/// "--depth", "--depth and --bound", "no parameters"
std::string list_parameters(const std::string& strategy) {
  std::vector<std::string> names = parameters_of(strategy);
  if (names.empty()) return "no parameters";
  for (std::string& name : names) name.insert(0, "--");
  return join(names, " and ");
}

bool read_parameter(const std::string& strategy, const std::string& name, const std::string& text,
                    ExploreSettings* settings, std::string* error) {
  const ParameterInfo* info = find_parameter(name);
  if (info == nullptr) {
    *error = fmt::format("there is no parameter --{}", name);
    return false;
  }
  const std::vector<std::string> own = parameters_of(strategy);
  if (std::find(own.begin(), own.end(), name) == own.end()) {
    *error = fmt::format("strategy {} has no parameter --{}; it has {}", strategy, name,
                         list_parameters(strategy));
    return false;
  }
  std::uint64_t value = 0;
  if (!parse_number("--" + name, text, info->minimum, &value, error)) return false;
  if (value > info->maximum) {
    *error = fmt::format("--{} is at most {}, not {}", name, info->maximum, value);
    return false;
  }
  settings->parameters[name] = value;
  return true;
}

bool read_parameters(const ExploreFlags& flags, ExploreSettings* settings, std::string* error) {
  const std::string strategy = flags.strategy.empty() ? kStrategies[0].name : flags.strategy;
  for (const auto& [name, text] : flags.parameters) {
    if (!text.empty() && !read_parameter(strategy, name, text, settings, error)) return false;
  }
  return true;
}

}  // namespace

bool read_explore_flags(const ExploreFlags& flags, ExploreSettings* settings, std::string* error) {
  std::uint64_t value = 0;
  if (!flags.strategy.empty() && !check_word("strategy", flags.strategy, strategy_names(), error)) {
    return false;
  }
  settings->strategy = flags.strategy;
  if (!read_parameters(flags, settings, error)) return false;
  if (!flags.schedules.empty()) {
    if (!parse_number("--schedules", flags.schedules, 1, &value, error)) return false;
    settings->schedules = value;
  }
  if (!flags.seed.empty() && !parse_number("--seed", flags.seed, 0, &settings->seed, error)) {
    return false;
  }
  if (!flags.time.empty()) {
    double seconds = 0;
    if (!parse_duration("--time", flags.time, &seconds, error)) return false;
    settings->time_limit = seconds;
  }
  if (!flags.jobs.empty()) {
    if (!parse_number("--jobs", flags.jobs, 1, &value, error)) return false;
    settings->jobs = static_cast<unsigned>(std::min(value, kMaxJobs));
  }
  if (!flags.step_limit.empty()) {
    if (!parse_number("--step-limit", flags.step_limit, 1, &value, error)) return false;
    if (value > kMostStepLimit) {
      *error = fmt::format("--step-limit is at most {}, not {}", kMostStepLimit, value);
      return false;
    }
    settings->step_limit = value;
  }
  return flags.shard.empty() ||
         parse_shard(flags.shard, &settings->shard, &settings->shards, error);
}

std::vector<std::string> explore_arguments(const ExploreSettings& settings) {
  std::vector<std::string> arguments = {"--seed", std::to_string(settings.seed)};
  const auto add = [&](const std::string& flag, std::string value) {
    arguments.insert(arguments.end(), {flag, std::move(value)});
  };
  if (!settings.strategy.empty()) add("--strategy", settings.strategy);
  if (settings.schedules) add("--schedules", std::to_string(*settings.schedules));
  if (settings.time_limit) add("--time", fmt::format("{}s", *settings.time_limit));
  if (settings.jobs) add("--jobs", std::to_string(*settings.jobs));
  if (settings.shards > 1) add("--shard", fmt::format("{}/{}", settings.shard, settings.shards));
  if (settings.step_limit) add("--step-limit", std::to_string(*settings.step_limit));
  for (const auto& [name, value] : settings.parameters) add("--" + name, std::to_string(value));
  return arguments;
}

bool split_arguments(const std::vector<std::string>& arguments, ExploreFlags* flags) {
  const std::map<std::string_view, std::string ExploreFlags::*> known = {
      {"strategy", &ExploreFlags::strategy},
      {"schedules", &ExploreFlags::schedules},
      {"seed", &ExploreFlags::seed},
      {"time", &ExploreFlags::time},
      {"jobs", &ExploreFlags::jobs},
      {"shard", &ExploreFlags::shard},
      {"step-limit", &ExploreFlags::step_limit}};
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size() || !arguments[i].starts_with("--")) return false;
    const std::string name = arguments[i].substr(2);
    const auto flag = known.find(name);
    if (flag != known.end()) {
      flags->*flag->second = arguments[i + 1];
    } else if (find_parameter(name) != nullptr) {
      flags->parameters[name] = arguments[i + 1];
    } else {
      return false;
    }
  }
  return true;
}

bool parse_duration(const std::string& flag, const std::string& text, double* seconds,
                    std::string* error) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  const double scale = unit == "ms"                  ? 1e-3
                       : unit.empty() || unit == "s" ? 1
                       : unit == "m"                 ? 60
                       : unit == "h"                 ? 3600
                                                     : 0;
  const double value = number * scale;
  if (problem != std::errc() || scale == 0 || !std::isfinite(value) || value < 0 ||
      value > kMaxSeconds) {
    *error = fmt::format("{} needs a duration such as 60s, 500ms, 2m or 1h, not '{}'", flag, text);
    return false;
  }
  if (value < 1e-3) {
    *error = fmt::format("{} {} leaves no time to run anything; give at least 1ms", flag, text);
    return false;
  }
  *seconds = value;
  return true;
}

bool parse_shard(const std::string& text, unsigned* shard, unsigned* shards, std::string* error) {
  const std::size_t slash = text.find('/');
  std::uint64_t index = 0, count = 0;
  std::string ignored;
  if (slash == std::string::npos || !parse_number("", text.substr(0, slash), 0, &index, &ignored) ||
      !parse_number("", text.substr(slash + 1), 1, &count, &ignored) || count > kMaxShards) {
    *error = fmt::format("--shard needs i/n, part i of n parts, as in 1/4, not '{}'", text);
    return false;
  }
  if (index < 1 || index > count) {
    *error = fmt::format("--shard {} is out of range: {} parts are 1/{} to {}/{}", text, count,
                         count, count, count);
    return false;
  }
  *shard = static_cast<unsigned>(index);
  *shards = static_cast<unsigned>(count);
  return true;
}

}  // namespace chicane::runner
