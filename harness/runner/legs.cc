// SPDX-License-Identifier: Apache-2.0
#include "runner/legs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "report/result_json.h"
#include "runner/problem.h"
#include "runner/process.h"
#include "runner/thread_safety.h"

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

CellResult failed(std::string why, bool unavailable = false) {
  CellResult cell;
  cell.result.error = std::move(why);
  cell.result.unavailable = unavailable;
  return cell;
}

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, colon)) + "/" + program;
    if (access(candidate.c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return false;
}

/// The optional legs have no adapter yet; the machine's own lack comes first.
CellResult run_optional(const std::string& leg) {
  const std::string tool = leg == "helgrind" ? "valgrind" : leg;
  if (!on_path(tool)) {
    return failed(fmt::format("{0} is not installed (apt-get install {0})", tool), true);
  }
  return failed(fmt::format("{} is installed, but this version of chicane has no adapter for the "
                            "leg {}",
                            tool, leg),
                true);
}

CellResult run_thread_safety(const Pitfall& pitfall, const ScenarioFile& file,
                             const LegOptions& options) {
  if (!fs::is_directory(options.diag_dir)) {
    return failed("the scenarios were compiled without clang's -Wthread-safety: " +
                      shown_path(options.diag_dir) + " is not there; build with CXX=clang++-19",
                  true);
  }
  const std::string path =
      fmt::format("{}/{}/{}.cc.diag", options.diag_dir, pitfall.id(), file.form);
  std::string text;
  if (!read_file(path, &text)) {
    return failed(shown_path(path) + " cannot be read: clang's warnings were not captured when " +
                  file.form + ".cc was compiled; build again (make)");
  }
  CellResult cell;
  cell.result.runs = 0;
  parse_thread_safety(text, file.lines, &cell.result.diagnoses, &cell.result.error);
  return cell;
}

/// The last lines that a worker printed: usually the reason.
std::string last_words(const std::string& log) {
  std::string text;
  if (!read_file(log, &text)) return {};
  const std::vector<std::string> lines = split_lines(trim(text));
  std::vector<std::string> last(lines.end() - std::min<std::ptrdiff_t>(3, std::ssize(lines)),
                                lines.end());
  return last.empty() ? "" : " (it said: " + join(last, " | ") + ")";
}

/// Starts the worker of `leg` and reads its JSON.
CellResult run_worker(const std::string& leg, const std::string& name,
                      std::vector<std::string> arguments, const LegOptions& options) {
  const std::string worker =
      options.worker_dir + (leg == "tsan" ? "/scenarios_tsan" : "/scenarios_sched");
  if (access(worker.c_str(), X_OK) != 0) {
    if (leg == "tsan" && access((options.worker_dir + "/scenarios_sched").c_str(), X_OK) == 0) {
      return failed(shown_path(worker) + " is not there: the compiler has no ThreadSanitizer " +
                        "runtime (scripts/setup installs it), or it was not built (make)",
                    true);
    }
    return failed(shown_path(worker) + " is not there; build it (make), or give --worker-dir");
  }
  const std::string json = options.work_dir + "/" + name + ".json";
  CellResult cell;
  cell.log = options.work_dir + "/" + name + ".log";
  fs::remove(json);
  arguments.insert(arguments.begin(), worker);
  arguments.insert(arguments.end(), {"--leg", leg, "--json", json});
  const ProcessEnd end = run_process(arguments, cell.log, options.limit_seconds);
  cell.seconds = end.seconds;
  std::string text, error;
  if (end.timed_out) {
    cell.result.error = fmt::format("did not finish within {:.0f} s of wall clock{}",
                                    options.limit_seconds, last_words(cell.log));
  } else if (!read_file(json, &text)) {
    cell.result.error =
        fmt::format("the worker left no result: it {}{}", end.describe(), last_words(cell.log));
  } else if (!report::from_json(text, &cell.result, &error)) {
    cell.result.error = shown_path(json) + " is not a result: " + error;
  }
  return cell;
}

/// The same program on free threads, under the real ThreadSanitizer alone. Counts without runs when
/// that cannot be had: the leg itself has then said why.
NativeCounts run_free(const std::string& program, const std::string& name,
                      const LegOptions& options) {
  const std::string worker = options.worker_dir + "/scenarios_tsan";
  const std::string json = options.work_dir + "/" + name + ".native.json";
  fs::remove(json);
  run_process({worker, "--scenario", program, "--native", std::to_string(options.native_runs),
               "--json", json},
              options.work_dir + "/" + name + ".native.log", options.limit_seconds);
  std::string text;
  if (!read_file(json, &text)) return {};
  const nlohmann::json counts = nlohmann::json::parse(text, nullptr, false);
  return counts.is_discarded() ? NativeCounts{} : counts.get<NativeCounts>();
}

/// A good program that the budget's schedules leave unproven, and that has few enough interleavings
/// to run them all, as some of them tell: then all of them are. Else it is told how many there are.
void prove(const std::string& name, const std::vector<std::string>& arguments,
           const LegOptions& options, CellResult* cell) {
  constexpr std::uint64_t kTelling = 300, kFewEnough = 20'000;
  const bool silent = cell->result.error.empty() && cell->result.diagnoses.empty();
  if (!silent || cell->result.exhausted) return;
  double seconds = cell->seconds;
  const auto search = [&](std::uint64_t schedules) {
    std::vector<std::string> thorough = arguments;
    thorough.insert(thorough.end(),
                    {"--strategy", "dpor", "--schedules", std::to_string(schedules)});
    // A program that tries again and again has no end of interleavings, and long ones.
    if (std::find(thorough.begin(), thorough.end(), "--time") == thorough.end()) {
      thorough.insert(thorough.end(), {"--time", "5s"});
    }
    CellResult result = run_worker("sched", name, std::move(thorough), options);
    seconds = result.seconds += seconds;
    return result;
  };
  const auto is_telling = [](const Result& result) {
    return result.exhausted || !result.diagnoses.empty();
  };
  CellResult found = search(kTelling);
  const double estimate = found.result.estimate;
  if (!is_telling(found.result) && estimate > 0 && estimate <= kFewEnough) {
    found = search(2 * kFewEnough);
  }
  if (is_telling(found.result)) {
    *cell = std::move(found);
    return;
  }
  cell->result.estimate = found.result.estimate;
  cell->result.estimate_error = found.result.estimate_error;
}

/// Moves the witnesses from the cell's own folder to where people find them.
void collect_witnesses(const std::string& name, const LegOptions& options,
                       std::vector<Diagnosis>* diagnoses) {
  int number = 0;
  for (Diagnosis& diagnosis : *diagnoses) {
    if (diagnosis.witness.empty()) continue;
    ++number;
    const std::string target =
        number == 1 ? fmt::format("{}/{}.chicane", options.witness_dir, name)
                    : fmt::format("{}/{}.{}.chicane", options.witness_dir, name, number);
    std::error_code error;
    fs::rename(diagnosis.witness, target, error);
    if (error) {  // another file system
      error.clear();
      fs::copy_file(diagnosis.witness, target, fs::copy_options::overwrite_existing, error);
    }
    if (!error) diagnosis.witness = shown_path(target);
  }
}

/// An earlier run's witnesses of this cell would be mistaken for this one's.
void remove_witnesses(const std::string& name, const LegOptions& options) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(options.witness_dir, error)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(name + ".") || !file.ends_with(".chicane")) continue;
    const std::string number = file.substr(name.size(), file.size() - name.size() - 8);
    if (std::all_of(number.begin(), number.end(), [](char c) { return c == '.' || isdigit(c); })) {
      fs::remove(entry.path(), error);
    }
  }
}

}  // namespace

std::string cell_name(const std::string& pitfall, const std::string& form, const std::string& leg) {
  return pitfall + (form.ends_with("_std") ? "_std" : "") +
         (form.starts_with("good") ? ".good." : ".") + leg;
}

std::string shown_path(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::weakly_canonical(path, error);
  if (error) return path;
  const fs::path relative = absolute.lexically_relative(fs::current_path(error));
  const std::string text = relative.string();
  return error || text.empty() || text.starts_with("..") ? absolute.string() : text;
}

CellResult run_cell(const Pitfall& pitfall, const ScenarioFile& file, const std::string& leg,
                    const LegOptions& options) {
  if (leg == "thread-safety") return run_thread_safety(pitfall, file, options);
  if (leg == "helgrind" || leg == "rr") return run_optional(leg);
  const std::string name = cell_name(pitfall.name, file.form, leg);
  const std::string own_witnesses = options.work_dir + "/" + name + ".witness";
  std::error_code error;
  fs::remove_all(own_witnesses, error);
  fs::create_directories(own_witnesses, error);
  remove_witnesses(name, options);

  ExploreSettings explore = options.explore;
  if (!explore.schedules && pitfall.lesson.schedules != 0 && leg != "lockorder") {
    explore.schedules = pitfall.lesson.schedules;  // the lockorder leg needs few
  }
  const auto arguments = [&](const ExploreSettings& settings) {
    std::vector<std::string> all = explore_arguments(settings);
    all.insert(all.end(),
               {"--scenario", pitfall.id() + "/" + file.form, "--witness-dir", own_witnesses});
    if (!options.shrink) all.emplace_back("--no-shrink");
    return all;
  };
  CellResult cell = run_worker(leg, name, arguments(explore), options);
  const ExploreSettings& asked = options.explore;
  if (leg == "sched" && file.good() && asked == ExploreSettings{.seed = asked.seed}) {
    prove(name, arguments(asked), options, &cell);
  }
  collect_witnesses(name, options, &cell.result.diagnoses);
  if (leg == "tsan" && options.native_runs != 0 && !cell.result.unavailable) {
    cell.native = run_free(pitfall.id() + "/" + file.form, name, options);
  }
  fs::remove_all(own_witnesses, error);
  return cell;
}

CellResult witness_cell(const std::string& program, const std::string& leg,
                        const std::vector<std::string>& arguments, const LegOptions& options) {
  std::vector<std::string> all = {"--scenario", program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_worker(leg, "witness." + std::to_string(getpid()), std::move(all), options);
}

}  // namespace chicane::runner
