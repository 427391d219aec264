// SPDX-License-Identifier: Apache-2.0
//
// The names of a run's objects: an object is called by its variable's name, or where it has none by
// its kind and a number in the order of first use ("lock 1", "channel 2").
//
// Thread safety: one thread, outside of a run.
// Invariants:
//   I1. An object has one name, whatever is asked or added later.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "engine/finding.h"
#include "engine/operation.h"
#include "report/symbolizer.h"

namespace chicane::report {

/// Gives the objects of one run their names.
class ObjectNames {
 public:
  explicit ObjectNames(Symbolizer& symbolizer) : symbolizer_(symbolizer) {}

  /// What an operation of this kind acts on: "lock", "channel", "condition", ...; "" for none.
  static const char* category(engine::OpKind kind);
  /// Notes a place that names the object at its address, unless that has a name already.
  void add(const engine::Place& place);
  /// The object's name. `category` is used, with a number, when it has none.
  std::string name(std::uint64_t address, const char* category);
  /// The variable at an address; its name is empty when it has none.
  const Variable& variable(std::uint64_t address);

 private:
  Symbolizer& symbolizer_;
  std::map<std::uint64_t, Variable> variables_;
  std::map<std::uint64_t, std::string> numbered_;
  std::map<std::string, int> counts_;
};

}  // namespace chicane::report
