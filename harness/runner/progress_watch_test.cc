// SPDX-License-Identifier: Apache-2.0
#include "runner/progress_watch.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "runner/problem.h"

namespace chicane::runner {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

/// What a watch of a file with that text has shown when it ends.
std::string shown(bool terminal) {
  // Tests run side by side.
  const std::string path = ::testing::TempDir() + "/progress." + std::to_string(getpid());
  const std::string screen = path + ".screen";
  std::ofstream(path) << "5 schedules";
  std::FILE* to = std::fopen(screen.c_str(), "w");
  {
    const ProgressWatch watch(path, "counter: ", to, terminal);
    // As long as it takes; a log's first line would come after ten seconds, a terminal's after 0.2.
    for (int i = 0; (terminal || i < 40) && std::filesystem::file_size(screen) == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::fclose(to);
  std::string text;
  read_file(screen, &text);
  return text;
}

TEST(ProgressWatch, DrawsALineAndTakesItAway) {
  const std::string text = shown(true);
  EXPECT_THAT(text, HasSubstr("counter: 5 schedules"));
  EXPECT_THAT(text, EndsWith("\r\033[K"));
}

TEST(ProgressWatch, IsQuietInALogAtFirst) { EXPECT_EQ(shown(false), ""); }

}  // namespace
}  // namespace chicane::runner
