// SPDX-License-Identifier: Apache-2.0
//
// How soon the default strategy finds what it should: the mean number of schedules over fixed
// seeds. The counts are the same at every run of this test.
#include <algorithm>
#include <cstdint>
#include <string>

#include "bench/search_programs.h"
#include "expect.h"

namespace chicane::tests {
namespace {

constexpr std::uint64_t kSeeds = 100;  // as many as the bounds were set for

struct Search {
  unsigned found = 0;  // with so many of the seeds
  double mean = 0;     // schedules until then
};

/// Explores with the defaults until the first diagnosis of this kind, once per seed.
Search search(const Program& program, const std::string& kind, Strategy strategy,
              std::uint64_t seeds = kSeeds) {
  Search search;
  std::uint64_t sum = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Options with;
    with.strategy = strategy;
    with.seed = seed;
    with.shrink = false;
    with.bad_runs = 1;
    const Result result = explore(program, with);
    for (const Diagnosis& diagnosis : result.diagnoses) {
      if (diagnosis.kind != kind) continue;
      ++search.found;
      sum += diagnosis.run + 1;
      break;
    }
  }
  search.mean = static_cast<double>(sum) / std::max(1u, search.found);
  return search;
}

struct Case {
  const char* name;
  void (*program)();
  const char* kind;
  double most;  // mean schedules
};

class Portfolio : public ::testing::TestWithParam<Case> {};

TEST_P(Portfolio, FindsItSoon) {
  const Search found = search(GetParam().program, GetParam().kind, Strategy::kPortfolio);
  RecordProperty("mean_schedules", std::to_string(found.mean));
  EXPECT_EQ(found.found, kSeeds);
  EXPECT_LE(found.mean, GetParam().most);
}

INSTANTIATE_TEST_SUITE_P(
    Programs, Portfolio,
    ::testing::Values(Case{"reorder_3", &bench::reorder_3, "assertion-failed", 5},
                      Case{"reorder_10", &bench::reorder_10, "assertion-failed", 20},
                      Case{"reorder_20", &bench::reorder_20, "assertion-failed", 60},
                      Case{"plain_reorder_3", &bench::plain_reorder_3, "assertion-failed", 5},
                      Case{"plain_reorder_10", &bench::plain_reorder_10, "assertion-failed", 20},
                      Case{"plain_reorder_20", &bench::plain_reorder_20, "assertion-failed", 60},
                      Case{"opposite_locks", &bench::opposite_locks, "deadlock", 2.5},
                      Case{"two_stages", &bench::two_stages, "assertion-failed", 1000},
                      Case{"work_stealing", &bench::work_stealing, "assertion-failed", 1000},
                      Case{"transfers", &bench::transfers, "assertion-failed", 1000}),
    [](const auto& info) { return std::string(info.param.name); });

// ---- witnesses of long runs ----

struct LongCase {
  const char* name;
  void (*program)();
  const char* kind;
  int most_forced;
};

class LongWitness : public ::testing::TestWithParam<LongCase> {};

/// A random walk of 500 to 1,000 operations is left with the switches that the defect needs.
TEST_P(LongWitness, IsShortenedToWhatTheDefectNeeds) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    Options with;
    with.strategy = Strategy::kRandom;
    with.seed = seed;
    with.bad_runs = 1;
    const Result result = explore(GetParam().program, with);
    const auto is_it = [](const Diagnosis& one) { return one.kind == GetParam().kind; };
    const auto found = std::find_if(result.diagnoses.begin(), result.diagnoses.end(), is_it);
    ASSERT_NE(found, result.diagnoses.end()) << "seed " << seed << "\n" << describe(result);
    EXPECT_GE(found->original_length, 200u);  // choices
    EXPECT_LE(found->forced_switches, GetParam().most_forced) << "seed " << seed;
    EXPECT_TRUE(found->minimal);
  }
}

// The last needs a switch from the second thread between its look at the first's stage and the
// store that follows, and one to it in the middle of the first's: two, found with at most one more.
INSTANTIATE_TEST_SUITE_P(
    Programs, LongWitness,
    ::testing::Values(LongCase{"lost_update", &bench::long_lost_update, "assertion-failed", 1},
                      LongCase{"opposite_locks", &bench::long_opposite_locks, "deadlock", 1},
                      LongCase{"plain_race", &bench::long_plain_race, "data-race", 1},
                      LongCase{"three_stages", &bench::long_three_stages, "assertion-failed", 3}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace chicane::tests
