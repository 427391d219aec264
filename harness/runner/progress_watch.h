// SPDX-License-Identifier: Apache-2.0
//
// Shows how far an exploration is: a line that another process writes to a file. On a terminal it
// is drawn anew as it changes; elsewhere (in CI) it is printed after 10, 20, 40, ... seconds, so
// that a log has few of them.
//
// Thread safety: one thread of its own, from construction to destruction.
#pragma once

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>

namespace chicane::runner {

class ProgressWatch {
 public:
  /// Shows the file's text on `to`, each line beginning with `prefix`.
  ProgressWatch(std::string path, std::string prefix, std::FILE* to, bool terminal);
  /// Takes a drawn line away.
  ~ProgressWatch();
  ProgressWatch(const ProgressWatch&) = delete;
  ProgressWatch& operator=(const ProgressWatch&) = delete;

 private:
  void watch();
  void show(const std::string& text);

  std::string path_, prefix_;
  std::FILE* to_;
  bool terminal_, drawn_ = false;
  std::mutex mutex_;
  std::condition_variable done_changed_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace chicane::runner
