// SPDX-License-Identifier: Apache-2.0
//
// Behaviours are counted against the number of Mazurkiewicz traces of programs small enough to run
// all their interleavings.
#include "strategies/coverage.h"

#include <gtest/gtest.h>

#include "strategies/abstract_program.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using Program = AbstractProgram;

struct Count {
  std::size_t runs;
  std::uint64_t behaviours;
};

Count all_interleavings(Program program) {
  auto coverage = std::make_unique<Coverage>();
  const Coverage& seen = *coverage;
  const auto strategy = make_sampling(std::move(coverage), make_preemption({}));
  Count count{};
  while (!program.run(*strategy, count.runs).empty()) ++count.runs;
  count.behaviours = seen.behaviours();
  return count;
}

TEST(Coverage, IndependentOperationsAreOneBehaviour) {
  const Count count = all_interleavings(Program({{Program::write(1), Program::write(1)},
                                                 {Program::write(2), Program::write(2)},
                                                 {Program::write(3)}}));
  EXPECT_EQ(count.runs, 30u);
  EXPECT_EQ(count.behaviours, 1u);
}

TEST(Coverage, EachOrderOfWritesIsABehaviour) {
  const Program::Body one = {Program::write(1)};
  EXPECT_EQ(all_interleavings(Program({one, one, one})).behaviours, 6u);
}

// One writer of x, N readers, each of which sees the write or does not.
TEST(Coverage, ReadersCommute) {
  const Program::Body reader = {Program::read(1)};
  const Count count = all_interleavings(Program({{Program::write(1)}, reader, reader, reader}));
  EXPECT_EQ(count.runs, 24u);
  EXPECT_EQ(count.behaviours, 8u);
}

// Each thread loads x and stores x + 1.
TEST(Coverage, LostUpdateOfThree) {
  const Program::Body increment = {Program::read(1), Program::write(1)};
  const Count count = all_interleavings(Program({increment, increment, increment}));
  EXPECT_EQ(count.runs, 90u);
  EXPECT_EQ(count.behaviours, 36u);
}

TEST(Coverage, CriticalSectionsAreOrderedAsAWhole) {
  const Program::Body section = {Program::lock(1), Program::write(2), Program::unlock(1)};
  EXPECT_EQ(all_interleavings(Program({section, section, section})).behaviours, 6u);
}

TEST(Coverage, ConflictsNameTheirOperations) {
  Program program({{Program::write(1), Program::write(7)}, {Program::read(1), Program::read(8)}});
  auto coverage = std::make_unique<Coverage>();
  const Coverage& seen = *coverage;
  const auto strategy = make_sampling(std::move(coverage), make_preemption({}));
  for (std::size_t run = 0; !program.run(*strategy, run).empty(); ++run) {
  }
  ASSERT_EQ(seen.classes().size(), 2u);  // not those on 7 and 8, which nobody else touches
  EXPECT_EQ(seen.classes()[0].object, seen.classes()[1].object);
  EXPECT_NE(seen.classes()[0].kind, seen.classes()[1].kind);
}

}  // namespace
}  // namespace chicane::strategies
