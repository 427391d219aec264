// SPDX-License-Identifier: Apache-2.0
#include "report/source_map.h"

#include <gtest/gtest.h>

namespace chicane::report {
namespace {

Frame frame(const char* file, int line) {
  Frame result;
  result.file = file;
  result.line = line;
  return result;
}

TEST(SourceMap, TheUsersFilesAreNeitherTheSystemsNorChicanes) {
  EXPECT_TRUE(is_user_file("/home/me/queue.cc"));
  EXPECT_TRUE(is_user_file("/src/chicane/scenarios/locks/ab_ba/bad.cc"));
  EXPECT_TRUE(is_user_file("/src/chicane/harness/tests/mutex_test.cc"));
  EXPECT_TRUE(is_user_file("/src/chicane/harness/engine/engine_test.cc"));
  EXPECT_FALSE(is_user_file(""));
  EXPECT_FALSE(is_user_file("/usr/include/c++/12/bits/std_mutex.h"));
  EXPECT_FALSE(is_user_file("/opt/gcc/include/c++/13/thread"));
  EXPECT_FALSE(is_user_file("/src/chicane/harness/include/chicane/golang/chan.h"));
  EXPECT_FALSE(is_user_file("/src/chicane/harness/interpose/mutex.cc"));
}

TEST(SourceMap, TheSiteOfAStackIsItsInnermostUserFrame) {
  Site site;
  EXPECT_EQ(user_frame(site), nullptr);
  site.stack = {frame("", 0), frame("/usr/include/x.h", 7), frame("/a/bad.cc", 3),
                frame("/b/other.cc", 4)};
  EXPECT_EQ(user_frame(site)->line, 3);
  EXPECT_EQ(user_frame(site, files_below("/b"))->line, 4);
  EXPECT_EQ(user_frame(site, files_below("/c"))->line, 7) << "else the innermost with a line";
  site.stack = {frame("", 0), frame("", 0)};
  EXPECT_EQ(user_frame(site), &site.stack[0]);
}

TEST(SourceMap, FilesBelowDoesNotMatchNamesThatOnlyBeginAlike) {
  EXPECT_TRUE(files_below("/a/b")("/a/b/c.cc"));
  EXPECT_FALSE(files_below("/a/b")("/a/bc/c.cc"));
  EXPECT_EQ(base_name("/a/b.cc"), "b.cc");
  EXPECT_EQ(base_name("b.cc"), "b.cc");
}

}  // namespace
}  // namespace chicane::report
