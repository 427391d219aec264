// SPDX-License-Identifier: Apache-2.0
#include "witness/whole_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace chicane::witness {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace fs = std::filesystem;

class WholeFile : public ::testing::Test {
 protected:
  WholeFile() {
    std::string name = ::testing::TempDir() + "chicane-whole-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~WholeFile() override { fs::remove_all(folder_); }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  static std::string content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
  std::string error_;
};

TEST_F(WholeFile, ReplacesWhatWasThereAndLeavesNothingBeside) {
  ASSERT_TRUE(write_whole(at("a"), "long text", &error_)) << error_;
  ASSERT_TRUE(write_whole(at("a"), "short", &error_)) << error_;
  EXPECT_EQ(content(at("a")), "short");
  EXPECT_EQ(files(), 1U);
}

TEST_F(WholeFile, WhatIsNoRegularFileKeepsItsPlace) {
  ASSERT_EQ(mkfifo(at("pipe").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = content(at("pipe")); });
  EXPECT_TRUE(write_whole(at("pipe"), "through it", &error_)) << error_;
  if (!fs::is_fifo(at("pipe"))) std::ofstream(at("pipe"));  // else the reader waits for ever
  reader.join();
  EXPECT_EQ(read, "through it");
  EXPECT_TRUE(fs::is_fifo(at("pipe")));

  std::ofstream(at("target")) << "old";
  fs::create_symlink(at("target"), at("link"));
  EXPECT_TRUE(write_whole(at("link"), "new", &error_)) << error_;
  EXPECT_TRUE(fs::is_symlink(at("link")));
  EXPECT_EQ(content(at("target")), "new");
}

TEST_F(WholeFile, AFailureSaysWhyAndKeepsWhatWasThere) {
  EXPECT_FALSE(write_whole(at("none/a"), "text", &error_));
  EXPECT_THAT(error_, StartsWith(at("none/a") + ": cannot be written: No such file"));
  fs::create_directory(at("folder"));
  EXPECT_FALSE(write_whole(at("folder"), "text", &error_));
  EXPECT_THAT(error_, HasSubstr("Is a directory"));
  EXPECT_EQ(files(), 1U);
}

TEST_F(WholeFile, WhetherItCanBeWrittenIsKnownBefore) {
  EXPECT_TRUE(can_write(at("a"), &error_)) << error_;
  EXPECT_TRUE(can_write("/dev/null", &error_)) << error_;
  fs::create_symlink("still to be made", at("link"));
  EXPECT_TRUE(can_write(at("link"), &error_)) << error_;
  EXPECT_TRUE(write_whole(at("link"), "text", &error_)) << error_;
  EXPECT_EQ(content(at("still to be made")), "text");
  fs::create_symlink(at("none/a"), at("astray"));
  EXPECT_FALSE(can_write(at("astray"), &error_));
  for (const char* made : {"link", "still to be made", "astray"}) fs::remove(at(made));
  EXPECT_FALSE(can_write(at("none/a"), &error_));
  EXPECT_EQ(error_,
            at("none/a") + ": cannot be written: " + at("none") + ": No such file or directory");
  EXPECT_FALSE(can_write(folder_.string(), &error_));
  EXPECT_THAT(error_, HasSubstr("it is a folder"));
  EXPECT_EQ(files(), 0U);
}

// Not a file of a process that lives, nor one that is just being written (elsewhere, perhaps), nor
// anybody else's.
TEST_F(WholeFile, WhatAKilledProcessLeftIsRemoved) {
  const pid_t killed = fork();
  if (killed == 0) _exit(0);
  ASSERT_EQ(waitpid(killed, nullptr, 0), killed);
  const std::string dead = ".part." + std::to_string(killed);
  const std::string living = ".part." + std::to_string(getpid());
  const std::vector<std::string> stay = {"c.json" + living, "d.json" + dead + "x", "e.json.part.",
                                         "f.json.part.-1",  "film.mkv" + dead,     "json" + dead};
  const auto write_old = [&](const std::string& name) {
    std::ofstream(at(name)) << "half";
    fs::last_write_time(at(name), fs::file_time_type::clock::now() - std::chrono::hours(1));
  };
  for (const std::string& name : stay) write_old(name);
  write_old("a.chicane" + dead);
  write_old("b.json" + dead);
  std::ofstream(at("young.json" + dead)) << "half";
  remove_abandoned(folder_.string());
  EXPECT_FALSE(fs::exists(at("a.chicane" + dead)));
  EXPECT_FALSE(fs::exists(at("b.json" + dead)));
  for (const std::string& name : stay) EXPECT_TRUE(fs::exists(at(name))) << name;
  EXPECT_TRUE(fs::exists(at("young.json" + dead)));
  remove_abandoned(at("nowhere"));
}

}  // namespace
}  // namespace chicane::witness
