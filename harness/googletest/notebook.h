// SPDX-License-Identifier: Apache-2.0
//
// What the runs of a test, which happen in child processes, note for the test's own process: the
// texts of failed assertions in full (a finding has room for one line), skips, properties, and
// whether the test should be run without the engine.
//
// Thread safety: one child at a time writes, in engine context; the parent reads when no child
// runs. Invariants:
//   I1. The text kept for a finding is that of the last run in which it came up.
//   I2. When room runs out, later texts are left out; nothing is overwritten by others.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace chicane::googletest {

/// A failed assertion, or a skip, as GoogleTest would print it.
struct Failure {
  std::string file;  // empty: unknown
  int line = -1;
  bool fatal = false;
  std::string text;
};

class Notebook {
 public:
  /// Null when the system refuses shared memory.
  static Notebook* create();
  void clear();

  // ---- child ----
  void add_failure(const std::string& summary, const Failure& failure);
  void add_skip(const Failure& skip);
  void set_properties(const std::vector<std::pair<std::string, std::string>>& properties);
  /// A run has ended well; `sequential` when there was nothing to choose in it.
  void end_run(bool sequential);
  /// The test is to be run without the engine. `why` is a clause: "it has death tests".
  void ask_for_native(const char* why);

  // ---- parent ----
  /// False when there is none.
  bool find_failure(const std::string& summary, Failure* failure) const;
  /// Whether every run that ended well was skipped, and how.
  bool skipped(Failure* skip) const;
  std::vector<std::pair<std::string, std::string>> properties() const;
  bool sequential() const { return sequential_ != 0; }
  const char* native_because() const { return native_because_; }

 private:
  static constexpr unsigned kFailures = 64, kProperties = 32;
  static constexpr unsigned kText = 4096, kName = 512;
  struct Entry {
    char summary[256];
    char file[kName];
    int line;
    bool fatal;
    char text[kText];
  };
  struct Property {
    char key[128];
    char value[kName];
  };
  static void fill(Entry* entry, const std::string& summary, const Failure& failure);
  static Failure read(const Entry& entry);
  unsigned failure_count_;
  Entry failures_[kFailures];
  std::uint64_t runs_, skips_;
  Entry skip_;
  unsigned property_count_;
  Property properties_[kProperties];
  int sequential_;
  char native_because_[128];
};

}  // namespace chicane::googletest
