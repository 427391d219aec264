// SPDX-License-Identifier: Apache-2.0
#include "googletest/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "runner/explore_options.h"
#include "runner/problem.h"
#include "runner/strategy_names.h"
#include "witness/schedule_file.h"

namespace chicane::googletest {
namespace {

constexpr std::string_view kPrefix = "--chicane_";

/// What was written, before it is known whether it makes sense.
struct Written {
  runner::ExploreFlags explore;
  std::string leg, witness_dir, replay, explore_at_all, spurious_wakeups;
};

struct Flag {
  std::string name, value, what;
  std::string* to;
};

std::vector<Flag> flags_of(Written* written) {
  runner::ExploreFlags& explore = written->explore;
  std::vector<Flag> flags = {
      {"schedules", "N", "runs of each test, at most (default 1000)", &explore.schedules},
      {"strategy", "S", "see chicane list --strategies", &explore.strategy},
      {"seed", "N", "same seed, same runs (default 1)", &explore.seed},
      {"time", "60s", "how long to explore each test, at most", &explore.time},
      {"jobs", "N", "processes at a time", &explore.jobs},
      {"shard", "i/n", "only part i of n of each test's schedules", &explore.shard},
      {"step_limit", "N", "operations of a run before it is led to its end (default 20000)",
       &explore.step_limit},
      {"leg", "L", "sched (default), lockorder, or tsan where that runtime is linked",
       &written->leg},
      {"witness_dir", "DIR", "where schedules of failures go (default chicane-witnesses)",
       &written->witness_dir},
      {"replay", "FILE", "run the test of this schedule once, under it", &written->replay},
      {"spurious_wakeups", "0|1", "whether condition waits may return without a signal",
       &written->spurious_wakeups},
      {"explore", "0|1", "0: run the tests as plain GoogleTest does", &written->explore_at_all}};
  for (const runner::ParameterInfo& info : runner::kParameters) {
    std::string name = info.name;
    std::replace(name.begin(), name.end(), '-', '_');
    flags.push_back({name, "N", info.what, &explore.parameters[info.name]});
  }
  return flags;
}

bool read_argument(const std::string& argument, const std::vector<Flag>& flags,
                   std::string* error) {
  const std::size_t equals = argument.find('=');
  std::string name = argument.substr(kPrefix.size(), equals - kPrefix.size());
  std::replace(name.begin(), name.end(), '-', '_');
  std::vector<std::string> names;
  for (const Flag& flag : flags) names.push_back(flag.name);
  std::string unknown;
  if (!runner::check_word("flag --chicane_", name, names, &unknown)) {
    *error = fmt::format("{}: {}", argument, unknown);
    return false;
  }
  const auto flag =
      std::find_if(flags.begin(), flags.end(), [&](const Flag& it) { return it.name == name; });
  if (equals == std::string::npos || equals + 1 == argument.size()) {
    *error = fmt::format("{0}{1} needs a value: {0}{1}={2}", kPrefix, name, flag->value);
    return false;
  }
  *flag->to = argument.substr(equals + 1);
  return true;
}

void read_environment(const std::vector<Flag>& flags) {
  for (const Flag& flag : flags) {
    std::string name = "CHICANE_" + flag.name;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const char* value = std::getenv(name.c_str());
    if (value != nullptr) *flag.to = value;
  }
}

bool read_switch(const std::string& name, const std::string& text, bool* value,
                 std::string* error) {
  if (text.empty()) return true;
  *value = text == "1" || text == "true";
  if (*value || text == "0" || text == "false") return true;
  *error = fmt::format("{}{} is 0 or 1, not '{}'", kPrefix, name, text);
  return false;
}

// The shared options call themselves --schedules, and so on.
std::string with_own_names(std::string text) {
  for (std::size_t at = 0; (at = text.find("--", at)) != std::string::npos; at += kPrefix.size()) {
    text.replace(at, 2, kPrefix);
  }
  return text;
}

bool read_replay(Settings* settings, std::string* error) {
  if (!runner::read_file(settings->replay_file, &settings->replay.text)) {
    *error = settings->replay_file + " cannot be read: is it there?";
    return false;
  }
  witness::ScheduleFile schedule;
  if (!witness::parse(settings->replay.text, &schedule, error)) {
    *error = settings->replay_file + ": " + *error;
    return false;
  }
  settings->replay_test = schedule.scenario;
  settings->options.leg = schedule.leg;
  return true;
}

}  // namespace

bool read_settings(std::vector<std::string>* arguments, Settings* settings, std::string* error) {
  Written written;
  const std::vector<Flag> flags = flags_of(&written);
  read_environment(flags);
  for (const std::string& argument : *arguments) {
    if (argument == "--") break;
    if (argument.starts_with(kPrefix) && !read_argument(argument, flags, error)) return false;
  }
  std::erase_if(*arguments, [](const std::string& it) { return it.starts_with(kPrefix); });
  runner::ExploreSettings explore;
  if (!runner::read_explore_flags(written.explore, &explore, error)) {
    *error = with_own_names(*error);
    return false;
  }
  Options& options = settings->options;
  runner::apply(explore, &options);
  if (!written.leg.empty()) options.leg = written.leg;
  if (!runner::check_word("leg", options.leg, {"sched", "lockorder", "tsan"}, error)) return false;
  options.witness_dir = written.witness_dir.empty() ? "chicane-witnesses" : written.witness_dir;
  if (!read_switch("spurious_wakeups", written.spurious_wakeups, &options.spurious_wakeups,
                   error) ||
      !read_switch("explore", written.explore_at_all, &settings->explore, error)) {
    return false;
  }
  if (written.spurious_wakeups == "0") options.sample_spurious_wakeups = false;
  settings->replay_file = written.replay;
  return written.replay.empty() || read_replay(settings, error);
}

std::string flags_help() {
  Written written;
  std::string text = "\nChicane explores each test under many schedules:\n";
  for (const Flag& flag : flags_of(&written)) {
    text += fmt::format("  {:<34} {}\n", fmt::format("{}{}={}", kPrefix, flag.name, flag.value),
                        flag.what);
  }
  return text + "In the environment: CHICANE_SCHEDULES=10000, and so on.\n";
}

}  // namespace chicane::googletest
