// SPDX-License-Identifier: Apache-2.0
#include "report/terminal.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <string_view>
#include <vector>

#include "monitors/kinds.h"
#include "report/schedule_table.h"
#include "report/text.h"

namespace chicane::report {
namespace {

constexpr std::size_t kMaxSites = 8;
constexpr std::size_t kMaxRows = 14;
constexpr std::size_t kMaxRepeatedRows = 7;
constexpr std::size_t kWidestSource = 44;

constexpr std::string_view kRed = "\033[1;31m", kBold = "\033[1m", kDim = "\033[2m",
                           kPlain = "\033[0m";

/// One line of the sites' block.
struct SiteLine {
  std::string place, source, words, prose;
};

bool begins_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

/// "write by goroutine 2, holding no lock"; "goroutine 1 holds `a`".
std::string words_of(const Diagnosis& diagnosis, const Site& site) {
  const std::string& role = site.role;
  const std::string who = thread_label(diagnosis, site.thread);
  std::string detail = site.detail;
  const bool clause = role == "waits" || role == "blocked";
  if (clause && (begins_with(detail, "waits") || begins_with(detail, "sends") ||
                 begins_with(detail, "receives") || begins_with(detail, "sleeps"))) {
    return who + " " + detail;
  }
  std::string words;
  if (site.thread < 0) {
    words = role;
  } else if (role == "blocked" || role == "running") {
    words = who + " is " + role;
  } else if (!role.empty() && role.back() == 's') {
    words = who + " " + role;
    if (role == "waits" && !site.object.empty()) words += " for";
    if (!site.object.empty()) words += " " + quoted_object(site.object);
  } else {
    words = role;
    if (!site.value.empty()) words += " of " + site.value;
    words = role.empty() ? who : words + " by " + who;
  }
  if (detail.empty()) return words;
  const bool same_sentence = begins_with(detail, "and ") || begins_with(detail, "for ");
  return words + (same_sentence ? " " : ", ") + detail;
}

class Renderer {
 public:
  Renderer(const Diagnosis& diagnosis, const TerminalOptions& options)
      : diagnosis_(diagnosis), options_(options) {}

  std::string text() {
    add_title();
    add_sites();
    add_declaration();
    add_allocation();
    add_threads();
    add_schedule();
    if (!diagnosis_.effect.empty()) add_labelled("effect", diagnosis_.effect);
    if (!diagnosis_.would_order.empty()) add_labelled("order", diagnosis_.would_order);
    add_fix();
    if (!options_.more.empty()) add_labelled("more", options_.more);
    add_commands();
    return std::move(text_);
  }

 private:
  void add_line(const std::string& line) {
    text_ += line;
    while (!text_.empty() && text_.back() == ' ') text_.pop_back();
    text_ += '\n';
  }
  std::string colored(std::string_view color, const std::string& text) const {
    if (!options_.color) return text;
    return std::string(color) + text + std::string(kPlain);
  }
  /// A labelled line; what does not fit goes on below, at the same indent.
  void add_labelled(const std::string& label, const std::string& text) {
    constexpr std::size_t kIndent = 9;
    std::string lead = "  " + colored(kBold, label) + std::string(kIndent - 2 - label.size(), ' ');
    for (const std::string& line : wrapped(text, kReportWidth - kIndent)) {
      add_line(lead + line);
      lead.assign(kIndent, ' ');
    }
  }

  void add_title() {
    const std::string& program = options_.program;
    const std::string start = diagnosis_.kind + "  ";
    const std::size_t behind = program.empty() ? 0 : width_of(program) + 2;
    const bool fits = width_of(start) + width_of(diagnosis_.message) + behind <= kReportWidth;
    std::size_t room = kReportWidth - std::min(kReportWidth, width_of(start));
    if (fits) room -= behind;
    const std::vector<std::string> lines = wrapped(diagnosis_.message, room);
    std::string line = colored(kRed, diagnosis_.kind) + "  ";
    line += fits && !program.empty() ? padded(lines[0], room) + "  " + program : lines[0];
    add_line(line);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      add_line(std::string(width_of(start), ' ') + lines[i]);
    }
    if (!fits && !program.empty()) add_line("  in " + program);
  }

  std::string source(const std::string& file, int line) const {
    return options_.source_line ? options_.source_line(file, line) : read_source_line(file, line);
  }

  std::string prose(const std::string& file, int line) const {
    const std::string number = ":" + std::to_string(line);
    for (const std::string& name : {file + number, base_name(file) + number}) {
      const auto found = options_.prose.find(name);
      if (found != options_.prose.end()) return found->second;
    }
    return {};
  }

  SiteLine line_of(const Site& site) const {
    SiteLine line;
    line.words = words_of(diagnosis_, site);
    const Frame* frame = user_frame(site, options_.is_user);
    if (frame == nullptr) {
      line.place = "?";
    } else if (frame->line == 0) {
      line.place = frame->function.empty() ? "?" : frame->function;
    } else {
      line.place = base_name(frame->file) + ":" + std::to_string(frame->line);
      line.source = shortened(source(frame->file, frame->line), kWidestSource);
      line.prose = prose(frame->file, frame->line);
    }
    return line;
  }

  void add_sites() {
    std::vector<SiteLine> lines;
    for (const Site& site : diagnosis_.sites) {
      SiteLine line = line_of(site);
      const bool twice = std::any_of(lines.begin(), lines.end(), [&line](const SiteLine& other) {
        return other.place == line.place && other.words == line.words;
      });
      if (!twice) lines.push_back(std::move(line));
    }
    const std::size_t shown = std::min(lines.size(), kMaxSites);
    std::size_t place_width = 0, source_width = 0;
    for (std::size_t i = 0; i < shown; ++i) {
      place_width = std::max(place_width, width_of(lines[i].place));
      source_width = std::max(source_width, width_of(lines[i].source));
    }
    std::set<std::string> told;
    for (std::size_t i = 0; i < shown; ++i) add_site(lines[i], place_width, source_width, &told);
    if (lines.size() > shown) add_line("  ... and " + counted(lines.size() - shown, "more site"));
  }

  void add_site(const SiteLine& line, std::size_t place_width, std::size_t source_width,
                std::set<std::string>* told) {
    std::string lead = "  " + padded(line.place, place_width) + "  ";
    const std::size_t source_column = width_of(lead);
    if (source_width > 0) lead += padded(line.source, source_width) + "  ";
    const std::size_t indent = width_of(lead);
    const std::size_t room = indent + 24 < kReportWidth ? kReportWidth - indent : 24;
    for (const std::string& words : wrapped(line.words, room)) {
      add_line(lead + words);
      lead.assign(indent, ' ');
    }
    if (line.prose.empty() || !told->insert(line.place + line.prose).second) return;
    std::string margin = std::string(source_column, ' ') + "^ ";
    for (const std::string& prose : wrapped(line.prose, kReportWidth - source_column - 2)) {
      add_line(margin + colored(kDim, prose));
      margin.assign(source_column + 2, ' ');
    }
  }

  void add_declaration() {
    if (diagnosis_.declared_file.empty() || diagnosis_.declared_line == 0) return;
    const std::string place =
        base_name(diagnosis_.declared_file) + ":" + std::to_string(diagnosis_.declared_line);
    const std::string line = source(diagnosis_.declared_file, diagnosis_.declared_line);
    std::string whose;
    if (diagnosis_.storage.kind == "stack" && diagnosis_.storage.thread >= 0) {
      whose = "  on the stack of " + thread_label(diagnosis_, diagnosis_.storage.thread);
    }
    const std::size_t room = kReportWidth - 15 - width_of(place) - width_of(whose);
    add_line("  " + colored(kBold, "declared") + "   " + place +
             (line.empty() ? "" : "  " + shortened(line, room)) + whose);
  }

  /// "bad.cc:9"; empty when nobody knows.
  std::string place_of(const std::vector<Frame>& stack) const {
    const Frame* frame = user_frame(stack, options_.is_user);
    if (frame == nullptr || frame->line == 0) return {};
    return base_name(frame->file) + ":" + std::to_string(frame->line);
  }

  void add_allocation() {
    const Storage& storage = diagnosis_.storage;
    const std::string place = place_of(storage.allocated_at);
    if (storage.kind != "heap" || place.empty()) return;
    const Frame* frame = user_frame(storage.allocated_at, options_.is_user);
    std::string text =
        counted(storage.size, "byte") + " by " + thread_label(diagnosis_, storage.thread);
    if (storage.offset != 0) text += ", touched at offset " + std::to_string(storage.offset);
    const std::size_t taken = 17 + width_of(place) + width_of(text);
    const std::string line = source(frame->file, frame->line);
    std::string shown = "  " + colored(kBold, "allocated") + "  " + place;
    if (!line.empty() && taken < kReportWidth) {
      shown += "  " + shortened(line, std::min(kWidestSource, kReportWidth - taken));
    }
    add_line(shown + "  " + text);
  }

  /// Of a race, whose threads they are, and how the accesses' functions were called.
  void add_threads() {
    if (diagnosis_.kind != "data-race") return;
    std::string text;
    std::set<int> told;
    for (const Site& site : diagnosis_.sites) {
      const auto thread =
          std::find_if(diagnosis_.threads.begin(), diagnosis_.threads.end(),
                       [&site](const ThreadInfo& info) { return info.id == site.thread; });
      if (thread == diagnosis_.threads.end() || !told.insert(site.thread).second) continue;
      const std::string place = place_of(thread->created_at);
      if (place.empty()) continue;
      if (!text.empty()) text += "; ";
      text += thread->name + " at " + place + " by " + thread_label(diagnosis_, thread->parent);
    }
    if (!text.empty()) add_labelled("made", text);
    for (const Site& site : diagnosis_.sites) {
      const std::string calls = calls_of(site);
      if (!calls.empty()) add_labelled("stack", calls);
    }
  }

  /// "goroutine 2: deposit bad.cc:12 < run bad.cc:20", when the site's line alone does not tell.
  std::string calls_of(const Site& site) const {
    constexpr std::size_t kMaxCalls = 6;
    std::string text;
    std::size_t count = 0;
    const Frame* last = nullptr;
    for (const Frame& frame : site.stack) {
      if (frame.line == 0 || !options_.is_user(frame.file)) continue;
      if (last != nullptr && last->line == frame.line && last->file == frame.file) continue;
      last = &frame;
      if (++count > kMaxCalls) continue;
      if (count > 1) text += " < ";
      const std::size_t scope = frame.function.rfind("::");
      text += scope == std::string::npos ? frame.function : frame.function.substr(scope + 2);
      text += " " + base_name(frame.file) + ":" + std::to_string(frame.line);
    }
    if (count > kMaxCalls) text += " < ... and " + counted(count - kMaxCalls, "more");
    return count < 2 ? std::string() : thread_label(diagnosis_, site.thread) + ": " + text;
  }

  void add_schedule() {
    const bool deadlock = diagnosis_.kind.find("deadlock") != std::string::npos ||
                          diagnosis_.kind == "rwlock-upgrade" ||
                          diagnosis_.kind == "lock-order-inversion";
    if (deadlock) text_ += wait_for_table(diagnosis_, options_.is_user, kReportWidth);
    if (!diagnosis_.confirmed && diagnosis_.kind == "lock-order-inversion") {
      add_line("  predicted: no schedule was found that makes it happen");
      return;
    }
    if (diagnosis_.length > 0) {
      std::string line = diagnosis_.minimal ? "  shortest schedule: " : "  schedule: ";
      line += counted(diagnosis_.length, "step") + ", " +
              counted(static_cast<std::uint64_t>(std::max(diagnosis_.forced_switches, 0)),
                      "forced switch");
      if (diagnosis_.original_length > diagnosis_.length) {
        line += " (was " + counted(diagnosis_.original_length, "step") + ")";
      }
      const bool begun = diagnosis_.original_length != 0 && !diagnosis_.minimal;
      if (begun) line += "; not made short to the end";
      add_line(line);
    }
    // A livelock's last steps are one and the same, again and again; those before a cut are any.
    const bool cut = diagnosis_.kind == "livelock" || diagnosis_.kind == "step-limit";
    const std::size_t rows = cut ? kMaxRepeatedRows : deadlock ? kMaxRows - 4 : kMaxRows;
    text_ += schedule_table(diagnosis_, rows, kReportWidth);
  }

  std::string fix() const {
    if (!options_.fix.empty()) return options_.fix;
    // What races with the end of a block is mended as what comes after it.
    const bool frees = std::any_of(diagnosis_.sites.begin(), diagnosis_.sites.end(),
                                   [](const Site& site) { return site.role == "free"; });
    const bool race = diagnosis_.kind == "data-race";
    const monitors::KindInfo* kind =
        monitors::find_kind(race && frees ? "use-after-free" : diagnosis_.kind);
    return kind == nullptr ? std::string() : std::string(kind->fix);
  }

  void add_fix() {
    std::string text = fix();
    if (text.empty() && options_.fix_place.empty()) return;
    if (!options_.fix_place.empty()) text += (text.empty() ? "see " : "  ") + options_.fix_place;
    add_labelled("fix", text);
  }

  void add_commands() {
    const std::string learn = options_.command + " explain " + diagnosis_.kind;
    if (diagnosis_.witness.empty()) return add_labelled("learn", learn);
    if (!options_.again.empty()) {
      add_line("  " + colored(kBold, "again") + "  " +
               options_.again);  // to be copied: never wrapped
      return add_labelled("learn", learn);
    }
    const std::string again = options_.command + " replay " + for_shell(diagnosis_.witness);
    const std::string both =
        "  " + colored(kBold, "again") + "  " + again + "     " + colored(kBold, "learn") + "  ";
    const std::size_t width = 9 + width_of(again) + 12 + width_of(learn);
    if (width <= kReportWidth) return add_line(both + learn);
    add_labelled("again", again);
    add_labelled("learn", learn);
  }

  const Diagnosis& diagnosis_;
  const TerminalOptions& options_;
  std::string text_;
};

}  // namespace

std::string read_source_line(const std::string& file, int line) {
  std::ifstream stream(file);
  std::string text;
  for (int i = 0; i < line; ++i) {
    if (!std::getline(stream, text)) return {};
  }
  const std::size_t annotation = text.find("//~");
  if (annotation != std::string::npos) text.erase(annotation);
  for (char& c : text) {
    if (c == '\t' || c == '\r') c = ' ';
  }
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string render(const Diagnosis& diagnosis, const TerminalOptions& options) {
  return Renderer(diagnosis, options).text();
}

}  // namespace chicane::report
