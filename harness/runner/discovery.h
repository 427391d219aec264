// SPDX-License-Identifier: Apache-2.0
//
// The catalogue, found by folder: scenarios/<family>/<pitfall>/ is a pitfall because it is there.
//
//     bad.cc       the mistake, annotated line by line
//     good.cc      the same program without it, with `//~ none`
//     lesson.md    what it teaches (lesson.h)
//     bad_std.cc   optional: the mistake as a C++ reviewer meets it, with its twin good_std.cc
//
// A correct program that other tools report wrongly (`negative = true` in the lesson) has only
// good.cc, and good_std.cc if there is one. A README.md may stand beside the folders.
//
// Thread safety: values; nothing is cached.
// Invariants:
//   I1. Everything is sorted by name: the same catalogue gives the same order anywhere.
//   I2. A pitfall with problems is returned with them, and hides no other.
#pragma once

#include <string>
#include <vector>

#include "runner/annotations.h"
#include "runner/lesson.h"
#include "runner/problem.h"

namespace chicane::runner {

/// One source file of a pitfall.
struct ScenarioFile {
  std::string form;  // "bad", "good", "bad_std", "good_std"
  std::string path;
  Annotations annotations;
  std::vector<std::string> lines;

  bool good() const { return form.starts_with("good"); }
  bool std_form() const { return form.ends_with("_std"); }
};

struct Pitfall {
  std::string family;
  std::string name;
  std::string folder;
  Lesson lesson;
  std::vector<ScenarioFile> files;  // bad, good, bad_std, good_std, as far as they are there
  std::vector<Problem> problems;

  /// "locks/defer_in_loop"
  std::string id() const { return family + "/" + name; }
  const ScenarioFile* find(const std::string& form) const;
};

struct Catalogue {
  std::string root;
  std::vector<Pitfall> pitfalls;
  /// What is wrong outside of any pitfall's folder.
  std::vector<Problem> problems;
};

/// Reads the catalogue under `root`.
Catalogue discover(const std::string& root);

/// The pitfalls that `name` means: "family/pitfall", "pitfall" or "family". Empty: none does.
std::vector<const Pitfall*> select(const Catalogue& catalogue, const std::string& name);
/// Names that `name` may have been meant to be.
std::vector<std::string> nearest_pitfalls(const Catalogue& catalogue, const std::string& name);

}  // namespace chicane::runner
