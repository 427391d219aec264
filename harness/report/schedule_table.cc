// SPDX-License-Identifier: Apache-2.0
#include "report/schedule_table.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "report/text.h"

namespace chicane::report {
namespace {

constexpr std::size_t kMaxThreads = 5;

bool waits(const Site& site) { return site.role == "waits" || site.role == "blocked"; }

bool is_read(const Step& step) {
  return step.operation == "read" || step.operation == "atomic-load";
}
bool is_write(const Step& step) {
  return step.operation == "write" || step.operation == "atomic-store" ||
         step.operation == "atomic-rmw" || step.operation == "atomic-cas";
}

bool is_access(const Step& step) {
  return is_read(step) || is_write(step) || step.operation == "free";
}

/// What a step did, in one cell.
std::string cell_text(const Step& step) {
  std::string text;
  if (is_read(step) && !step.value.empty()) {
    text = step.object + " -> " + step.value;
  } else if (is_write(step) && !step.value_after.empty()) {
    text = step.object + " = " + step.value_after;
  } else {
    text = step.operation;
    if (!step.object.empty()) text += " " + step.object;
    if (step.operation == "wg-add" && !step.value.empty()) text += " to " + step.value;
  }
  if (!step.outcome.empty() && step.outcome != "done") text += ": " + step.outcome;
  return text;
}

bool same_place(const Step& a, const Step& b) {
  return !a.stack.empty() && !b.stack.empty() && a.stack[0].line == b.stack[0].line &&
         a.stack[0].file == b.stack[0].file && a.stack[0].line > 0;
}

/// The table of one diagnosis.
class Table {
 public:
  Table(const Diagnosis& diagnosis, std::size_t max_rows)
      : diagnosis_(diagnosis), steps_(diagnosis.steps), max_rows_(max_rows) {}

  std::vector<std::vector<std::string>> rows() {
    choose_steps();
    choose_threads();
    if (threads_.empty()) return {};
    add_header();
    for (const std::size_t i : chosen_) {
      if (elided_before_.count(i) != 0) rows_.push_back({"..."});
      add_row(i);
    }
    add_final_row();
    return std::move(rows_);
  }

 private:
  /// How much a step matters: 0 not at all.
  int weight(std::size_t i) const {
    const Step& step = steps_[i];
    if (step.operation == "exit" || step.operation == "clock") return step.forced ? 1 : 0;
    if (is_construction(step)) return 0;
    if (!step.outcome.empty() && step.outcome != "done" && step.outcome != "would-block") return 5;
    const bool concerned = !step.object.empty() && objects_.count(step.object) != 0;
    if (concerned && site_steps_.count(step.step) != 0) return 4;
    if (step.forced) return 3;
    return concerned ? 2 : 0;
  }

  /// The beginning or the end of a thread, where no switch happened.
  static bool is_life(const Step& step) {
    return !step.forced &&
           (step.operation == "create" || step.operation == "start" || step.operation == "join");
  }

  /// A plain access to what is otherwise locked, sent on, waited for: how its class works inside.
  bool is_construction(const Step& step) const {
    return (step.operation == "read" || step.operation == "write") &&
           diagnosis_.kind != "data-race" && synchronized_.count(step.object) != 0;
  }

  void choose_steps() {
    for (const Step& step : steps_) {
      if (!is_access(step)) synchronized_.insert(step.object);
    }
    for (const Site& site : diagnosis_.sites) {
      if (!site.object.empty()) objects_.insert(site.object);
      if (site.step != 0) site_steps_.insert(site.step);
    }
    if (!diagnosis_.object.empty()) objects_.insert(diagnosis_.object);
    std::vector<std::size_t> interesting;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (weight(i) > 0) interesting.push_back(i);
    }
    if (objects_.empty()) {  // an assertion, a crash: whatever happened between the threads
      interesting = synchronization_steps();
      if (interesting.size() > max_rows_) {
        std::erase_if(interesting, [this](std::size_t i) { return is_life(steps_[i]); });
      }
    }
    chosen_ = interesting;
    if (interesting.size() <= max_rows_) return;
    // Too many: the weightiest, and among equals the last, which are nearest to the defect.
    std::sort(chosen_.begin(), chosen_.end(), [this](std::size_t a, std::size_t b) {
      return weight(a) != weight(b) ? weight(a) > weight(b) : a > b;
    });
    chosen_.resize(max_rows_ - 1);
    std::sort(chosen_.begin(), chosen_.end());
    std::size_t next = 0;
    for (const std::size_t i : chosen_) {
      if (interesting[next] != i) elided_before_.insert(i);
      while (interesting[next] != i) ++next;
      ++next;
    }
  }

  /// For a diagnosis that names no object: everything but plain accesses and the like.
  std::vector<std::size_t> synchronization_steps() const {
    std::vector<std::size_t> result;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const std::string& operation = steps_[i].operation;
      const bool known = operation == "clock" || operation == "yield" || operation == "exit";
      if (steps_[i].forced || (operation != "read" && operation != "write" && !known)) {
        result.push_back(i);
      }
    }
    return result;
  }

  void choose_threads() {
    std::vector<int> order;
    const auto note = [&order](int thread) {
      if (thread >= 0 && std::find(order.begin(), order.end(), thread) == order.end()) {
        order.push_back(thread);
      }
    };
    if (!chosen_.empty()) {
      for (const Site& site : diagnosis_.sites) note(site.thread);
    }
    for (const std::size_t i : chosen_) note(steps_[i].thread);
    if (order.size() > kMaxThreads) order.resize(kMaxThreads);
    std::sort(order.begin(), order.end());
    threads_ = order;
    std::erase_if(chosen_, [this](std::size_t i) { return column(steps_[i].thread) == 0; });
  }

  /// 0 is the step's column, threads follow.
  std::size_t column(int thread) const {
    const auto found = std::find(threads_.begin(), threads_.end(), thread);
    return found == threads_.end() ? 0 : 1 + static_cast<std::size_t>(found - threads_.begin());
  }

  bool shows_value(std::size_t i) const {
    return steps_[i].object == diagnosis_.object && !is_construction(steps_[i]) &&
           (is_read(steps_[i]) || is_write(steps_[i]));
  }

  void add_header() {
    std::vector<std::string> header = {"step"};
    for (const int thread : threads_) header.push_back(thread_label(diagnosis_, thread));
    for (const std::size_t i : chosen_) {
      if (!shows_value(i)) continue;
      has_value_ = true;
      value_ = steps_[i].value;  // what it was before
      break;
    }
    if (has_value_) header.push_back(diagnosis_.object);
    rows_.push_back(std::move(header));
  }

  void add_row(std::size_t i) {
    const Step& step = steps_[i];
    std::vector<std::string> row(1 + threads_.size() + (has_value_ ? 1 : 0));
    row[0] = std::to_string(step.step);
    row[column(step.thread)] = cell_text(step);
    if (step.forced && i > 0 && steps_[i - 1].thread != step.thread) {
      const std::size_t left = column(steps_[i - 1].thread);
      if (left != 0) row[left] = "      switch";
    }
    if (has_value_) {
      if (shows_value(i)) value_ = is_write(step) ? step.value_after : step.value;
      row.back() = value_;
    }
    if (loses_update(i)) row.push_back("<- an update is lost");
    rows_.push_back(std::move(row));
  }

  /// Whether this write comes from a value that another thread has replaced since it was read, by
  /// one and the same line of the program.
  bool loses_update(std::size_t i) const {
    if (!shows_value(i) || steps_[i].operation != "write") return false;
    bool replaced = false;
    for (std::size_t k = i; k-- > 0;) {
      if (!shows_value(k)) continue;
      if (steps_[k].thread != steps_[i].thread) {
        replaced = replaced || is_write(steps_[k]);
      } else {
        return replaced && is_read(steps_[k]) && same_place(steps_[k], steps_[i]);
      }
    }
    return false;
  }

  /// What the threads are about to do for ever is not an event: it has a row of its own.
  void add_final_row() {
    std::vector<std::string> row(1 + threads_.size() + (has_value_ ? 1 : 0));
    bool any = false;
    for (const Site& site : diagnosis_.sites) {
      if (!waits(site) || column(site.thread) == 0) continue;
      row[column(site.thread)] = "waits" + (site.object.empty() ? "" : " for " + site.object);
      any = true;
    }
    row[0] = "end";
    if (any) rows_.push_back(std::move(row));
  }

  const Diagnosis& diagnosis_;
  const std::vector<Step>& steps_;
  std::size_t max_rows_;
  std::set<std::string> objects_, synchronized_;
  std::set<std::uint64_t> site_steps_;
  std::vector<std::size_t> chosen_;
  std::set<std::size_t> elided_before_;
  std::vector<int> threads_;
  bool has_value_ = false;
  std::string value_;
  std::vector<std::vector<std::string>> rows_;
};

/// "goroutine 1 to end" of "waits for goroutine 1 to end".
std::string what_of(const std::string& detail) {
  constexpr std::string_view kWaits = "waits for ";
  if (detail.compare(0, kWaits.size(), kWaits) != 0) return detail.empty() ? "something" : detail;
  return detail.substr(kWaits.size());
}

std::string place_of(const Site& site, const UserFile& is_user) {
  const Frame* frame = user_frame(site, is_user);
  if (frame == nullptr || frame->line == 0) return {};
  return base_name(frame->file) + ":" + std::to_string(frame->line);
}

}  // namespace

std::string schedule_table(const Diagnosis& diagnosis, std::size_t max_rows, std::size_t width) {
  if (diagnosis.steps.empty()) return {};
  const auto rows = Table(diagnosis, max_rows).rows();
  return rows.size() < 2 ? std::string() : format_table(rows, width);
}

std::string wait_for_table(const Diagnosis& diagnosis, const UserFile& is_user, std::size_t width) {
  struct Row {
    std::string waits, holds;
  };
  std::map<int, Row> threads;
  bool any = false;
  for (const Site& site : diagnosis.sites) {
    if (site.thread < 0) continue;
    std::string text = site.object.empty() ? what_of(site.detail) : quoted_object(site.object);
    const std::string place = place_of(site, is_user);
    if (waits(site)) {
      if (!place.empty()) text += " at " + place;
      threads[site.thread].waits = text;
      any = true;
    } else if (site.role == "holds") {
      if (!place.empty()) text += " since " + place;
      std::string& holds = threads[site.thread].holds;
      holds += (holds.empty() ? "" : ", ") + text;
    }
  }
  if (!any) return {};
  std::vector<std::vector<std::string>> rows = {{"thread", "waits for", "holds"}};
  for (const auto& [thread, row] : threads) {
    rows.push_back({thread_label(diagnosis, thread), row.waits.empty() ? "-" : row.waits,
                    row.holds.empty() ? "nothing" : row.holds});
  }
  return format_table(rows, width);
}

std::string thread_label(const Diagnosis& diagnosis, int thread) {
  for (const ThreadInfo& info : diagnosis.threads) {
    if (info.id == thread && !info.name.empty()) return info.name;
  }
  return thread == 0 ? "main" : "thread " + std::to_string(thread);
}

std::string quoted_object(const std::string& object) {
  if (object.empty() || object.find(' ') != std::string::npos) return object;
  return "`" + object + "`";
}

}  // namespace chicane::report
