// SPDX-License-Identifier: Apache-2.0
#include "runner/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "runner/process.h"

namespace chicane::runner {
namespace {

struct CellRef {
  std::size_t run;
  std::size_t leg;
};

/// The quiet line: "ok   locks/defer_in_loop/bad  sched found, tsan silent  1.2 s"
std::string describe(const FileRun& run) {
  std::vector<std::string> parts;
  double seconds = 0;
  bool failed = false;
  for (std::size_t i = 0; i < run.legs.size(); ++i) {
    const Status status = run.verdict.legs[i].status;
    parts.push_back(run.legs[i] + " " + to_string(status));
    failed = failed || status == Status::kFail;
    seconds += run.cells[i].seconds;
  }
  return fmt::format("{:<4} {}: {} ({:.1f} s)", failed ? "FAIL" : "ok", run.program(), join(parts),
                     seconds);
}

void judge(FileRun* run, Progress* progress) {
  std::vector<LegReport> reports;
  for (std::size_t i = 0; i < run->legs.size(); ++i) {
    reports.push_back({run->legs[i], &run->cells[i].result});
  }
  run->verdict = match(*run->pitfall, *run->file, reports);
  run->judged = true;
  progress->file_done(describe(*run), !run->verdict.failures.empty());
}

}  // namespace

void run_session(std::vector<FileRun>* runs, unsigned jobs, const LegOptions& options,
                 Progress* progress) {
  std::vector<CellRef> queue;
  const auto left = std::make_unique<std::atomic<std::size_t>[]>(runs->size());
  for (std::size_t i = 0; i < runs->size(); ++i) {
    FileRun& run = (*runs)[i];
    run.cells.resize(run.legs.size());
    left[i] = run.legs.size();
    for (std::size_t leg = 0; leg < run.legs.size(); ++leg) queue.push_back({i, leg});
  }
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < queue.size() && interrupted_by() == 0; i = next++) {
      FileRun& run = (*runs)[queue[i].run];
      const std::string& leg = run.legs[queue[i].leg];
      progress->begin(run.program() + " " + leg);
      run.cells[queue[i].leg] = run_cell(*run.pitfall, *run.file, leg, options);
      progress->end();
      // What an interrupt has ended early is not held against the annotations.
      if (interrupted_by() == 0 && --left[queue[i].run] == 0) judge(&run, progress);
    }
  };
  std::vector<std::thread> workers;
  const std::size_t count = std::min<std::size_t>(std::max(1U, jobs), queue.size());
  for (std::size_t i = 1; i < count; ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
}

}  // namespace chicane::runner
