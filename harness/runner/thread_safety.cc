// SPDX-License-Identifier: Apache-2.0
#include "runner/thread_safety.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "runner/problem.h"

namespace chicane::runner {
namespace {

/// A warning or a note.
struct Message {
  std::string file;
  int line = 0;
  int column = 0;
  std::string text;
  std::vector<Message> notes;

  bool says(std::string_view part) const { return text.find(part) != std::string::npos; }
};

/// Takes ":<number>" from the end of `*text`.
bool take_number(std::string_view* text, int* number) {
  const std::size_t colon = text->rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view digits = text->substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return false;
  *text = text->substr(0, colon);
  return true;
}

/// "file:line:col: <level>: text" with the given level.
std::optional<Message> parse_message(std::string_view line, std::string_view level) {
  const std::string mark = ": " + std::string(level) + ": ";
  const std::size_t at = line.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view place = line.substr(0, at);
  Message message;
  if (!take_number(&place, &message.column) || !take_number(&place, &message.line)) {
    return std::nullopt;
  }
  message.file = place;
  message.text = line.substr(at + mark.size());
  return message;
}

/// The thread-safety warnings with their notes.
std::vector<Message> parse_messages(std::string_view text) {
  std::vector<Message> warnings;
  bool relevant = false;
  for (const std::string& line : split_lines(text)) {
    if (auto warning = parse_message(line, "warning")) {
      const std::size_t flag = warning->text.rfind(" [-W");
      relevant = flag != std::string::npos &&
                 warning->text.find("thread-safety", flag) != std::string::npos;
      if (!relevant) continue;
      warning->text.erase(flag);
      warnings.push_back(*std::move(warning));
    } else if (auto note = parse_message(line, "note")) {
      if (relevant && !warnings.empty()) warnings.back().notes.push_back(*std::move(note));
    }
  }
  return warnings;
}

const Message* find_note(const Message& warning, std::string_view part) {
  for (const Message& note : warning.notes) {
    if (note.says(part)) return &note;
  }
  return nullptr;
}

/// The first text in single quotes from `begin` on: the variable or the lock.
std::string quoted(const std::string& text, std::size_t begin = 0) {
  const std::size_t open = text.find('\'', begin);
  if (open == std::string::npos) return {};
  const std::size_t close = text.find('\'', open + 1);
  return close == std::string::npos ? "" : text.substr(open + 1, close - open - 1);
}

Site site_at(const Message& message, std::string role, std::string object) {
  Site site;
  site.role = std::move(role);
  site.object = std::move(object);
  Frame frame;
  frame.file = message.file;
  frame.line = message.line;
  site.stack.push_back(std::move(frame));
  return site;
}

/// Whether the code at the message's place acquires in shared mode.
bool is_shared(const Message& message, const std::vector<std::string>& source) {
  const std::size_t line = static_cast<std::size_t>(message.line);
  if (line == 0 || line > source.size()) return false;
  const std::string& text = source[line - 1];
  const std::size_t column = static_cast<std::size_t>(std::max(message.column, 1)) - 1;
  return text.find("lock_shared", std::min(column, text.size())) == column ||
         text.find("shared_lock") != std::string::npos;
}

void name_acquisition(const Message& warning, const std::vector<std::string>& source,
                      Diagnosis* diagnosis) {
  const Message* first = find_note(warning, "acquired here");
  const bool upgrade = first != nullptr && is_shared(*first, source) && !is_shared(warning, source);
  diagnosis->kind = upgrade ? "rwlock-upgrade" : "self-deadlock";
  diagnosis->sites.push_back(site_at(warning, "waits", diagnosis->object));
  if (first != nullptr) {
    diagnosis->sites.push_back(site_at(*first, "holds", diagnosis->object));
  }
}

void name_leak(const Message& warning, Diagnosis* diagnosis) {
  const Message* acquired = find_note(warning, "acquired here");
  diagnosis->kind = "lock-leak";
  diagnosis->sites.push_back(
      site_at(acquired != nullptr ? *acquired : warning, "locked", diagnosis->object));
}

void name_release(const Message& warning, Diagnosis* diagnosis) {
  const Message* released = find_note(warning, "released here");
  const Message* acquired = find_note(warning, "acquired here");
  diagnosis->kind = released != nullptr ? "double-unlock" : "unlock-of-unlocked";
  diagnosis->sites.push_back(site_at(warning, "unlocks", diagnosis->object));
  if (released != nullptr) {
    diagnosis->sites.push_back(site_at(*released, "unlocked", diagnosis->object));
  } else if (acquired != nullptr) {
    diagnosis->sites.push_back(site_at(*acquired, "locked", diagnosis->object));
  }
}

void name_missing_lock(const Message& warning, Diagnosis* diagnosis) {
  const std::string function =
      warning.text.starts_with("calling function") ? diagnosis->object : "";
  const bool wait = function.find("wait") != std::string::npos;
  diagnosis->kind = wait ? "wait-without-lock" : "data-race";
  const std::string role = !function.empty()                     ? "calls"
                           : warning.text.starts_with("writing") ? "write"
                                                                 : "read";
  diagnosis->sites.push_back(site_at(warning, wait ? "waits" : role, diagnosis->object));
}

/// Names the warning; false when the table has no such.
bool name(const Message& warning, const std::vector<std::string>& source, Diagnosis* diagnosis) {
  diagnosis->leg = "thread-safety";
  diagnosis->message = warning.text;
  diagnosis->object = quoted(warning.text);
  if (warning.says("that is already held")) {
    name_acquisition(warning, source, diagnosis);
  } else if (warning.says("still held at the end of function") ||
             warning.says("is not held on every path") ||
             warning.says("held at start of each loop")) {
    name_leak(warning, diagnosis);
  } else if (warning.text.starts_with("releasing ")) {
    name_release(warning, diagnosis);
  } else if (warning.says("requires holding")) {
    name_missing_lock(warning, diagnosis);
  } else if (warning.text.starts_with("cannot call function")) {
    diagnosis->kind = "self-deadlock";
    diagnosis->sites.push_back(site_at(warning, "waits", diagnosis->object));
  } else if (warning.says("must be acquired before") || warning.says("acquired after")) {
    diagnosis->kind = "lock-order-inversion";
    diagnosis->sites.push_back(site_at(warning, "waits", diagnosis->object));
  } else {
    return false;
  }
  return true;
}

bool same_place(const Site& a, const Site& b) {
  return a.role == b.role && a.stack[0].file == b.stack[0].file &&
         a.stack[0].line == b.stack[0].line;
}

/// A lambda or a template may be analysed more than once.
bool is_repeated(const std::vector<Diagnosis>& known, const Diagnosis& fresh) {
  return std::any_of(known.begin(), known.end(), [&](const Diagnosis& other) {
    return other.kind == fresh.kind && other.object == fresh.object &&
           std::equal(other.sites.begin(), other.sites.end(), fresh.sites.begin(),
                      fresh.sites.end(), same_place);
  });
}

}  // namespace

bool parse_thread_safety(std::string_view text, const std::vector<std::string>& source,
                         std::vector<Diagnosis>* diagnoses, std::string* error) {
  for (const Message& warning : parse_messages(text)) {
    Diagnosis diagnosis;
    if (!name(warning, source, &diagnosis)) {
      *error = warning.file + ":" + std::to_string(warning.line) +
               ": clang's warning has no kind here yet: " + warning.text;
      return false;
    }
    if (!is_repeated(*diagnoses, diagnosis)) diagnoses->push_back(std::move(diagnosis));
  }
  return true;
}

}  // namespace chicane::runner
