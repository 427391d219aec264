// SPDX-License-Identifier: Apache-2.0
//
// The matrix pitfall x leg, and the progress that is shown until it is there.
//
//     pitfall                      sched     lockorder  tsan      thread-safety
//     locks/defer_in_loop          + found   + found    . silent  ~ gap
//     correct/gate_lock            . silent  . silent   . silent  . silent
//
//     + found     the leg reports what the annotations say
//     . silent    the leg reports nothing, as the annotations say
//     ~ gap       a known miss of the leg
//     ! FAIL      an annotation is not met, or a report is not explained
//     - n/a       the leg could not be run here
//
// With `--native` a last column says in how many runs on free threads ThreadSanitizer, a hang or a
// crash showed the bad program to be bad ("12 of 20"), and the good one, if it did.
//
// A row stands for a pitfall in one form (plain, or std) and is the worst of its bad and its good
// program: the good one is expected silent.
//
// Thread safety: `Progress` locks for itself; the rest is pure.
#pragma once

#include <cstddef>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "runner/match.h"
#include "runner/native_counts.h"

namespace chicane::runner {

struct MatrixRow {
  std::string name;
  std::vector<Status> cells;  // one per leg
  /// The leg tsan on free threads: in how many runs of the bad program, and of the good one,
  /// anything was seen. A figure beside the matrix, without a status.
  NativeCounts native_bad = {}, native_good = {};
};

/// Of the statuses of a row's bad and good program, the one to show.
Status combine(Status a, Status b);

/// The table, at most 100 columns wide; `colour` for terminals.
std::string render_matrix(const std::vector<std::string>& legs, const std::vector<MatrixRow>& rows,
                          bool colour);

/// Whether `stream` is a terminal, and whether colours are welcome there (NO_COLOR).
bool is_terminal(std::FILE* stream);
bool wants_colour(std::FILE* stream);

/// On a terminal one line that is written over; elsewhere (CI) a line for each file that is done.
class Progress {
 public:
  Progress(std::size_t total, bool enabled);
  ~Progress();
  /// A cell begins.
  void begin(const std::string& what);
  /// A cell has ended.
  void end();
  /// All cells of a file are done; `text` is the quiet line.
  void file_done(const std::string& text, bool failed);
  /// Takes the line away.
  void clear();

 private:
  void draw(const std::string& what);

  const std::size_t total_;
  const bool enabled_;
  const bool terminal_;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  bool drawn_ = false;
};

}  // namespace chicane::runner
