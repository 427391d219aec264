// SPDX-License-Identifier: Apache-2.0
#include "witness/straighten.h"

#include <algorithm>
#include <set>
#include <utility>

#include "witness/leave_out.h"

namespace chicane::witness {
namespace {

using engine::Course;
using engine::Stretch;

class Straightener {
 public:
  Straightener(const Course& course, const Choices& choices, const CourseTest& test,
               std::size_t budget)
      : test_(test), budget_(budget), course_(course), choices_(choices), cost_(cost_of(choices)) {
    for (const Stretch& stretch : course_.stretches) threads_.insert(stretch.thread);
  }

  Straightened straighten() {
    // A course that does not lead there itself is no course to begin with.
    if (budget_ != 0 && run(course_)) {
      drop_threads();
      do {
        before_ = size();
        leave_out(*this);
      } while (size() <= kFew && let_one_go_on());
    }
    return {std::move(choices_), tests_};
  }

  // What leave_out asks for.
  std::size_t size() const { return course_.stretches.size(); }
  bool done() const { return tests_ >= budget_ || cost_.forced == 0; }
  static bool worth_trying(std::size_t) { return true; }
  /// Where most are needed, what a second look would find is left to the finer search.
  bool again() {
    const bool few = size() * 4 <= before_;
    before_ = size();
    return few;
  }
  bool without(std::size_t begin, std::size_t end) {
    std::vector<Stretch> rest = course_.stretches;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin),
               rest.begin() + static_cast<std::ptrdiff_t>(end));
    return try_stretches(std::move(rest));
  }

 private:
  static constexpr std::size_t kFew = 16;
  static constexpr std::size_t kMostLooks = 64;  // by let_one_go_on

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
    for (const engine::ThreadId thread : threads_) {
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

  /// A thread goes on as far as it can, from somewhere on; the others come later, each as far as
  /// before. (Without one switch alone they would come at other moments.)
  bool let_one_go_on() {
    constexpr std::uint32_t kForEver = ~std::uint32_t{0};
    for (std::size_t i = 0; i <= size(); ++i) {
      for (const engine::ThreadId thread : threads_) {
        if (looks_ == kMostLooks) return false;
        ++looks_;
        std::vector<Stretch> more = course_.stretches;
        more.insert(more.begin() + static_cast<std::ptrdiff_t>(i), {thread, kForEver});
        if (try_stretches(std::move(more))) return true;
      }
    }
    return false;
  }

  const CourseTest& test_;
  std::size_t budget_, tests_ = 0, looks_ = 0;
  Course course_;
  std::set<engine::ThreadId> threads_;
  std::size_t before_ = course_.stretches.size();  // the last look
  Choices choices_;
  Cost cost_;
};

}  // namespace

Straightened straighten(const Course& course, const Choices& choices, const CourseTest& test,
                        std::size_t budget) {
  return Straightener(course, choices, test, budget).straighten();
}

}  // namespace chicane::witness
