// SPDX-License-Identifier: Apache-2.0
//
// The first part of making a witness short: witness/straighten.h, with runs in child processes.
#include <sys/mman.h>

#include <memory>

#include "runner/explorer.h"
#include "witness/straighten.h"

namespace chicane::runner {
namespace {

/// Where a child writes its course.
struct Unmap {
  void operator()(engine::CourseLog* log) const { munmap(log, sizeof *log); }
};
std::unique_ptr<engine::CourseLog, Unmap> make_log() {
  void* memory = mmap(nullptr, sizeof(engine::CourseLog), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return std::unique_ptr<engine::CourseLog, Unmap>(new (memory) engine::CourseLog);
}

}  // namespace

// How many runs that took, at most `budget`. A witness with one forced switch, or none, is left to
// the finer search.
std::size_t Explorer::straighten(Found* found, std::size_t budget) {
  if (budget < 2 || witness::cost_of(found->choices).forced < 2) return 0;
  const auto log = make_log();
  if (log == nullptr) return 0;
  if (!rerun(found->choices, found->racy_sites, Mode::kTry, nullptr, log.get())) return 1;
  if (log->truncated || find_again(*found) == nullptr) return 1;
  const witness::CourseTest test = [&](const engine::Course& course) {
    return try_choices(*found, {}, &course);
  };
  const witness::Straightened result =
      witness::straighten(log->course(), found->choices, test, budget - 1);
  found->choices = result.choices;
  return 1 + result.tests;
}

}  // namespace chicane::runner
