// SPDX-License-Identifier: Apache-2.0
#include "runner/match.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "runner/command_name.h"

namespace chicane::runner {
namespace {

/// Lines that carry the same `kind#id`.
struct Defect {
  std::string kind;
  std::string name;
  std::vector<const Annotation*> entries;

  std::set<int> lines(std::string_view leg) const {
    std::set<int> lines;
    for (const Annotation* entry : entries) {
      if (entry->lists(leg)) lines.insert(entry->line);
    }
    return lines;
  }
  std::set<int> lines() const {
    std::set<int> lines;
    for (const Annotation* entry : entries) lines.insert(entry->line);
    return lines;
  }
  const Annotation* first(std::string_view leg, bool gap) const {
    for (const Annotation* entry : entries) {
      if (entry->lists(leg) && entry->gap == gap) return entry;
    }
    return nullptr;
  }
};

/// The sites of one report, by line.
struct Sites {
  /// Each must be annotated; 0 stands for a site outside of the file.
  std::vector<int> needed;
  /// May be.
  std::vector<int> other;
  /// Whether one of `other` will do when nothing is needed.
  bool any = false;
};

bool is_related(const std::string& role) {
  static const std::set<std::string> kRelated = {"created", "declared", "allocated", "initialized",
                                                 "registered"};
  return kRelated.contains(role);
}

bool subset(const std::vector<int>& part, const std::set<int>& whole) {
  return std::all_of(part.begin(), part.end(), [&](int line) { return whole.contains(line); });
}

bool intersects(const std::vector<int>& part, const std::set<int>& whole) {
  return std::any_of(part.begin(), part.end(), [&](int line) { return whole.contains(line); });
}

bool fits(const Sites& sites, const std::set<int>& lines) {
  if (!sites.needed.empty()) return subset(sites.needed, lines);
  return sites.any && intersects(sites.other, lines);
}

/// Collects the verdict of one file.
class Matcher {
 public:
  Matcher(const Pitfall& pitfall, const ScenarioFile& file, const std::vector<LegReport>& reports)
      : pitfall_(pitfall), file_(file), reports_(reports) {
    for (const Annotation& entry : file.annotations.entries) {
      auto found = std::find_if(defects_.begin(), defects_.end(),
                                [&](const Defect& defect) { return defect.name == entry.name(); });
      if (found == defects_.end()) {
        found = defects_.insert(defects_.end(), Defect{entry.kind, entry.name(), {}});
      }
      found->entries.push_back(&entry);
    }
  }

  Verdict run() {
    for (const LegReport& report : reports_) run_leg(report);
    check_every_line_is_reported();
    return std::move(verdict_);
  }

 private:
  void run_leg(const LegReport& report) {
    LegVerdict& leg = verdict_.legs.emplace_back();
    leg.leg = report.leg;
    if (report.result->unavailable) {
      leg.status = Status::kUnavailable;
      leg.why = report.result->error;
      return;
    }
    if (!report.result->error.empty()) {
      leg.status = Status::kFail;
      fail(report.leg, 0,
           fmt::format("the leg {} could not do its work: {}", report.leg, report.result->error));
      return;
    }
    const std::size_t failures_before = verdict_.failures.size();
    std::set<const Defect*> found;
    for (const Diagnosis& diagnosis : report.result->diagnoses) {
      if (counts(diagnosis, report.leg)) {
        explain(report.leg, diagnosis, &found);
      } else if (!came_true(report, diagnosis)) {
        leg.notes.push_back(summarize(diagnosis, pitfall_, file_) +
                            ", not confirmed: " + diagnosis.message);
      }
    }
    expect(report.leg, found);
    leg.status = status(report.leg, found, verdict_.failures.size() > failures_before);
  }

  /// Whether a predicted lock cycle is that of a deadlock that the leg has confirmed.
  bool came_true(const LegReport& report, const Diagnosis& predicted) const {
    if (predicted.kind != "lock-order-inversion") return false;
    std::set<int> lines;
    for (const Diagnosis& diagnosis : report.result->diagnoses) {
      if (diagnosis.kind != "deadlock" || !counts(diagnosis, report.leg)) continue;
      for (const Site& site : diagnosis.sites) lines.insert(line_of(site, pitfall_, file_));
    }
    return std::all_of(predicted.sites.begin(), predicted.sites.end(), [&](const Site& site) {
      return lines.contains(line_of(site, pitfall_, file_));
    });
  }

  Status status(const std::string& leg, const std::set<const Defect*>& found, bool failed) const {
    if (failed) return Status::kFail;
    if (!found.empty()) return Status::kFound;
    const bool gap = std::any_of(defects_.begin(), defects_.end(), [&](const Defect& defect) {
      return defect.first(leg, true) != nullptr;
    });
    return gap ? Status::kGap : Status::kSilent;
  }

  /// I2, I3: finds the defects that a report is about.
  void explain(const std::string& leg, const Diagnosis& diagnosis, std::set<const Defect*>* found) {
    const Sites sites = sites_of(leg, diagnosis);
    bool explained = false;
    for (const Defect& defect : defects_) {
      if (defect.kind != diagnosis.kind || !fits(sites, defect.lines(leg))) continue;
      explained = true;
      found->insert(&defect);
      reported_lines_[defect.name].insert(sites.needed.begin(), sites.needed.end());
      reported_lines_[defect.name].insert(sites.other.begin(), sites.other.end());
    }
    if (!explained) unexplained(leg, diagnosis, sites);
  }

  void unexplained(const std::string& leg, const Diagnosis& diagnosis, const Sites& sites) {
    const std::string said = summarize(diagnosis, pitfall_, file_);
    const int line = first_line(sites);
    if (file_.good()) {
      fail(leg, line,
           fmt::format("{} reports {}, but the program says '//~ none' (line {})", leg, said,
                       file_.annotations.none_line));
      return;
    }
    for (const Defect& defect : defects_) {
      if (defect.kind != diagnosis.kind || !fits(sites, defect.lines())) continue;
      fail(leg, line,
           fmt::format("{0} reports {1}, but {2} does not list {0} on each of these "
                       "lines: add it if {0} is right",
                       leg, said, defect.name));
      return;
    }
    for (const Defect& defect : defects_) {
      if (defect.kind != diagnosis.kind) continue;
      const std::vector<std::string> missing = lines_outside(sites, defect.lines());
      fail(leg, line,
           fmt::format("{} reports {}; for {} the annotation is missing {}", leg, said, defect.name,
                       join(missing)));
      return;
    }
    fail(leg, line,
         fmt::format("{} reports {}, which no annotation explains: expected '//~ {}#id "
                     "[{}]' there, or a program without it",
                     leg, said, diagnosis.kind, leg));
  }

  static std::vector<std::string> lines_outside(const Sites& sites, const std::set<int>& lines) {
    std::set<std::string> missing;
    for (const int line : sites.needed.empty() ? sites.other : sites.needed) {
      if (line == 0) {
        missing.insert("at a site outside of this file (it cannot be annotated)");
      } else if (!lines.contains(line)) {
        missing.insert(fmt::format("on line {}", line));
      }
    }
    return {missing.begin(), missing.end()};
  }

  static int first_line(const Sites& sites) {
    for (const auto* lines : {&sites.needed, &sites.other}) {
      for (const int line : *lines) {
        if (line > 0) return line;
      }
    }
    return 0;
  }

  /// I1, I3: every defect that lists the leg is found, every gap is not.
  void expect(const std::string& leg, const std::set<const Defect*>& found) {
    for (const Defect& defect : defects_) {
      const bool reported = found.contains(&defect);
      const Annotation* promised = defect.first(leg, false);
      const Annotation* gap = defect.first(leg, true);
      if (promised != nullptr && !reported) {
        fail(leg, promised->line,
             fmt::format("expected {} from {}, which did not report it", defect.name, leg));
      } else if (promised == nullptr && gap != nullptr && reported) {
        fail(
            leg, gap->line,
            fmt::format("{} is marked 'gap', but {} finds it now: remove 'gap'", defect.name, leg));
      }
    }
  }

  bool was_run(const std::string& leg) const {
    return std::any_of(reports_.begin(), reports_.end(), [&](const LegReport& report) {
      return report.leg == leg && report.result->error.empty();
    });
  }

  /// I4. Only for defects that were found: the others have failed already.
  void check_every_line_is_reported() {
    for (const Defect& defect : defects_) {
      if (!reported_lines_.contains(defect.name)) continue;
      for (const Annotation* entry : defect.entries) {
        if (entry->gap || reported_lines_[defect.name].contains(entry->line)) continue;
        if (!std::all_of(entry->legs.begin(), entry->legs.end(),
                         [&](const std::string& leg) { return was_run(leg); })) {
          continue;
        }
        fail("", entry->line,
             fmt::format("expected {} on this line, but no leg that it lists "
                         "reports it here: remove the annotation, or correct it",
                         defect.name));
        for (LegVerdict& leg : verdict_.legs) {
          if (entry->lists(leg.leg)) leg.status = Status::kFail;
        }
      }
    }
  }

  Sites sites_of(const std::string& leg, const Diagnosis& diagnosis) const {
    Sites sites;
    const bool deadlock = diagnosis.kind == "deadlock";
    const bool warning = leg == "thread-safety";
    std::set<int> holders;
    for (const Site& site : diagnosis.sites) {
      if (site.role == "holds") holders.insert(site.thread);
    }
    for (const Site& site : diagnosis.sites) {
      const int line = line_of(site, pitfall_, file_);
      const bool needed =
          !warning && !is_related(site.role) && (!deadlock || holders.contains(site.thread));
      (needed ? sites.needed : sites.other).push_back(line);
    }
    sites.any = deadlock || warning;
    return sites;
  }

  void fail(const std::string& leg, int line, std::string what) {
    Failure& failure = verdict_.failures.emplace_back();
    failure.leg = leg;
    failure.file = file_.path;
    failure.line = line;
    failure.what = std::move(what);
    for (const LegReport& report : reports_) failure.reported.push_back(reported(report));
    failure.next = fmt::format("{} run {} --variant {} --form {}{}", command_name(), pitfall_.id(),
                               file_.good() ? "good" : "bad", file_.std_form() ? "std" : "default",
                               leg.empty() ? "" : " --leg " + leg);
  }

  std::string reported(const LegReport& report) const {
    std::vector<std::string> parts;
    for (const Diagnosis& diagnosis : report.result->diagnoses) {
      parts.push_back(summarize(diagnosis, pitfall_, file_) +
                      (counts(diagnosis, report.leg) ? "" : " (not confirmed)"));
    }
    if (!report.result->error.empty()) parts.push_back(report.result->error);
    if (parts.empty() && report.leg == "thread-safety") parts.emplace_back("nothing");
    if (parts.empty()) parts.push_back(fmt::format("nothing in {} runs", report.result->runs));
    return fmt::format("{:<13} reported {}", report.leg, join(parts, "; "));
  }

  const Pitfall& pitfall_;
  const ScenarioFile& file_;
  const std::vector<LegReport>& reports_;
  std::vector<Defect> defects_;
  std::map<std::string, std::set<int>> reported_lines_;
  Verdict verdict_;
};

}  // namespace

std::string to_string(const Failure& failure) {
  std::string text = failure.file;
  if (failure.line > 0) text += fmt::format(":{}", failure.line);
  text += ": " + failure.what;
  for (const std::string& line : failure.reported) text += "\n  " + line;
  text += "\n  try           " + failure.next;
  return text;
}

const char* to_string(Status status) {
  switch (status) {
    case Status::kFound:
      return "found";
    case Status::kSilent:
      return "silent";
    case Status::kGap:
      return "gap";
    case Status::kFail:
      return "FAIL";
    case Status::kUnavailable:
      return "n/a";
  }
  return "?";
}

bool counts(const Diagnosis& diagnosis, std::string_view leg) {
  return diagnosis.confirmed || leg == "thread-safety";
}

int line_of(const Site& site, const Pitfall& pitfall, const ScenarioFile& file) {
  const std::string tail = "/" + pitfall.id() + "/" + file.form + ".cc";
  for (const Frame& frame : site.stack) {
    if (("/" + frame.file).ends_with(tail)) return frame.line;
  }
  return 0;
}

std::string summarize(const Diagnosis& diagnosis, const Pitfall& pitfall,
                      const ScenarioFile& file) {
  std::vector<std::string> places;
  for (const Site& site : diagnosis.sites) {
    const int line = line_of(site, pitfall, file);
    const std::string place = line > 0 ? fmt::format("line {} ({})", line, site.role)
                                       : fmt::format("outside of this file ({})", site.role);
    if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
  }
  return diagnosis.kind + (places.empty() ? "" : " at " + join(places));
}

Verdict match(const Pitfall& pitfall, const ScenarioFile& file,
              const std::vector<LegReport>& reports) {
  return Matcher(pitfall, file, reports).run();
}

}  // namespace chicane::runner
