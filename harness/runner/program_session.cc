// SPDX-License-Identifier: Apache-2.0
#include "runner/program_session.h"

#include <nlohmann/json.hpp>

namespace chicane::runner {

using nlohmann::json;

const char* to_string(Isolation isolation) {
  switch (isolation) {
    case Isolation::kRun:
      return "run";
    case Isolation::kBatch:
      return "batch";
  }
  return "?";
}

bool parse_isolation(const std::string& name, Isolation* isolation) {
  for (const Isolation candidate : {Isolation::kRun, Isolation::kBatch}) {
    if (name != to_string(candidate)) continue;
    *isolation = candidate;
    return true;
  }
  return false;
}

std::string to_text(const Session& session) {
  const json all = {
      {"arguments", session.arguments},
      {"leg", session.leg},
      {"isolation", to_string(session.isolation)},
      {"command", session.command},
      {"program", session.program},
      {"witness_dir", session.witness_dir},
      {"schedule", session.schedule},
      {"shorten", session.shorten},
      {"check", session.check},
      {"as_found", session.as_found},
      {"whole_trace", session.whole_trace},
      {"stop_at_step", session.stop_at_step},
      {"standard_input", session.standard_input},
      {"terminal", session.terminal},
      {"show_output", session.show_output},
      {"allowed_statuses", session.allowed_statuses},
  };
  return all.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

bool from_text(const std::string& text, Session* session, std::string* error) {
  try {
    const json all = json::parse(text);
    all.at("arguments").get_to(session->arguments);
    all.at("leg").get_to(session->leg);
    all.at("command").get_to(session->command);
    all.at("program").get_to(session->program);
    all.at("witness_dir").get_to(session->witness_dir);
    all.at("schedule").get_to(session->schedule);
    all.at("shorten").get_to(session->shorten);
    all.at("check").get_to(session->check);
    all.at("as_found").get_to(session->as_found);
    all.at("whole_trace").get_to(session->whole_trace);
    all.at("stop_at_step").get_to(session->stop_at_step);
    all.at("standard_input").get_to(session->standard_input);
    all.at("terminal").get_to(session->terminal);
    all.at("show_output").get_to(session->show_output);
    all.at("allowed_statuses").get_to(session->allowed_statuses);
    if (parse_isolation(all.at("isolation").get<std::string>(), &session->isolation)) return true;
    *error = "an isolation that this runtime does not know: it is of another version";
  } catch (const json::exception& problem) {
    *error = problem.what();
  }
  return false;
}

}  // namespace chicane::runner
