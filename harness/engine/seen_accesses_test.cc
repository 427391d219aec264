// SPDX-License-Identifier: Apache-2.0
#include "engine/seen_accesses.h"

#include <gtest/gtest.h>

namespace chicane::engine {
namespace {

class SeenAccesses : public ::testing::Test {
 protected:
  SeenAccesses() {
    g_access_stamp_unit = kStampUnit;
    g_access_stamp = 0;
    forget_seen();
  }
  ~SeenAccesses() override {
    begin_stamps_anew();
    g_access_stamp = g_access_stamp_unit = g_quick_accesses = 0;
  }
  static bool seen(std::uint64_t address, std::size_t size, bool write) {
    return is_seen(seen_access(address), address, size, write);
  }
  static constexpr std::uint64_t kHighest = (std::uint64_t{1} << 47) - 8;
};

TEST_F(SeenAccesses, AWriteStandsForItsReadAndNothingElse) {
  for (const std::uint64_t address : {std::uint64_t{0x1000}, kHighest}) {
    note_seen(address, 4, true);
    EXPECT_TRUE(seen(address, 4, true));
    EXPECT_TRUE(seen(address, 4, false));
    EXPECT_FALSE(seen(address, 2, true));
    EXPECT_FALSE(seen(address, 8, false));
    EXPECT_FALSE(seen(address + 256, 4, true)) << "the same entry";
    note_seen(address, 4, false);
    EXPECT_FALSE(seen(address, 4, true));
    EXPECT_TRUE(seen(address, 4, false));
  }
}

TEST_F(SeenAccesses, NothingIsSeenAgainWhenTheStampsBeginAnew) {  // I3
  note_seen(0x1000, 4, true);
  const std::uint64_t first = g_access_stamp;
  int stamps = 0;
  do {
    forget_seen();
    ++stamps;
    ASSERT_NE(g_access_stamp, 0U);
    ASSERT_FALSE(seen(0x1000, 4, true)) << stamps;
  } while (g_access_stamp != first);
  EXPECT_EQ(stamps, 2047);
}

TEST_F(SeenAccesses, NothingIsSeenWithoutAStamp) {  // I2
  g_access_stamp = g_access_stamp_unit = 0;
  note_seen(0x1000, 4, true);
  forget_seen();
  EXPECT_FALSE(seen(0x1000, 4, true));
  EXPECT_EQ(g_access_stamp, 0U);
}

TEST_F(SeenAccesses, WhatHasPassedIsCountedWhenItIsToldAnew) {
  g_quick_accesses = kPasses + 10;
  note_seen(0x1000, 4, true);
  EXPECT_EQ(g_quick_accesses, kPasses + 10);
  note_seen(0x1000, 4, true);
  EXPECT_EQ(g_quick_accesses, 10U);
  note_seen(0x1000, 4, true);
  EXPECT_EQ(g_quick_accesses, 0U);
}

}  // namespace
}  // namespace chicane::engine
