// SPDX-License-Identifier: Apache-2.0
//
// A worker: the catalogue's scenarios and the runtime in one executable. The `chicane` command
// starts it for one scenario and one leg; it explores and writes a Result as JSON.
//
//   worker --scenario locks/double_unlock/bad --leg sched [options of runner/explore_options.h]
//          --json FILE [--witness-dir DIR] [--replay FILE | --shrink FILE]
//   worker --scenario locks/double_unlock/bad --native N --json FILE   (runner/native_counts.h)
//   worker --list
//
// Exit: 0 it ran (whatever it found is in the JSON), 2 usage, 77 unavailable.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "chicane/chicane.h"
#include "chicane/scenario.h"
#include "report/result_json.h"
#include "runner/explore_flags.h"
#include "runner/explorer_addresses.h"
#include "runner/worker_native.h"
#include "witness/whole_file.h"

namespace {

using chicane::Result;
using chicane::Scenario;

struct Arguments {
  std::string scenario, json, replay, shrink;
  chicane::runner::ExploreFlags flags;
  chicane::Options options;
  unsigned native_runs = 0;
  bool list = false, check = false;
};

// "<family>/<pitfall>/<file without .cc>": the last three parts of the file's path.
std::string id_of(const Scenario& scenario) {
  std::string path = scenario.file;
  path.resize(path.size() - 3);  // ".cc"
  std::size_t begin = path.size();
  for (int part = 0; part < 3 && begin != std::string::npos && begin != 0; ++part) {
    begin = path.rfind('/', begin - 1);
  }
  return begin == std::string::npos || begin == 0 ? path : path.substr(begin + 1);
}

const Scenario* find(const std::string& id) {
  for (const Scenario* it = chicane::first_scenario(); it != nullptr; it = it->next) {
    if (id_of(*it) == id) return it;
  }
  return nullptr;
}

void parse(int argc, char** argv, Arguments* arguments) {
  CLI::App app("Explores one scenario of the catalogue");
  auto& options = arguments->options;
  app.add_option("--scenario", arguments->scenario, "family/pitfall/file");
  app.add_option("--leg", options.leg)->check(CLI::IsMember({"sched", "lockorder", "tsan"}));
  chicane::runner::add_explore_flags(app, &arguments->flags);
  app.add_option("--witness-dir", options.witness_dir);
  app.add_option("--json", arguments->json, "where the result goes");
  app.add_option("--replay", arguments->replay, "a schedule file");
  app.add_option("--shrink", arguments->shrink, "a schedule file");
  app.add_flag("--check", arguments->check, "with --shrink: only whether it is minimal");
  app.add_flag("--shrink-witnesses,!--no-shrink", options.shrink);
  app.add_flag("--whole-trace", options.whole_trace, "with --replay");
  app.add_option("--stop-at", options.stop_at_step, "with --replay");
  app.add_option("--native", arguments->native_runs, "runs on free threads, without the engine");
  app.add_flag("--list", arguments->list);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  chicane::runner::ExploreSettings settings;
  std::string error;
  if (!chicane::runner::read_explore_flags(arguments->flags, &settings, &error)) {
    std::fprintf(stderr, "%s\n", error.c_str());
    std::exit(2);
  }
  chicane::runner::apply(settings, &options);
}

bool read_file(const std::string& path, std::string* text) {
  std::ifstream file(path);
  if (!file) return false;
  std::ostringstream content;
  content << file.rdbuf();
  *text = content.str();
  return true;
}

// Returns the exit code.
int write_out(const Arguments& arguments, const nlohmann::json& json) {
  const std::string text = json.dump(1) + "\n";
  std::string error;
  if (arguments.json.empty()) {
    std::fputs(text.c_str(), stdout);
  } else if (!chicane::witness::write_whole(arguments.json, text, &error)) {
    std::fprintf(stderr, "%s\n", error.c_str());
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  chicane::runner::fix_addresses(argv);
  Arguments arguments;
  parse(argc, argv, &arguments);
  if (arguments.list) {
    for (const Scenario* it = chicane::first_scenario(); it != nullptr; it = it->next) {
      std::printf("%s\n", id_of(*it).c_str());
    }
    return 0;
  }
  const Scenario* scenario = find(arguments.scenario);
  if (scenario == nullptr) {
    std::fprintf(stderr,
                 "no scenario '%s' in this worker; it was added after the last build? Build again, "
                 "or see --list\n",
                 arguments.scenario.c_str());
    return 2;
  }
  if (arguments.native_runs != 0) {
    constexpr double kLimitSeconds = 2;
    return write_out(arguments, nlohmann::json(chicane::runner::run_natively(
                                    scenario->body, arguments.native_runs, kLimitSeconds)));
  }
  arguments.options.program = arguments.scenario;
  arguments.options.interruptible = true;
  Result result;
  if (!arguments.replay.empty() || !arguments.shrink.empty()) {
    const std::string& path = arguments.replay.empty() ? arguments.shrink : arguments.replay;
    std::string text;
    if (!read_file(path, &text)) {
      std::fprintf(stderr, "cannot read the schedule file '%s'\n", path.c_str());
      return 2;
    }
    if (arguments.check) arguments.options.shrink = false;
    result = arguments.replay.empty() ? chicane::shrink(scenario->body, arguments.options, {text})
                                      : chicane::replay(scenario->body, arguments.options, {text});
  } else {
    result = chicane::explore(scenario->body, arguments.options);
  }
  const int exit_code = write_out(arguments, chicane::report::to_json(result));
  return exit_code == 0 && result.unavailable ? 77 : exit_code;
}
