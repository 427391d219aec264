// SPDX-License-Identifier: Apache-2.0
#include "runner/stepper.h"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <ostream>

#include "report/schedule_table.h"
#include "report/source_map.h"
#include "report/terminal.h"
#include "report/text.h"
#include "runner/problem.h"

namespace chicane::runner {
namespace {

/// "bad.cc:12"; "" when no line of the user's is known.
std::string place_of(const std::vector<Frame>& stack) {
  const Frame* frame = report::user_frame(stack);
  if (frame == nullptr || frame->line == 0) return {};
  return fmt::format("{}:{}", report::base_name(frame->file), frame->line);
}

std::string source_of(const std::vector<Frame>& stack) {
  const Frame* frame = report::user_frame(stack);
  return frame == nullptr ? "" : report::read_source_line(frame->file, frame->line);
}

/// "lock (would-block) mu"
std::string operation_of(const Step& step) {
  std::string text = step.operation;
  if (!step.outcome.empty() && step.outcome != "done") text += " (" + step.outcome + ")";
  if (!step.object.empty()) text += " " + step.object;
  return text;
}

/// "1 -> 2", "-> 1", "1"
std::string value_of(const Step& step) {
  if (step.value_after.empty() || step.value_after == step.value) return step.value;
  return (step.value.empty() ? "-> " : step.value + " -> ") + step.value_after;
}

class Stepper {
 public:
  Stepper(const Diagnosis& diagnosis, std::istream& in, std::ostream& out)
      : diagnosis_(diagnosis), in_(in), out_(out) {}

  void run() {
    out_ << fmt::format("{}: {}, {} events\n", diagnosis_.kind, diagnosis_.message,
                        diagnosis_.steps.size());
    out_
        << "Enter: the next event; a number: so many; s: to the next forced switch; c: to the end; "
           "q: quit\n";
    std::string line;
    while (next_ < diagnosis_.steps.size() && ask(&line)) {
      if (line == "q") break;
      if (!obey(line)) out_ << "Enter, a number, s, c or q, please\n";
    }
    out_ << (next_ == diagnosis_.steps.size()
                 ? "the end: " + diagnosis_.kind + "\n"
                 : fmt::format("{} of {} events shown\n", next_, diagnosis_.steps.size()));
  }

 private:
  bool ask(std::string* line) {
    out_ << "(" << next_ << "/" << diagnosis_.steps.size() << ") " << std::flush;
    if (!std::getline(in_, *line)) {
      out_ << "\n";
      return false;
    }
    *line = std::string(trim(*line));
    return true;
  }

  bool obey(const std::string& line) {
    std::uint64_t count = 1;
    std::string ignored;
    if (line == "c" || line == "s") {
      count = diagnosis_.steps.size();
    } else if (!line.empty() && !parse_number("", line, 1, &count, &ignored)) {
      return false;
    }
    for (; count > 0 && next_ < diagnosis_.steps.size(); --count) {
      show(diagnosis_.steps[next_++]);
      if (line == "s" && next_ < diagnosis_.steps.size() && diagnosis_.steps[next_].forced) break;
    }
    show_threads();
    return true;
  }

  void show(const Step& step) {
    const std::string value = value_of(step);
    const std::string place = place_of(step.stack);
    out_ << fmt::format("step {}{}: {}: {}{}{}\n", step.step, step.forced ? " (forced switch)" : "",
                        label(step.thread), operation_of(step), value.empty() ? "" : " = " + value,
                        place.empty() ? "" : "  at " + place);
    const std::string source = source_of(step.stack);
    if (!source.empty()) out_ << "    " << source << "\n";
  }

  /// What each thread that has begun and not ended does next.
  void show_threads() {
    for (const ThreadInfo& thread : diagnosis_.threads) {
      const auto is_its = [&](const Step& step) { return step.thread == thread.id; };
      const auto rest = diagnosis_.steps.begin() + static_cast<std::ptrdiff_t>(next_);
      const auto after = std::find_if(rest, diagnosis_.steps.end(), is_its);
      const bool begun = thread.id == 0 || std::any_of(diagnosis_.steps.begin(), rest, is_its);
      if (!begun && after == diagnosis_.steps.end()) continue;
      const std::string what = after == diagnosis_.steps.end() ? last_words(thread.id)
                                                               : "before " + operation_of(*after);
      const std::string place = after == diagnosis_.steps.end() ? "" : place_of(after->stack);
      out_ << fmt::format("    {:<14} {}{}\n", label(thread.id), what,
                          place.empty() ? "" : "  at " + place);
    }
  }

  /// Of a thread without a further event.
  std::string last_words(int thread) const {
    for (const Site& site : diagnosis_.sites) {
      if (site.thread != thread || (site.role != "waits" && site.role != "blocked")) continue;
      std::string text = site.detail.empty() ? site.role : site.detail;
      if (!site.object.empty() && text == site.role) text += " for " + site.object;
      const std::string place = place_of(site.stack);
      return text + (place.empty() ? "" : "  at " + place);
    }
    return "no further event";
  }

  std::string label(int thread) const { return report::thread_label(diagnosis_, thread); }

  const Diagnosis& diagnosis_;
  std::istream& in_;
  std::ostream& out_;
  std::size_t next_ = 0;
};

}  // namespace

std::string render_trace(const Diagnosis& diagnosis) {
  std::string text;
  for (const Step& step : diagnosis.steps) {
    std::string operation = step.operation;
    if (!step.outcome.empty() && step.outcome != "done") operation += " (" + step.outcome + ")";
    std::string line =
        fmt::format("{:>5} {} {:<14} {:<14} {:<20} {:<16} {}", step.step, step.forced ? ">" : " ",
                    report::thread_label(diagnosis, step.thread), operation, step.object,
                    value_of(step), place_of(step.stack));
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

void step_through(const Diagnosis& diagnosis, std::istream& in, std::ostream& out) {
  Stepper(diagnosis, in, out).run();
}

std::uint64_t decisive_step(const Diagnosis& diagnosis) {
  const auto forced = std::find_if(diagnosis.steps.rbegin(), diagnosis.steps.rend(),
                                   [](const Step& step) { return step.forced; });
  if (forced != diagnosis.steps.rend()) return forced->step;
  return diagnosis.steps.empty() ? 0 : diagnosis.steps.back().step;
}

}  // namespace chicane::runner
