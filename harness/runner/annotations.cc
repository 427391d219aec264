// SPDX-License-Identifier: Apache-2.0
#include "runner/annotations.h"

#include <algorithm>
#include <optional>

#include "monitors/kinds.h"
#include "runner/kind_names.h"
#include "runner/leg_names.h"

namespace chicane::runner {
namespace {

constexpr std::string_view kExample =
    "//~ data-race#counter write [sched tsan]: why this line is wrong";

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// Where a comment of the form `//~` (or one that was meant so: `// ~`, `/*~`) begins in `line`,
/// outside of string and character literals; npos when there is none. `*exact` is false for the
/// latter.
std::size_t find_comment(std::string_view line, bool* exact) {
  char quote = 0;
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || (c == '\'' && (i == 0 || !std::isalnum(line[i - 1])))) {
      quote = c;
    } else if (c == '/' && (line[i + 1] == '/' || line[i + 1] == '*')) {
      const std::size_t marked = line.find("//~", i);
      *exact = marked != std::string_view::npos;
      if (*exact) return marked;
      std::size_t next = line.find_first_not_of("/* \t", i);
      const bool meant = next != std::string_view::npos && line[next] == '~';
      return meant ? i : std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

/// Reads one entry; positions are relative to the line.
class EntryParser {
 public:
  EntryParser(const std::string& file, int line, std::string_view text, std::size_t begin,
              std::size_t end, std::vector<Problem>* problems)
      : file_(file), line_(line), text_(text), at_(begin), end_(end), problems_(problems) {}

  std::optional<Annotation> parse() {
    Annotation entry;
    skip_blanks();
    entry.line = line_;
    entry.column = static_cast<int>(at_) + 1;
    if (rest().starts_with("gap ")) {
      entry.gap = true;
      at_ += 4;
      skip_blanks();
    }
    if (!parse_kind(&entry) || !parse_role(&entry) || !parse_legs(&entry) || !parse_prose(&entry)) {
      return std::nullopt;
    }
    return entry;
  }

 private:
  std::string_view rest() const { return text_.substr(at_, end_ - at_); }

  void skip_blanks() {
    while (at_ < end_ && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  bool fail(std::string what, std::string instead) {
    problems_->push_back(
        {file_, line_, static_cast<int>(at_) + 1, std::move(what), std::move(instead)});
    return false;
  }

  std::string_view take_until(std::string_view stops) {
    const std::size_t stop = std::min(rest().find_first_of(stops), rest().size());
    const std::string_view taken = rest().substr(0, stop);
    at_ += stop;
    return taken;
  }

  bool parse_kind(Annotation* entry) {
    if (rest().empty()) return fail("an empty annotation", "write " + std::string(kExample));
    const std::size_t start = at_;
    entry->kind = take_until("# \t[:");
    if (monitors::find_kind(entry->kind) == nullptr) {
      const std::vector<std::string> names = nearest(entry->kind, kind_names());
      at_ = start;
      return fail("unknown kind '" + entry->kind + "'",
                  names.empty() ? "`chicane explain` lists the kinds; an annotation looks like " +
                                      std::string(kExample)
                                : "write '" + names[0] + "' (`chicane explain` lists all kinds)");
    }
    if (!rest().starts_with("#")) {
      return fail("the kind '" + entry->kind + "' has no id",
                  "write '" + entry->kind + "#name': all lines of one defect carry the same name");
    }
    ++at_;
    const std::size_t id_start = at_;
    entry->id = take_until(" \t[:");
    if (!is_word(entry->id)) {
      at_ = id_start;
      return fail("'" + entry->id + "' is not an id",
                  "use a word of a-z, 0-9, '_' and '-', as in '" + entry->kind + "#counter'");
    }
    return true;
  }

  bool parse_role(Annotation* entry) {
    entry->role = trim(take_until("[:"));
    if (rest().starts_with("[")) return true;
    return fail("the legs of '" + entry->name() + "' are missing",
                "write the legs that find it in brackets: '" + entry->name() + " [sched tsan]'");
  }

  bool parse_legs(Annotation* entry) {
    ++at_;
    for (skip_blanks(); at_ < end_ && text_[at_] != ']'; skip_blanks()) {
      const std::size_t start = at_;
      const std::string leg(take_until(" \t],"));
      if (find_leg(leg) == nullptr) {
        if (leg.empty()) return fail("legs are separated by blanks", "write '[sched tsan]'");
        const std::vector<std::string> names = nearest(leg, leg_names());
        at_ = start;
        return fail("unknown leg '" + leg + "'", names.empty() ? "the legs are " + join(leg_names())
                                                               : "write '" + names[0] + "'");
      }
      if (entry->lists(leg)) {
        at_ = start;
        return fail("the leg '" + leg + "' is listed twice", "write it once");
      }
      entry->legs.push_back(leg);
    }
    if (at_ == end_) return fail("the list of legs has no end", "write ']' after the last leg");
    if (entry->legs.empty()) {
      return fail("no leg is listed",
                  "name at least one of " + join(leg_names()) + ", or remove the annotation");
    }
    ++at_;
    return true;
  }

  bool parse_prose(Annotation* entry) {
    skip_blanks();
    if (rest().empty()) return true;
    if (!rest().starts_with(":")) {
      return fail("text after the legs",
                  "write ': ' before the explanation, or ';' before another "
                  "annotation");
    }
    ++at_;
    skip_blanks();
    entry->prose = trim(rest());
    if (entry->prose.empty()) return fail("an empty explanation", "remove the ':' or say why");
    if (entry->prose.size() > kMaxProse) {
      return fail("the explanation has " + std::to_string(entry->prose.size()) + " characters",
                  "say it in " + std::to_string(kMaxProse) + "; the lesson has room for more");
    }
    return true;
  }

  const std::string& file_;
  const int line_;
  const std::string_view text_;
  std::size_t at_;
  const std::size_t end_;
  std::vector<Problem>* const problems_;
};

void parse_line(const std::string& file, int number, std::string_view line, Annotations* result,
                std::vector<Problem>* problems) {
  bool exact = false;
  const std::size_t comment = find_comment(line, &exact);
  if (comment == std::string_view::npos) return;
  if (!exact) {
    problems->push_back({file, number, static_cast<int>(comment) + 1,
                         "a comment that looks like an annotation but is none",
                         "write '//~' without blanks in it"});
    return;
  }
  std::size_t begin = comment + 3;
  if (trim(line.substr(begin)) == "none") {
    result->none_line = number;
    return;
  }
  for (bool more = true; more;) {
    const std::size_t semicolon = line.find(';', begin);
    more = semicolon != std::string_view::npos;
    const std::size_t end = more ? semicolon : line.size();
    std::optional<Annotation> entry = EntryParser(file, number, line, begin, end, problems).parse();
    begin = end + 1;
    if (!entry) return;  // what follows a mistake would only repeat it
    result->entries.push_back(*std::move(entry));
  }
}

}  // namespace

bool Annotation::lists(std::string_view leg) const {
  return std::find(legs.begin(), legs.end(), leg) != legs.end();
}

Annotations parse_annotations(const std::string& file, std::string_view text,
                              std::vector<Problem>* problems) {
  Annotations result;
  int number = 0;
  for (const std::string& line : split_lines(text)) {
    parse_line(file, ++number, line, &result, problems);
  }
  if (result.none_line != 0 && !result.entries.empty()) {
    problems->push_back({file, result.none_line, 0,
                         "'//~ none' and an annotation on line " +
                             std::to_string(result.entries.front().line) + " contradict each other",
                         "remove one of them: a good program has only '//~ none'"});
  }
  return result;
}

}  // namespace chicane::runner
