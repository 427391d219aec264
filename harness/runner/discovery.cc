// SPDX-License-Identifier: Apache-2.0
#include "runner/discovery.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

constexpr const char* kForms[] = {"bad", "good", "bad_std", "good_std"};

/// Names in `folder`, sorted; dot files (an editor's) are left out.
std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with(".")) entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// The source must register itself under its own folder's name and variant, or the worker would
/// not find it.
void check_registration(const Pitfall& pitfall, const ScenarioFile& file,
                        std::vector<Problem>* problems) {
  static const std::regex kMacro("^\\s*CHICANE_SCENARIO\\(\\s*(\\w+)\\s*,\\s*(\\w+)\\s*\\)");
  const std::string variant = file.good() ? "good" : "bad";
  const std::string wanted = "CHICANE_SCENARIO(" + pitfall.name + ", " + variant + ")";
  int number = 0;
  for (const std::string& line : file.lines) {
    ++number;
    std::smatch match;
    if (!std::regex_search(line, match, kMacro)) continue;
    if (match[1] != pitfall.name || match[2] != variant) {
      problems->push_back({file.path, number, 0, "registers '" + match.str() + "'",
                           "write '" + wanted + "': folder and file name say so"});
    }
    return;
  }
  problems->push_back(
      {file.path, 0, 0, "has no CHICANE_SCENARIO", "write '" + wanted + " { ... }'"});
}

void check_promises(const ScenarioFile& file, std::vector<Problem>* problems) {
  const Annotations& promises = file.annotations;
  if (file.good()) {
    if (!promises.entries.empty()) {
      problems->push_back({file.path, promises.entries.front().line, 0,
                           "a good program cannot promise '" + promises.entries[0].name() + "'",
                           "write only '//~ none', on a line of its own"});
    } else if (promises.none_line == 0) {
      problems->push_back({file.path, 0, 0, "does not say that it is clean",
                           "write '//~ none' on a line of its own"});
    }
  } else if (promises.entries.empty()) {
    problems->push_back({file.path, promises.none_line, 0, "a bad program without any annotation",
                         "mark the lines of the defect, such as: ++counter;  //~ "
                         "data-race#counter write [sched tsan]: nothing orders them"});
  }
}

void add_source(Pitfall* pitfall, const std::string& form, const fs::path& path) {
  ScenarioFile file;
  file.form = form;
  file.path = path.string();
  std::string text;
  if (!read_file(file.path, &text)) {
    pitfall->problems.push_back({file.path, 0, 0, "cannot be read", "check its permissions"});
    return;
  }
  file.lines = split_lines(text);
  const std::size_t before = pitfall->problems.size();
  find_placeholders(file.path, text, &pitfall->problems);
  if (pitfall->problems.size() == before) {  // else: one clear message is enough
    file.annotations = parse_annotations(file.path, text, &pitfall->problems);
    if (pitfall->problems.size() == before) check_promises(file, &pitfall->problems);
    check_registration(*pitfall, file, &pitfall->problems);
  }
  pitfall->files.push_back(std::move(file));
}

void add_lesson(Pitfall* pitfall, const fs::path& path) {
  std::string text;
  if (!read_file(path.string(), &text)) {
    pitfall->problems.push_back({path.string(), 0, 0, "the lesson is missing",
                                 "write it: title, family, pitfall, notes, kinds and references "
                                 "between two lines '+++', then the sections " +
                                     join(lesson_sections())});
    return;
  }
  const std::size_t before = pitfall->problems.size();
  find_placeholders(path.string(), text, &pitfall->problems);
  std::vector<Problem> problems;
  pitfall->lesson = parse_lesson(path.string(), text, &problems);
  if (pitfall->problems.size() != before) return;  // one clear message for each is enough
  pitfall->problems.insert(pitfall->problems.end(), problems.begin(), problems.end());
  if (!pitfall->lesson.family.empty() && pitfall->lesson.family != pitfall->family) {
    pitfall->problems.push_back({path.string(), 1, 0,
                                 "says family '" + pitfall->lesson.family +
                                     "', but the folder is " + "in '" + pitfall->family + "'",
                                 "write: family = \"" + pitfall->family + "\""});
  }
}

void check_files(Pitfall* pitfall) {
  const auto missing = [&](const std::string& form, std::string what, std::string instead) {
    pitfall->problems.push_back(
        {pitfall->folder + "/" + form + ".cc", 0, 0, std::move(what), std::move(instead)});
  };
  const bool negative = pitfall->lesson.negative;
  if (pitfall->find("good") == nullptr) {
    missing("good", "is missing: a pitfall shows the right program too",
            "write it: bad.cc with the smallest honest edit, and '//~ none'");
  }
  for (const char* form : {"bad", "bad_std"}) {
    if (negative && pitfall->find(form) != nullptr) {
      missing(form, "the lesson says `negative = true`: a correct program has no bad twin",
              "remove this file or that line of lesson.md");
    }
  }
  if (negative || !fs::exists(fs::path(pitfall->folder) / "lesson.md")) return;
  if (pitfall->find("bad") == nullptr) {
    missing("bad", "is missing",
            "write it, or say `negative = true` in lesson.md if this is a correct program on "
            "which every leg must be silent");
  }
  if (pitfall->find("bad_std") != nullptr && pitfall->find("good_std") == nullptr) {
    missing("good_std", "is missing: bad_std.cc has no twin", "write it, or remove bad_std.cc");
  }
  if (pitfall->find("good_std") != nullptr && pitfall->find("bad_std") == nullptr) {
    missing("bad_std", "is missing: good_std.cc has no twin", "write it, or remove good_std.cc");
  }
}

Pitfall read_pitfall(const std::string& family, const fs::path& folder) {
  Pitfall pitfall;
  pitfall.family = family;
  pitfall.name = folder.filename().string();
  pitfall.folder = folder.string();
  add_lesson(&pitfall, folder / "lesson.md");
  for (const char* form : kForms) {
    const fs::path path = folder / (std::string(form) + ".cc");
    if (fs::exists(path)) add_source(&pitfall, form, path);
  }
  for (const auto& entry : entries_of(folder)) {
    const std::string name = entry.path().filename().string();
    const bool known = name == "lesson.md" ||
                       std::any_of(std::begin(kForms), std::end(kForms),
                                   [&](const std::string& form) { return name == form + ".cc"; });
    if (known) continue;
    pitfall.problems.push_back({entry.path().string(), 0, 0,
                                "does not belong in a pitfall's folder",
                                "its files are bad.cc, good.cc, lesson.md, bad_std.cc and "
                                "good_std.cc: rename or remove it"});
  }
  check_files(&pitfall);
  return pitfall;
}

bool is_folder_name(const std::string& name) {
  static const std::regex kName("[a-z][a-z0-9_]*");
  return std::regex_match(name, kName);
}

/// Problems with a name or a stray file; true when `entry` is a folder to go into.
bool check_folder(const fs::directory_entry& entry, std::vector<Problem>* problems) {
  const std::string name = entry.path().filename().string();
  const bool part = name == "README.md" || name == "CMakeLists.txt";
  if (part && entry.is_regular_file()) return false;
  if (!entry.is_directory()) {
    problems->push_back({entry.path().string(), 0, 0, "does not belong here",
                         "only folders and README.md stand here: <family>/<pitfall>/bad.cc"});
    return false;
  }
  if (!is_folder_name(name)) {
    problems->push_back({entry.path().string(), 0, 0, "'" + name + "' is not a folder's name",
                         "use a-z, 0-9 and '_', as in locks/defer_in_loop"});
    return false;
  }
  return true;
}

/// A pitfall is called by its name alone, and its witnesses too.
void check_names_unique(Catalogue* catalogue) {
  std::map<std::string, const Pitfall*> seen;
  for (Pitfall& pitfall : catalogue->pitfalls) {
    const auto [other, fresh] = seen.emplace(pitfall.name, &pitfall);
    if (fresh) continue;
    pitfall.problems.push_back(
        {pitfall.folder, 0, 0, "the name '" + pitfall.name + "' is taken by " + other->second->id(),
         "rename the folder: witnesses and commands use the name alone"});
  }
}

}  // namespace

const ScenarioFile* Pitfall::find(const std::string& form) const {
  for (const ScenarioFile& file : files) {
    if (file.form == form) return &file;
  }
  return nullptr;
}

Catalogue discover(const std::string& root) {
  Catalogue catalogue;
  catalogue.root = root;
  if (!fs::is_directory(root)) {
    catalogue.problems.push_back(
        {root, 0, 0, "is not a folder", "start `chicane` in the project, or give --scenarios DIR"});
    return catalogue;
  }
  for (const auto& family : entries_of(root)) {
    if (!check_folder(family, &catalogue.problems)) continue;
    for (const auto& folder : entries_of(family.path())) {
      if (!check_folder(folder, &catalogue.problems)) continue;
      catalogue.pitfalls.push_back(read_pitfall(family.path().filename().string(), folder.path()));
    }
  }
  check_names_unique(&catalogue);
  return catalogue;
}

std::vector<const Pitfall*> select(const Catalogue& catalogue, const std::string& name) {
  std::string wanted = name;
  while (wanted.ends_with("/")) wanted.pop_back();
  if (wanted.starts_with("scenarios/")) wanted.erase(0, std::string("scenarios/").size());
  std::vector<const Pitfall*> chosen;
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    if (wanted == pitfall.id() || wanted == pitfall.name || wanted == pitfall.family) {
      chosen.push_back(&pitfall);
    }
  }
  return chosen;
}

std::vector<std::string> nearest_pitfalls(const Catalogue& catalogue, const std::string& name) {
  std::vector<std::string> ids, names, families;
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    ids.push_back(pitfall.id());
    names.push_back(pitfall.name);
    if (families.empty() || families.back() != pitfall.family) families.push_back(pitfall.family);
  }
  if (name.find('/') != std::string::npos) {
    const std::vector<std::string> close = nearest(name, ids);
    if (!close.empty()) return close;
    return nearest(name.substr(name.rfind('/') + 1), names);
  }
  std::vector<std::string> candidates = names;
  candidates.insert(candidates.end(), families.begin(), families.end());
  return nearest(name, candidates);
}

}  // namespace chicane::runner
