// SPDX-License-Identifier: Apache-2.0
//
// For tests of the `chicane` command as a user has it: a folder of its own per test, copies of
// parts of the catalogue in it, and commands whose exit code and output are looked at.
//
// Thread safety: one thread.
#pragma once

#include <string>
#include <vector>

namespace chicane::testing {

/// What a command left.
struct Outcome {
  int exit_code = -1;  // 128 + n when signal n ended it
  std::string out, err;

  std::string all() const { return out + err; }
};

/// A temporary folder; gone with the object.
class Sandbox {
 public:
  Sandbox();
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  /// The absolute path of `name` in the folder.
  std::string path(const std::string& name) const { return root_ + "/" + name; }
  /// Copies pitfalls ("locks/double_unlock") of the real catalogue into the folder "scenarios".
  void copy_pitfalls(const std::vector<std::string>& pitfalls);

  std::string read(const std::string& name) const;
  void write(const std::string& name, const std::string& text) const;
  /// Replaces the first `what` of a file; the test fails when it is not there.
  void replace(const std::string& name, const std::string& what, const std::string& by) const;
  void remove(const std::string& name) const;
  bool exists(const std::string& name) const;
  /// The names of the folder's files that end in `suffix`, at any depth, sorted.
  std::vector<std::string> files(const std::string& folder, const std::string& suffix) const;

  /// Runs a shell command in the folder.
  Outcome shell(const std::string& command) const;
  /// Runs `chicane <arguments>` in the folder.
  Outcome chicane(const std::string& arguments) const;
  /// `chicane run` on the folder's catalogue, with witnesses and report in the folder "race".
  Outcome run(const std::string& arguments = "") const;

 private:
  std::string root_;
};

/// Shell: `worked PID TICKS` says whether the process and those of its children that have ended had
/// that many hundredths of a second of processor time: what is to be interrupted in the middle of
/// its work must have begun it, however busy the machine is.
inline constexpr const char* kWorked =
    "worked() {\n"
    "  set -- $2 $(sed 's/.*) //' /proc/$1/stat 2>/dev/null | cut -d' ' -f12-15)\n"
    "  [ $# -eq 5 ] && [ $(($2 + $3 + $4 + $5)) -ge $1 ]\n"
    "}\n";

/// The number of the first line of `text` that contains `what`; 0 when none does.
int line_with(const std::string& text, const std::string& what);

/// `text` without what may differ between two runs of the same thing: seconds and speeds.
std::string without_times(const std::string& text);

/// The binary folder of this build, and that of the workers of harness/tests/fixtures.
std::string worker_dir();
std::string fixture_worker_dir();

}  // namespace chicane::testing
