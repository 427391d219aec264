// SPDX-License-Identifier: Apache-2.0
#include "runner/progress_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "runner/problem.h"

namespace chicane::runner {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLookEvery{200};
constexpr std::chrono::seconds kFirstLine{10};
constexpr std::size_t kWidth = 99;

}  // namespace

ProgressWatch::ProgressWatch(std::string path, std::string prefix, std::FILE* to, bool terminal)
    : path_(std::move(path)), prefix_(std::move(prefix)), to_(to), terminal_(terminal) {
  thread_ = std::thread([this] { watch(); });
}

ProgressWatch::~ProgressWatch() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  done_changed_.notify_one();
  thread_.join();
  if (drawn_) fmt::print(to_, "\r\033[K");
  std::fflush(to_);
}

void ProgressWatch::watch() {
  const auto start = Clock::now();
  auto next_line = kFirstLine;
  std::string last;
  std::unique_lock lock(mutex_);
  while (!done_changed_.wait_for(lock, kLookEvery, [this] { return done_; })) {
    if (!terminal_ && Clock::now() - start < next_line) continue;
    if (!terminal_) next_line *= 2;
    std::string text;
    if (!read_file(path_, &text) || text.empty() || text == last) continue;
    last = text;
    show(text);
  }
}

void ProgressWatch::show(const std::string& text) {
  const std::string line = (prefix_ + text).substr(0, kWidth);
  drawn_ = terminal_;
  fmt::print(to_, "{}{}{}", terminal_ ? "\r\033[K" : "", line, terminal_ ? "" : "\n");
  std::fflush(to_);
}

}  // namespace chicane::runner
