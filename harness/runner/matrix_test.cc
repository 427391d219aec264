// SPDX-License-Identifier: Apache-2.0
#include "runner/matrix.h"

#include <gtest/gtest.h>

namespace chicane::runner {
namespace {

const std::vector<std::string> kLegNames = {"sched", "tsan"};

TEST(Matrix, HasNoColumnForFreeThreadsUnlessAskedFor) {
  const MatrixRow row{"races/counter", {Status::kFound, Status::kSilent}};
  EXPECT_EQ(render_matrix(kLegNames, {row}, false),
            "pitfall        sched     tsan\n"
            "races/counter  + found   . silent\n");
}

TEST(Matrix, ShowsHowOftenFreeThreadsShowedIt) {
  MatrixRow both{"races/counter", {Status::kFound, Status::kFound}};
  both.native_bad = {.runs = 20, .reported = 10, .hung = 2, .crashed = 1};
  both.native_good = {.runs = 20};
  MatrixRow good_too = both;
  good_too.native_good.reported = 3;
  MatrixRow only_good{"correct/gate", {Status::kSilent, Status::kSilent}};
  only_good.native_good = {.runs = 20};
  EXPECT_EQ(render_matrix(kLegNames, {both, good_too, only_good}, false),
            "pitfall        sched     tsan      tsan --native\n"
            "races/counter  + found   + found   13 of 20\n"
            "races/counter  + found   + found   13 of 20, good 3 of 20\n"
            "correct/gate   . silent  . silent  good 0 of 20\n");
}

}  // namespace
}  // namespace chicane::runner
