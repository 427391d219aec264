// SPDX-License-Identifier: Apache-2.0
//
// In the place of gtest_main's (and gmock_main's) main.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "googletest/door.h"
#include "googletest/settings.h"

namespace testing {
// Present when the suite uses GoogleMock; it initializes GoogleTest, too.
// NOLINTNEXTLINE(readability-identifier-naming): the name is GoogleMock's
[[gnu::weak]] void InitGoogleMock(int* argc, char** argv);
}  // namespace testing

int main(int argc, char** argv) {
  bool help = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    help = help || argument == "--help" || argument == "-h" || argument == "-?";
  }
  chicane::googletest::configure(&argc, argv);
  if (testing::InitGoogleMock != nullptr) {
    testing::InitGoogleMock(&argc, argv);
  } else {
    testing::InitGoogleTest(&argc, argv);
  }
  if (help) std::fputs(chicane::googletest::flags_help().c_str(), stdout);
  chicane::googletest::choose_replayed_test();
  return RUN_ALL_TESTS();
}
