// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_progress.h"

#include <gmock/gmock.h>

namespace chicane::runner {
namespace {

using ::testing::HasSubstr;

TEST(ProgressText, OfSamplers) {
  EXPECT_EQ(progress_text(12'288, 100'000, nullptr), "12,288 of at most 100,000 schedules");
  EXPECT_EQ(progress_text(7, 0, nullptr), "7 schedules");
}

TEST(ProgressText, OfSearches) {
  engine::SearchStatistics statistics{
      .executions = 12'240, .estimate = 14'437, .estimate_error = 912};
  EXPECT_EQ(progress_text(12'288, 100'000, &statistics),
            "12,288 of at most 100,000 schedules; 12,240 of about 14,400 interleavings (+- 912)");
  statistics.estimate = 3e40;
  EXPECT_THAT(progress_text(12'288, 0, &statistics), HasSubstr("of about 10^40 interleavings"));
}

TEST(SharedProgress, TellsWhatWasToldLast) {
  SharedProgress* progress = SharedProgress::create();
  engine::SearchStatistics read;
  EXPECT_FALSE(progress->read(&read));
  progress->tell({.executions = 3, .estimate = 9});
  EXPECT_TRUE(progress->read(&read));
  EXPECT_EQ(read.executions, 3u);
  EXPECT_EQ(read.estimate, 9);
  progress->destroy();
}

}  // namespace
}  // namespace chicane::runner
