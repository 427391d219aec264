// SPDX-License-Identifier: Apache-2.0
#include "runner/show.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "report/terminal.h"
#include "report/text.h"
#include "runner/command_name.h"
#include "runner/race_details.h"

namespace chicane::runner {
namespace {

/// A line without its comment and outer blanks: what the compiler sees, roughly.
std::string code_of(const std::string& line) {
  return std::string(trim(std::string_view(line).substr(0, line.find("//"))));
}

/// Lines that differ between every bad.cc and good.cc, and fix nothing.
bool is_code(const std::string& line) {
  const std::string code = code_of(line);
  return !code.empty() && !code.starts_with("CHICANE_SCENARIO");
}

/// Names the defect that a diagnosis is about, so that it is shown once: its annotation where it
/// has one, else its sites.
std::string defect_of(const Diagnosis& diagnosis, const FileRun& run) {
  for (const Site& site : diagnosis.sites) {
    const int line = line_of(site, *run.pitfall, *run.file);
    for (const Annotation& entry : run.file->annotations.entries) {
      if (entry.kind == diagnosis.kind && entry.line == line) return entry.name();
    }
  }
  return summarize(diagnosis, *run.pitfall, *run.file);
}

}  // namespace

std::string fix_place(const ScenarioFile& bad, const ScenarioFile& good) {
  std::multiset<std::string> known;
  for (const std::string& line : bad.lines) {
    if (is_code(line)) known.insert(code_of(line));
  }
  std::size_t number = 0;
  for (const std::string& line : good.lines) {
    ++number;
    if (!is_code(line)) continue;
    const auto found = known.find(code_of(line));
    if (found == known.end()) {
      return fmt::format("{}:{}", std::filesystem::path(good.path).filename().string(), number);
    }
    known.erase(found);
  }
  return {};
}

std::string show_diagnosis(const Diagnosis& diagnosis, const Pitfall& pitfall,
                           const ScenarioFile& file, bool colour) {
  report::TerminalOptions options;
  options.command = command_name();
  options.program = pitfall.id() + (file.std_form() ? " (std)" : "");
  options.color = colour;
  const std::string base = file.form + ".cc";
  for (const Annotation& entry : file.annotations.entries) {
    if (entry.prose.empty() || entry.kind != diagnosis.kind) continue;
    options.prose.emplace(fmt::format("{}:{}", base, entry.line), entry.prose);
  }
  if (const ScenarioFile* good = pitfall.find(file.std_form() ? "good_std" : "good");
      good != nullptr && !file.good()) {
    options.fix_place = fix_place(file, *good);
  }
  if (lacks_details(diagnosis)) {
    options.more =
        fmt::format("locks and values: {} run {} --leg sched", options.command, pitfall.id());
  }
  return report::render(diagnosis, options);
}

std::string show_diagnoses(const FileRun& run, bool colour) {
  std::string text;
  std::set<std::string> shown;
  for (std::size_t i = 0; i < run.legs.size(); ++i) {
    for (const Diagnosis& diagnosis : run.cells[i].result.diagnoses) {
      if (!counts(diagnosis, run.legs[i])) continue;
      if (!shown.insert(defect_of(diagnosis, run)).second) continue;
      text += show_diagnosis(diagnosis, *run.pitfall, *run.file, colour) + "\n";
    }
  }
  for (const LegVerdict& leg : run.verdict.legs) {
    for (const std::string& note : leg.notes) {
      std::string lead = "note: ";
      const std::string whole = fmt::format("{} {}: {}", run.program(), leg.leg, note);
      for (const std::string& line : report::wrapped(whole, report::kReportWidth - lead.size())) {
        text += lead + line + "\n";
        lead.assign(lead.size(), ' ');
      }
    }
  }
  return text;
}

}  // namespace chicane::runner
