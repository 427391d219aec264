// SPDX-License-Identifier: Apache-2.0
//
// What GoogleTest keeps to itself, and this room needs: the factory of a test, and the steps of
// running one. Everything that depends on GoogleTest's inner names is here (1.10 to 1.17 have
// them).
//
// Thread safety: as of the objects.
#pragma once

#include <gtest/gtest.h>

namespace chicane::googletest {

/// Gives `info` another factory, which it will own; returns the one that it had.
testing::internal::TestFactoryBase* replace_factory(testing::TestInfo& info,
                                                    testing::internal::TestFactoryBase* factory);
testing::internal::TestFactoryBase* factory_of(const testing::TestInfo& info);
/// Makes a test, runs SetUp, body and TearDown, and destroys it, as TestInfo::Run does: later steps
/// are left out after a fatal failure or a skip, and what is thrown becomes a failure.
void run_test(testing::internal::TestFactoryBase& factory);
/// What HasFailure(), IsSkipped() and the like look at.
void add_part(const testing::TestResult& result, const testing::TestPartResult& part);
void clear(const testing::TestResult& result);

}  // namespace chicane::googletest
