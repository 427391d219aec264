// SPDX-License-Identifier: Apache-2.0
#include "runner/matrix.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace chicane::runner {
namespace {

constexpr std::size_t kWidth = 100;

struct Look {
  const char* symbol;
  const char* colour;
};

Look look_of(Status status) {
  switch (status) {
    case Status::kFound:
      return {"+", "\033[32m"};
    case Status::kSilent:
      return {".", "\033[2m"};
    case Status::kGap:
      return {"~", "\033[33m"};
    case Status::kFail:
      return {"!", "\033[1;31m"};
    case Status::kUnavailable:
      return {"-", "\033[2m"};
  }
  return {"?", ""};
}

/// `text` in at most `width` columns; what is cut is marked.
std::string fit(const std::string& text, std::size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 1) + ">";
}

void append_padded(std::string* line, const std::string& text, std::size_t width, bool last) {
  *line += text;
  if (!last && text.size() < width) line->append(width - text.size(), ' ');
}

/// "12 of 20", "12 of 20, good 1 of 20"; "" when it was not asked for.
std::string native_text(const MatrixRow& row) {
  const auto k_of_n = [](const NativeCounts& counts) {
    return fmt::format("{} of {}", counts.shown(), counts.runs);
  };
  std::string text;
  if (row.native_bad.runs != 0) text = k_of_n(row.native_bad);
  if (row.native_good.runs != 0 && (text.empty() || row.native_good.shown() != 0)) {
    text += (text.empty() ? "good " : ", good ") + k_of_n(row.native_good);
  }
  return text;
}

}  // namespace

Status combine(Status a, Status b) {
  // A good program's silence says nothing about the row; a failure or a lack always does.
  const auto rank = [](Status status) {
    switch (status) {
      case Status::kSilent:
        return 0;
      case Status::kGap:
        return 1;
      case Status::kFound:
        return 2;
      case Status::kUnavailable:
        return 3;
      case Status::kFail:
        return 4;
    }
    return 0;
  };
  return rank(a) >= rank(b) ? a : b;
}

std::string render_matrix(const std::vector<std::string>& legs, const std::vector<MatrixRow>& rows,
                          bool colour) {
  const bool native = std::any_of(rows.begin(), rows.end(),
                                  [](const MatrixRow& row) { return !native_text(row).empty(); });
  std::size_t name_width = std::string("pitfall").size();
  for (const MatrixRow& row : rows) name_width = std::max(name_width, row.name.size());
  std::vector<std::size_t> widths;
  std::size_t cells_width = 0;
  for (const std::string& leg : legs) {
    widths.push_back(std::max<std::size_t>(leg.size(), 8) + 2);
    cells_width += widths.back();
  }
  if (native) cells_width += std::string("20 of 20, good 20 of 20").size();
  name_width = std::min(name_width + 2, kWidth - std::min(cells_width, kWidth - 20));

  std::string text;
  append_padded(&text, "pitfall", name_width, legs.empty());
  for (std::size_t i = 0; i < legs.size(); ++i) {
    append_padded(&text, legs[i], widths[i], i + 1 == legs.size() && !native);
  }
  if (native) text += "tsan --native";
  text += "\n";
  for (const MatrixRow& row : rows) {
    append_padded(&text, fit(row.name, name_width - 1), name_width, row.cells.empty());
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const Look look = look_of(row.cells[i]);
      std::string cell;
      append_padded(&cell, fmt::format("{} {}", look.symbol, to_string(row.cells[i])), widths[i],
                    i + 1 == row.cells.size() && !native);
      text += colour ? look.colour + cell + "\033[0m" : cell;
    }
    if (native) text += native_text(row);
    text += "\n";
  }
  return text;
}

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) != 0; }

bool wants_colour(std::FILE* stream) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return is_terminal(stream) && (no_colour == nullptr || *no_colour == 0) &&
         (term == nullptr || std::string(term) != "dumb");
}

Progress::Progress(std::size_t total, bool enabled)
    : total_(total), enabled_(enabled), terminal_(is_terminal(stderr)) {}

Progress::~Progress() { clear(); }

void Progress::begin(const std::string& what) {
  const std::lock_guard lock(mutex_);
  draw(what);
}

void Progress::end() {
  const std::lock_guard lock(mutex_);
  ++done_;
}

void Progress::file_done(const std::string& text, bool failed) {
  const std::lock_guard lock(mutex_);
  if (failed) ++failed_;
  if (!enabled_ || terminal_) return;
  fmt::print(stderr, "[{:>{}}/{}] {}\n", done_, fmt::formatted_size("{}", total_), total_, text);
}

void Progress::clear() {
  const std::lock_guard lock(mutex_);
  if (drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

void Progress::draw(const std::string& what) {
  if (!enabled_ || !terminal_) return;
  drawn_ = true;
  const std::string line = fmt::format("[{}/{}]{} {}", done_, total_,
                                       failed_ > 0 ? fmt::format(" {} failed", failed_) : "", what);
  fmt::print(stderr, "\r\033[K{}", fit(line, 79));
  std::fflush(stderr);
}

}  // namespace chicane::runner
