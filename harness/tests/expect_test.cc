// SPDX-License-Identifier: Apache-2.0
//
// The comparison that the end-to-end tests rest on, and tests that it can fail.
#include "expect.h"

#include <sys/mman.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "report/source_map.h"
#include "runner/explorer_twice.h"

namespace chicane::tests {
namespace {

int line_of_site(const Site& site) {
  const Frame* frame = report::user_frame(site);
  return frame == nullptr ? 0 : frame->line;
}

std::string describe(const Diagnosis& diagnosis) {
  std::string text = diagnosis.kind;
  for (const Site& site : diagnosis.sites) {
    text += " " + site.role + "@" + std::to_string(line_of_site(site));
  }
  return text + "  (" + diagnosis.message + ")";
}

struct ExpectedSite {
  std::string role;  // empty: any
  int line = -1;     // -1: any

  bool fits(const Site& site) const {
    return (role.empty() || role == site.role) && (line < 0 || line == line_of_site(site));
  }
};

struct Expected {
  std::string kind;
  std::vector<ExpectedSite> sites;

  bool fits(const Diagnosis& diagnosis) const {
    if (diagnosis.kind != kind || diagnosis.sites.size() != sites.size()) return false;
    std::vector<const Site*> left;
    for (const Site& site : diagnosis.sites) left.push_back(&site);
    return std::all_of(sites.begin(), sites.end(), [&](const ExpectedSite& expected) {
      const auto at = std::find_if(left.begin(), left.end(),
                                   [&](const Site* site) { return expected.fits(*site); });
      if (at == left.end()) return false;
      left.erase(at);
      return true;
    });
  }
};

Expected parse(const std::string& text, const char* file) {
  std::istringstream words(text);
  Expected expected;
  words >> expected.kind;
  for (std::string word; words >> word;) {
    const std::size_t at = word.find('@');
    ExpectedSite site{.role = word.substr(0, at)};
    if (at != std::string::npos) site.line = line_of(file, word.substr(at + 1));
    expected.sites.push_back(site);
  }
  return expected;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

}  // namespace

Options options(std::uint64_t schedules) {
  Options options;
  options.schedules = schedules;
  runner::g_schedules_run_twice = 0;  // tests count runs
  return options;
}

Options samples(std::uint64_t schedules) {
  Options with = options(schedules);
  with.strategy = Strategy::kRandom;
  return with;
}

std::string describe(const Result& result) {
  std::string text;
  for (const Diagnosis& diagnosis : result.diagnoses) text += "  " + describe(diagnosis) + "\n";
  if (!result.error.empty()) text += "  error: " + result.error + "\n";
  return text;
}

int line_of(const std::string& file, const std::string& tag) {
  std::ifstream in(file);
  int number = 0, found = 0, count = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::size_t at = line.rfind("//~ ");
    if (at == std::string::npos || line.substr(at + 4) != tag) continue;
    found = number;
    ++count;
  }
  EXPECT_EQ(count, 1) << tag << " in " << file;
  return count == 1 ? found : 0;
}

::testing::AssertionResult has_exactly(const Result& result, const char* file,
                                       const std::vector<std::string>& expected) {
  std::vector<const Diagnosis*> left;
  for (const Diagnosis& diagnosis : result.diagnoses) left.push_back(&diagnosis);
  bool all = result.error.empty();
  std::string lines;
  for (const std::string& text : expected) {
    const Expected wanted = parse(text, file);
    for (const ExpectedSite& site : wanted.sites) lines += " " + std::to_string(site.line);
    const auto at = std::find_if(left.begin(), left.end(), [&](const Diagnosis* diagnosis) {
      return wanted.fits(*diagnosis);
    });
    if (at == left.end()) {
      all = false;
    } else {
      left.erase(at);
    }
  }
  if (all && left.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "expected (lines" << lines << "):\n"
         << joined(expected) << "found in " << result.runs << " runs:\n"
         << describe(result);
}

::testing::AssertionResult is_clean(const Program& program, const Options& with) {
  const Result result = explore(program, with);
  if (!result.diagnoses.empty() || !result.error.empty()) {
    return ::testing::AssertionFailure() << "in " << result.runs << " runs:\n" << describe(result);
  }
  if (result.runs == with.schedules || result.exhausted) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << "only " << result.runs << " of " << with.schedules << " runs were made";
}

::testing::AssertionResult finds(const char* file, const Program& program,
                                 const std::vector<std::string>& expected, const Options& with) {
  const Result result = explore(program, with);
  const ::testing::AssertionResult found = has_exactly(result, file, expected);
  if (!found) return found;
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (!diagnosis.confirmed) return ::testing::AssertionFailure() << "not confirmed";
    const Result again = replay(program, with, {diagnosis.schedule});
    if (again.error.empty() && again.diagnoses.size() == 1 &&
        describe(again.diagnoses[0]) == describe(diagnosis)) {
      continue;
    }
    return ::testing::AssertionFailure()
           << "the schedule of\n  " << describe(diagnosis) << "\nshows\n"
           << describe(again);
  }
  return ::testing::AssertionSuccess();
}

void expect_clean(const Program& program, const Options& with, Here here) {
  const ::testing::AssertionResult clean = is_clean(program, with);
  if (!clean) ADD_FAILURE_AT(here.file_name(), static_cast<int>(here.line())) << clean.message();
}

void expect_found(const Program& program, const std::vector<std::string>& expected,
                  const Options& with, Here here) {
  const ::testing::AssertionResult found = finds(here.file_name(), program, expected, with);
  if (!found) ADD_FAILURE_AT(here.file_name(), static_cast<int>(here.line())) << found.message();
}

Tally::Tally()
    : slots_(static_cast<long*>(mmap(nullptr, kSlots * sizeof(long), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
Tally::~Tally() { munmap(slots_, kSlots * sizeof(long)); }
__attribute__((no_sanitize("thread"))) void Tally::count(int slot) const { ++slots_[slot]; }
long Tally::operator[](int slot) const { return slots_[slot]; }

namespace {

void race() {
  int value = 0;
  std::thread other([&] { value = 1; });  //~ written
  if (value == 2) std::abort();           //~ read
  other.join();
}

// What all the other tests rely on: the comparison fails when anything differs.
TEST(Expect, TellsOneFindingFromAnother) {
  const Result result = explore(race, options());
  EXPECT_TRUE(has_exactly(result, __FILE__, {"data-race write@written read@read"}));
  EXPECT_TRUE(has_exactly(result, __FILE__, {"data-race @read @written"}));
  EXPECT_FALSE(has_exactly(result, __FILE__, {"data-race read@written write@read"}));
  EXPECT_FALSE(has_exactly(result, __FILE__, {"data-race @written @written"}));
  EXPECT_FALSE(has_exactly(result, __FILE__, {"data-race @written"}));
  EXPECT_FALSE(has_exactly(result, __FILE__, {"deadlock @written @read"}));
  EXPECT_FALSE(has_exactly(result, __FILE__, {"data-race @written @read", "crash crashes"}));
  EXPECT_FALSE(has_exactly(result, __FILE__, {}));
  EXPECT_FALSE(is_clean(race));
  EXPECT_FALSE(finds(__FILE__, [] {}, {"data-race write@written read@read"}, options()));
}

TEST(Expect, CountsOverAllRuns) {
  const Tally tally;
  const auto program = [&] { together([&] { tally.count(3); }, [] {}); };
  EXPECT_TRUE(is_clean(program, samples(70)));
  EXPECT_EQ(tally[3], 70);
  EXPECT_EQ(tally[4], 0);
}

}  // namespace
}  // namespace chicane::tests
