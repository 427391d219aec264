// SPDX-License-Identifier: Apache-2.0
#include "witness/schedule_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace chicane::witness {
namespace {

constexpr std::string_view kMagic = "chicane schedule ";
constexpr std::string_view kNothing = "-";
constexpr std::string_view kAgain = "make a new one with `chicane run` or `chicane explore`";

/// A word of a line: bare where that is unmistakable, else in quotes with backslashes.
std::string quoted(std::string_view text) {
  if (text.empty()) return std::string(kNothing);
  bool bare = text != kNothing;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f || c == '"' || c == '\\') bare = false;
  }
  if (bare) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < ' ' || byte == 0x7f) {
      out += fmt::format("\\{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

template <class Number>
bool parse_number(std::string_view text, Number* number, int base = 10) {
  if (text.empty() || (base == 10 && text.size() > 1 && text[0] == '0')) return false;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), *number, base);
  return failure == std::errc() && end == text.data() + text.size();
}

/// Takes words off a line; every failure is final.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  bool word(std::string* out) {
    out->clear();
    if (!first_ && !skip_space()) return false;
    first_ = false;
    if (rest_.empty() || rest_[0] == ' ') return false;
    if (rest_[0] == '"') return quoted_word(out);
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    *out = rest_.substr(0, end);
    rest_.remove_prefix(end);
    // What is written as bare words must be exactly what format writes that way.
    if (*out == kNothing) out->clear();
    return out->empty() || quoted(*out) == *out;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  bool skip_space() {
    if (rest_.empty() || rest_[0] != ' ') return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool quoted_word(std::string* out) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return rest_.empty() || rest_[0] == ' ';
      }
      if (rest_[i] != '\\') {
        *out += rest_[i];
      } else if (i + 1 < rest_.size() && (rest_[i + 1] == '"' || rest_[i + 1] == '\\')) {
        *out += rest_[++i];
      } else {
        std::uint8_t byte = 0;
        if (i + 2 >= rest_.size() || !parse_number(rest_.substr(i + 1, 2), &byte, 16)) return false;
        *out += static_cast<char>(byte);
        i += 2;
      }
    }
    return false;
  }

  std::string_view rest_;
  bool first_ = true;
};

std::string kind_word(const engine::ChoiceRecord& record) {
  return record.is_outcome != 0 ? "outcome" : record.forced != 0 ? "switch" : "thread";
}

/// The part of `text` that an error message may show.
std::string excerpt(std::string_view text) {
  std::string out = quoted(text.substr(0, 60));
  if (out.empty() || out[0] != '"') out = "\"" + out + "\"";
  return out;
}

class Parser {
 public:
  Parser(std::string_view text, std::string* error) : text_(text), error_(error) {}

  bool parse(ScheduleFile* schedule) {
    if (!magic() || !header(schedule) || !steps(schedule)) return false;
    std::string_view line;
    while (next(&line)) {
      if (!line.empty()) return fail("text after the end", line, "remove it");
    }
    return true;
  }

 private:
  /// The next line without its newline; false at the end of the text. A missing newline is fine
  /// only where the line itself says that it is complete: at "end".
  bool next(std::string_view* line) {
    if (text_.empty()) return false;
    const std::size_t end = std::min(text_.find('\n'), text_.size());
    *line = text_.substr(0, end);
    whole_ = end < text_.size();
    text_.remove_prefix(std::min(end + 1, text_.size()));
    if (!line->empty() && line->back() == '\r') line->remove_suffix(1);
    ++number_;
    return true;
  }
  /// The next line that is no comment; an error at the end of the text.
  bool content(std::string_view* line, const char* where) {
    do {
      if (!next(line)) return cut(where);
    } while (!line->empty() && (*line)[0] == '#');
    return whole_ || *line == "end" ? true : cut(where);
  }

  bool fail(std::string_view what, std::string_view line, std::string_view advice) {
    *error_ = fmt::format("line {}: {}: {}; {}", number_, what, excerpt(line), advice);
    return false;
  }
  bool cut(const char* where) {
    *error_ = fmt::format(
        "line {}: the file is truncated in its {}: its last line must be \"end\"; "
        "{}",
        number_, where, kAgain);
    return false;
  }

  bool magic() {
    std::string_view line;
    if (!next(&line) || line.substr(0, kMagic.size()) != kMagic) {
      *error_ = fmt::format(
          "line 1: not a schedule file: it must begin with \"{}{}\"; name a file "
          "that Chicane wrote (*.chicane)",
          kMagic, kScheduleVersion);
      return false;
    }
    int version = 0;
    if (!parse_number(line.substr(kMagic.size()), &version)) {
      return fail("the version is not a number", line, kAgain);
    }
    if (version == kScheduleVersion) return whole_ ? true : cut("first line");
    *error_ = fmt::format(
        "line 1: schedule version {}, but this Chicane reads version {}; {}, or "
        "replay it with the Chicane that wrote it",
        version, kScheduleVersion, kAgain);
    return false;
  }

  bool header(ScheduleFile* schedule) {
    std::string_view line;
    std::vector<std::string_view> seen;
    while (content(&line, "header")) {
      if (line == "steps:") return complete(seen);
      const std::size_t colon = line.find(": ");
      if (colon == std::string_view::npos) {
        return fail("expected \"key: value\" or \"steps:\"", line, kAgain);
      }
      const std::string_view key = line.substr(0, colon);
      for (const std::string_view other : seen) {
        if (other == key && key != "racy" && key != "env")
          return fail("a key that was given before", line, kAgain);
      }
      if (!value(key, line.substr(colon + 2), line, schedule)) return false;
      seen.push_back(key);
    }
    return false;
  }

  /// Whether every header line is there: one may have been lost.
  bool complete(const std::vector<std::string_view>& seen) {
    const auto has = [&seen](std::string_view key) {
      return std::find(seen.begin(), seen.end(), key) != seen.end();
    };
    const auto demand = [&](std::initializer_list<std::string_view> keys) {
      for (const std::string_view key : keys) {
        if (!has(key)) {
          return fail(fmt::format("no \"{}\" before this line", key), "steps:", kAgain);
        }
      }
      return true;
    };
    if (!demand({"program", "scenario", "build-id", "leg", "strategy", "seed", "run", "kind",
                 "step-limit", "spurious-wakeups"})) {
      return false;
    }
    const bool whole_program =
        has("command") || has("directory") || has("stdin") || has("isolation") || has("env");
    return !whole_program || demand({"command", "directory", "stdin", "isolation"});
  }

  bool value(std::string_view key, std::string_view text, std::string_view line,
             ScheduleFile* schedule) {
    struct Text {
      std::string_view key;
      std::string* value;
    };
    const Text texts[] = {{"program", &schedule->program},     {"scenario", &schedule->scenario},
                          {"build-id", &schedule->build_id},   {"leg", &schedule->leg},
                          {"strategy", &schedule->strategy},   {"kind", &schedule->kind},
                          {"directory", &schedule->directory}, {"stdin", &schedule->standard_input},
                          {"isolation", &schedule->isolation}};
    for (const Text& known : texts) {
      if (known.key != key) continue;
      Words words(text);
      if (!words.word(known.value) || !words.at_end()) return bad(line);
      return key != "isolation" || isolation(*known.value, line);
    }
    if (key == "seed") return parse_number(text, &schedule->seed) ? true : bad(line);
    if (key == "run") return parse_number(text, &schedule->run) ? true : bad(line);
    if (key == "step-limit") return parse_number(text, &schedule->step_limit) ? true : bad(line);
    if (key == "spurious-wakeups") return yes_or_no(text, &schedule->spurious_wakeups, line);
    if (key == "minimal") return yes_or_no(text, &schedule->minimal, line);
    if (key == "command") return command(text, line, schedule);
    if (key == "env") return variable(text, line, schedule);
    if (key == "racy") return racy(text, line, schedule);
    return fail("an unknown key", line,
                "remove the line if you added it; a later chicane may have written it");
  }

  bool yes_or_no(std::string_view text, bool* value, std::string_view line) {
    *value = text == "yes";
    return text == "yes" || text == "no" ? true : bad(line);
  }
  bool isolation(std::string_view value, std::string_view line) {
    return value == "run" || value == "batch" ||
           fail("an isolation that there is not", line, "there are run and batch");
  }
  bool bad(std::string_view line) { return fail("a malformed value", line, kAgain); }

  bool command(std::string_view text, std::string_view line, ScheduleFile* schedule) {
    Words words(text);
    do {
      schedule->command.emplace_back();
      if (!words.word(&schedule->command.back())) return bad(line);
    } while (!words.at_end());
    return true;
  }

  bool variable(std::string_view text, std::string_view line, ScheduleFile* schedule) {
    Words words(text);
    Variable& variable = schedule->environment.emplace_back();
    if (!words.word(&variable.name) || variable.name.empty()) return bad(line);
    variable.set = !words.at_end();
    if (variable.set && !words.word(&variable.value)) return bad(line);
    return words.at_end() ? true : bad(line);
  }

  static bool offset_of(const std::string& text, std::uint64_t* offset) {
    return text.size() >= 2 && text[0] == '+' &&
           parse_number(std::string_view(text).substr(1), offset, 16);
  }

  bool racy(std::string_view text, std::string_view line, ScheduleFile* schedule) {
    RacySite site;
    std::string offset, in_symbol;
    Words words(text);
    if (!words.word(&site.module) || !words.word(&offset) || !words.word(&site.symbol) ||
        !words.word(&in_symbol) || !words.word(&site.place) || !words.at_end() ||
        !offset_of(offset, &site.offset) || !offset_of(in_symbol, &site.offset_in_symbol)) {
      return bad(line);
    }
    schedule->racy.push_back(std::move(site));
    return true;
  }

  bool steps(ScheduleFile* schedule) {
    std::string_view line;
    while (content(&line, "steps")) {
      if (line == "end") return true;
      Choice choice;
      if (!step(line, schedule->choices.size() + 1, &choice)) return false;
      schedule->choices.push_back(std::move(choice));
    }
    return false;
  }

  bool step(std::string_view line, std::size_t expected, Choice* choice) {
    constexpr std::string_view kForm =
        "a step is \"number thread|switch|outcome chosen/count operation object file:line\"";
    std::string number, what, chosen, operation;
    std::size_t given = 0;
    Words words(line);
    if (!words.word(&number) || !parse_number(number, &given)) {
      return fail("expected a step or \"end\"", line, kForm);
    }
    if (given != expected) {
      return fail(fmt::format("expected step number {}", expected), line,
                  "lines are missing or out of order: " + std::string(kAgain));
    }
    engine::ChoiceRecord& record = choice->record;
    if (!words.word(&what) || (what != "thread" && what != "switch" && what != "outcome")) {
      return fail("expected thread, switch or outcome after the number", line, kForm);
    }
    record.is_outcome = what == "outcome" ? 1 : 0;
    record.forced = what == "switch" ? 1 : 0;
    if (!words.word(&chosen) || !chosen_of(chosen, &record)) {
      return fail("expected chosen/count", line, kForm);
    }
    if (!words.word(&operation) ||
        !engine::parse_op_kind(operation.data(), operation.size(), &record.kind)) {
      return fail("an unknown operation", line, kForm);
    }
    return words.word(&choice->object) && words.word(&choice->place) && words.at_end()
               ? true
               : fail("expected an object and a place at the end", line, kForm);
  }

  static bool chosen_of(std::string_view text, engine::ChoiceRecord* record) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return false;
    if (!parse_number(text.substr(0, slash), &record->chosen) ||
        !parse_number(text.substr(slash + 1), &record->alternatives)) {
      return false;
    }
    return record->alternatives > 0 &&
           (record->is_outcome == 0 || record->chosen < record->alternatives);
  }

  std::string_view text_;
  std::string* error_;
  std::size_t number_ = 0;
  bool whole_ = true;
};

}  // namespace

bool operator==(const Choice& a, const Choice& b) {
  return a.record.chosen == b.record.chosen && a.record.alternatives == b.record.alternatives &&
         a.record.kind == b.record.kind && a.record.is_outcome == b.record.is_outcome &&
         a.record.forced == b.record.forced && a.object == b.object && a.place == b.place;
}

std::string format(const ScheduleFile& schedule) {
  std::string text = fmt::format("{}{}\n", kMagic, kScheduleVersion);
  text += fmt::format("program: {}\nscenario: {}\nbuild-id: {}\nleg: {}\nstrategy: {}\n",
                      quoted(schedule.program), quoted(schedule.scenario),
                      quoted(schedule.build_id), quoted(schedule.leg), quoted(schedule.strategy));
  text += fmt::format(
      "seed: {}\nrun: {}\nkind: {}\nstep-limit: {}\nspurious-wakeups: {}\nminimal: {}\n",
      schedule.seed, schedule.run, quoted(schedule.kind), schedule.step_limit,
      schedule.spurious_wakeups ? "yes" : "no", schedule.minimal ? "yes" : "no");
  if (!schedule.command.empty()) {
    text += "command:";
    for (const std::string& word : schedule.command) text += " " + quoted(word);
    text += fmt::format("\ndirectory: {}\nstdin: {}\nisolation: {}\n", quoted(schedule.directory),
                        quoted(schedule.standard_input), quoted(schedule.isolation));
    for (const Variable& variable : schedule.environment) {
      text += "env: " + quoted(variable.name);
      if (variable.set) text += " " + quoted(variable.value);
      text += "\n";
    }
  }
  for (const RacySite& site : schedule.racy) {
    text += fmt::format("racy: {} +{:x} {} +{:x} {}\n", quoted(site.module), site.offset,
                        quoted(site.symbol), site.offset_in_symbol, quoted(site.place));
  }
  text += "steps:\n";
  for (std::size_t i = 0; i < schedule.choices.size(); ++i) {
    const Choice& choice = schedule.choices[i];
    text +=
        fmt::format("{} {} {}/{} {} {} {}\n", i + 1, kind_word(choice.record), choice.record.chosen,
                    choice.record.alternatives, engine::to_string(choice.record.kind),
                    quoted(choice.object), quoted(choice.place));
  }
  return text + "end\n";
}

bool parse(std::string_view text, ScheduleFile* schedule, std::string* error) {
  ScheduleFile parsed;
  if (!Parser(text, error).parse(&parsed)) return false;
  *schedule = std::move(parsed);
  return true;
}

}  // namespace chicane::witness
