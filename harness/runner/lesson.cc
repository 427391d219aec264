// SPDX-License-Identifier: Apache-2.0
#include "runner/lesson.h"

#include <toml++/toml.h>

#include <algorithm>
#include <regex>

#include "monitors/kinds.h"
#include "runner/kind_names.h"

namespace chicane::runner {
namespace {

/// Reads the front matter's table; every mistake becomes a problem with its line.
class FrontMatter {
 public:
  FrontMatter(const std::string& file, int offset, const toml::table& table,
              std::vector<Problem>* problems)
      : file_(file), offset_(offset), table_(table), problems_(problems) {}

  std::string text(const char* key, const std::string& example) {
    const toml::node* node = required(key, example);
    if (node == nullptr) return {};
    const auto value = node->value<std::string>();
    if (!value || trim(*value).empty()) {
      fail(node, std::string("'") + key + "' must be a text that is not empty", example);
      return {};
    }
    return *value;
  }

  std::vector<std::string> list(const char* key, const std::string& example) {
    std::vector<std::string> values;
    const toml::node* node = required(key, example);
    if (node == nullptr) return values;
    const toml::array* array = node->as_array();
    if (array == nullptr) {
      fail(node, std::string("'") + key + "' must be a list of texts", example);
      return values;
    }
    for (const toml::node& item : *array) {
      const auto value = item.value<std::string>();
      if (value && item.is_string()) {
        values.push_back(*value);
      } else {
        fail(&item, std::string("'") + key + "' has an item that is not a text", example);
      }
    }
    return values;
  }

  bool flag(const char* key) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return false;
    if (!node->is_boolean()) {
      fail(node, std::string("'") + key + "' must be true or false", std::string(key) + " = true");
      return false;
    }
    return *node->value<bool>();
  }

  std::uint64_t budget() {
    const toml::node* node = table_.get("budget");
    if (node == nullptr) return 0;
    const toml::table* budget = node->as_table();
    const std::string example = "[budget] and below it: schedules = 2000";
    if (budget == nullptr) {
      fail(node, "'budget' must be a table", example);
      return 0;
    }
    check_keys(*budget, {"schedules"});
    const toml::node* schedules = budget->get("schedules");
    const auto value = schedules != nullptr && schedules->is_integer()
                           ? schedules->value<std::int64_t>()
                           : std::nullopt;
    if (!value || *value < 1) {
      fail(schedules != nullptr ? schedules : node, "'schedules' must be a number of at least 1",
           example);
      return 0;
    }
    return static_cast<std::uint64_t>(*value);
  }

  void check_keys(const toml::table& table, const std::vector<std::string>& known) {
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::vector<std::string> names = nearest(name, known);
      fail(&node, "unknown key '" + name + "'",
           names.empty() ? "the keys are " + join(known) : "write '" + names[0] + "'");
    }
  }

  void check_items(const char* key, const std::vector<std::string>& items, const std::regex& form,
                   const std::string& example) {
    for (const std::string& item : items) {
      if (std::regex_match(item, form)) continue;
      fail(table_.get(key), std::string("'") + item + "' does not belong in '" + key + "'",
           example);
    }
  }

  void fail(const toml::node* node, std::string what, std::string instead) {
    const int line = node != nullptr ? static_cast<int>(node->source().begin.line) : 0;
    problems_->push_back(
        {file_, line > 0 ? line + offset_ : 1, 0, std::move(what), std::move(instead)});
  }

  const toml::node* get(const char* key) const { return table_.get(key); }

 private:
  const toml::node* required(const char* key, const std::string& example) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) {
      fail(nullptr, std::string("the front matter has no '") + key + "'", "add: " + example);
    }
    return node;
  }

  const std::string& file_;
  const int offset_;
  const toml::table& table_;
  std::vector<Problem>* const problems_;
};

void read_front_matter(FrontMatter* front, const toml::table& table, Lesson* lesson) {
  front->check_keys(
      table, {"title", "family", "pitfall", "notes", "kinds", "references", "negative", "budget"});
  lesson->title = front->text("title", "title = \"The mistake in one line\"");
  lesson->family = front->text("family", "family = \"locks\"");
  lesson->pitfall = front->text("pitfall", "pitfall = \"C4\"");
  lesson->notes = front->list("notes", "notes = [\"S3:35-49\"]");
  lesson->kinds = front->list("kinds", "kinds = [\"data-race\"]");
  lesson->references = front->list("references", "references = [\"CWE-362\"]");
  lesson->negative = front->flag("negative");
  lesson->schedules = front->budget();

  static const std::regex kPitfall("[A-Z][0-9]+");
  static const std::regex kNote("S[0-9]+:[0-9]+([-,][0-9]+)*");
  if (!lesson->pitfall.empty() && !std::regex_match(lesson->pitfall, kPitfall)) {
    front->fail(front->get("pitfall"), "'" + lesson->pitfall + "' is not the id of a pitfall",
                "write its id in the catalogue, a letter and a number: pitfall = \"C4\"");
  }
  front->check_items("notes", lesson->notes, kNote, "write note and lines: notes = [\"S3:35-49\"]");
  for (const std::string& kind : lesson->kinds) {
    if (monitors::find_kind(kind) != nullptr) continue;
    const std::vector<std::string> names = nearest(kind, kind_names());
    front->fail(front->get("kinds"), "unknown kind '" + kind + "'",
                names.empty() ? "`chicane explain` lists the kinds" : "write '" + names[0] + "'");
  }
  if (lesson->kinds.empty() && front->get("kinds") != nullptr && !lesson->negative) {
    front->fail(front->get("kinds"), "'kinds' is empty",
                "name the kinds that bad.cc is annotated with");
  }
}

/// Parses the front matter in lines [1, end) (from 0).
void parse_front_matter(const std::string& file, const std::vector<std::string>& lines,
                        std::size_t end, Lesson* lesson, std::vector<Problem>* problems) {
  std::string text;
  for (std::size_t i = 1; i < end; ++i) text += lines[i] + "\n";
  try {
    const toml::table table = toml::parse(text);
    FrontMatter front(file, 1, table, problems);
    read_front_matter(&front, table, lesson);
  } catch (const toml::parse_error& error) {
    problems->push_back({file, static_cast<int>(error.source().begin.line) + 1,
                         static_cast<int>(error.source().begin.column),
                         "the front matter is not TOML: " + std::string(error.description()),
                         "write lines such as: title = \"The mistake in one line\""});
  }
}

struct Section {
  std::string title;
  int line;
  bool empty;
};

std::vector<Section> find_sections(const std::vector<std::string>& lines, std::size_t begin) {
  std::vector<Section> sections;
  bool in_code = false;  // a `## ` in a code block is no heading
  for (std::size_t i = begin; i < lines.size(); ++i) {
    if (lines[i].starts_with("```")) in_code = !in_code;
    if (!in_code && lines[i].starts_with("## ")) {
      sections.push_back({std::string(trim(lines[i])), static_cast<int>(i) + 1, true});
    } else if (!sections.empty() && !trim(lines[i]).empty()) {
      sections.back().empty = false;
    }
  }
  return sections;
}

void check_sections(const std::string& file, const std::vector<std::string>& lines,
                    std::size_t begin, std::vector<Problem>* problems) {
  const std::vector<Section> sections = find_sections(lines, begin);
  int previous = 0;
  for (const std::string& wanted : lesson_sections()) {
    const auto found = std::find_if(sections.begin(), sections.end(),
                                    [&](const Section& s) { return s.title == wanted; });
    if (found == sections.end()) {
      problems->push_back({file, static_cast<int>(lines.size()), 0,
                           "the section '" + wanted + "' is missing",
                           "a lesson has, in order: " + join(lesson_sections())});
    } else if (found->line < previous) {
      problems->push_back({file, found->line, 0, "the section '" + wanted + "' is out of order",
                           "the order is: " + join(lesson_sections())});
    } else {
      previous = found->line;
      if (found->empty) {
        problems->push_back({file, found->line, 0, "the section '" + wanted + "' is empty",
                             "say it in a few sentences"});
      }
    }
  }
}

}  // namespace

const std::vector<std::string>& lesson_sections() {
  static const std::vector<std::string> kSections = {"## The rule", "## How to spot it in review",
                                                     "## What happens", "## The fix",
                                                     "## Which legs see it"};
  return kSections;
}

Lesson parse_lesson(const std::string& file, std::string_view text,
                    std::vector<Problem>* problems) {
  Lesson lesson;
  const std::vector<std::string> lines = split_lines(text);
  if (lines.empty() || trim(lines[0]) != "+++") {
    problems->push_back({file, 1, 0, "the lesson does not begin with front matter",
                         "begin with a line '+++', then title, family, pitfall, notes, kinds and "
                         "references, then another line '+++'"});
    return lesson;
  }
  std::size_t end = 1;
  while (end < lines.size() && trim(lines[end]) != "+++") ++end;
  if (end == lines.size()) {
    problems->push_back({file, 1, 0, "the front matter has no end", "close it with a line '+++'"});
    return lesson;
  }
  parse_front_matter(file, lines, end, &lesson, problems);
  check_sections(file, lines, end + 1, problems);
  return lesson;
}

void find_placeholders(const std::string& file, std::string_view text,
                       std::vector<Problem>* problems) {
  int number = 0;
  for (const std::string& line : split_lines(text)) {
    ++number;
    const std::size_t at = line.find(kPlaceholder);
    if (at == std::string::npos) continue;
    std::string_view wish = std::string_view(line).substr(at + kPlaceholder.size());
    if (wish.starts_with(":")) wish.remove_prefix(1);
    const std::size_t quote = wish.find('"');
    wish = trim(wish.substr(0, quote));
    problems->push_back({file, number, static_cast<int>(at) + 1,
                         "a placeholder of scripts/new-pitfall",
                         wish.empty() ? "fill it in" : std::string(wish)});
  }
}

}  // namespace chicane::runner
