// SPDX-License-Identifier: Apache-2.0
#include "witness/straighten.h"

#include <algorithm>
#include <set>
#include <utility>

namespace chicane::witness {
namespace {

using engine::Course;
using engine::Stretch;

class Straightener {
 public:
  Straightener(const Course& course, const Choices& choices, const CourseTest& test,
               std::size_t budget)
      : test_(test), budget_(budget), course_(course), choices_(choices), cost_(cost_of(choices)) {}

  Straightened straighten() {
    // A course that does not lead there itself is no course to begin with.
    if (budget_ != 0 && run(course_)) {
      drop_threads();
      while (drop_stretches() && !done()) {
      }
    }
    return {std::move(choices_), tests_};
  }

 private:
  bool done() const { return tests_ >= budget_ || cost_.forced == 0; }

  std::optional<Choices> run(const Course& candidate) {
    ++tests_;
    return test_(candidate);
  }

  /// True when fewer stretches give the same diagnosis at no higher cost.
  bool try_stretches(std::vector<Stretch> stretches) {
    if (done()) return false;
    const Course candidate{std::move(stretches), course_.outcomes};
    std::optional<Choices> actual = run(candidate);
    if (!actual) return false;
    const Cost cost = cost_of(*actual);
    const bool better = std::pair(cost.forced, candidate.stretches.size()) <
                        std::pair(cost_.forced, course_.stretches.size());
    if (!better || cost > cost_) return false;
    course_ = candidate;
    choices_ = *std::move(actual);
    cost_ = cost;
    return true;
  }

  /// A thread that has nothing to do with it goes in one go, at its last stretch or whenever.
  void drop_threads() {
    std::set<engine::ThreadId> threads;
    for (const Stretch& stretch : course_.stretches) threads.insert(stretch.thread);
    for (const engine::ThreadId thread : threads) {
      const auto is_its = [thread](const Stretch& stretch) { return stretch.thread == thread; };
      std::vector<Stretch> without = course_.stretches;
      std::erase_if(without, is_its);
      if (without.size() + 1 >= course_.stretches.size() || try_stretches(without)) continue;
      std::vector<Stretch> last_only;
      const auto last =
          std::find_if(course_.stretches.rbegin(), course_.stretches.rend(), is_its).base() - 1;
      for (auto at = course_.stretches.begin(); at != course_.stretches.end(); ++at) {
        if (!is_its(*at) || at == last) last_only.push_back(*at);
      }
      try_stretches(std::move(last_only));
    }
  }

  /// Delta debugging, coarse to fine.
  bool drop_stretches() {
    bool better = false;
    for (std::size_t chunk = std::max<std::size_t>(course_.stretches.size() / 2, 1);; chunk /= 2) {
      for (std::size_t start = 0; start < course_.stretches.size() && !done();) {
        const std::size_t stop = std::min(start + chunk, course_.stretches.size());
        std::vector<Stretch> rest;
        for (std::size_t i = 0; i < course_.stretches.size(); ++i) {
          if (i < start || i >= stop) rest.push_back(course_.stretches[i]);
        }
        if (try_stretches(std::move(rest))) {
          better = true;  // the same start is the next chunk
        } else {
          start = stop;
        }
      }
      if (chunk <= 1) return better;
    }
  }

  const CourseTest& test_;
  std::size_t budget_, tests_ = 0;
  Course course_;
  Choices choices_;
  Cost cost_;
};

}  // namespace

Straightened straighten(const Course& course, const Choices& choices, const CourseTest& test,
                        std::size_t budget) {
  return Straightener(course, choices, test, budget).straighten();
}

}  // namespace chicane::witness
