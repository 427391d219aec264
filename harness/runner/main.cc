// SPDX-License-Identifier: Apache-2.0
//
// The `chicane` command. It finds the catalogue, starts workers, holds their reports against the
// annotations and prints; it runs no program under test itself.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "runner/command_name.h"
#include "runner/commands.h"
#include "runner/process.h"

#ifndef CHICANE_VERSION
#define CHICANE_VERSION "development"
#endif

namespace {

/// Workers have process groups of their own, so an interrupt does not reach them by itself.
void on_interrupt(int signal) {
  chicane::runner::kill_all_processes();
  _exit(128 + signal);
}

int run(int argc, char** argv) {
  using namespace chicane::runner;
  set_command_name(argv[0]);
  CLI::App app("Finds the interleavings that break concurrent C++, and replays them.", "chicane");
  app.set_version_flag("--version", "chicane " CHICANE_VERSION);
  app.require_subcommand(1);
  int exit_code = kExitExpected;
  add_run(app, &exit_code);
  add_list(app, &exit_code);
  add_explore(app, &exit_code);
  add_replay(app, &exit_code);
  add_shrink(app, &exit_code);
  add_explain(app, &exit_code);
  add_doctor(app, &exit_code);
  if (std::string error; argc > 1 && argv[1][0] != '-') {
    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
    if (!check_word("command", argv[1], commands, &error)) {
      return usage_error(error, "`chicane --help` says what each does");
    }
  }
  app.footer("Exit: 0 as expected, 1 a finding or an annotation not met, 2 usage, 77 unavailable.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::string what = error.what();
    while (what.ends_with("\n")) what.pop_back();
    return usage_error(what, "`chicane --help` and `chicane run --help` list what there is");
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGINT, on_interrupt);
  signal(SIGTERM, on_interrupt);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chicane: error: %s\n", error.what());
    return chicane::runner::kExitUsage;
  }
}
