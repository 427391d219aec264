// SPDX-License-Identifier: Apache-2.0
#include "googletest/gtest_access.h"

#include <exception>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "engine/scope.h"

namespace chicane::googletest {
namespace {

using testing::Test;
using testing::TestInfo;
using testing::TestPartResult;
using testing::TestResult;
using testing::internal::TestFactoryBase;

// An explicit instantiation may name private members ([temp.spec.general]/6); a friend function
// hands them on.
template <class Tag, auto member>
struct Expose {
  friend auto exposed(Tag) -> typename Tag::Member { return member; }
};

struct Factory {
  using Member = TestFactoryBase* const TestInfo::*;
  friend auto exposed(Factory) -> Member;
};
template struct Expose<Factory, &TestInfo::factory_>;

struct SetUp {
  using Member = void (Test::*)();
  friend auto exposed(SetUp) -> Member;
};
template struct Expose<SetUp, &Test::SetUp>;

struct Body {
  using Member = void (Test::*)();
  friend auto exposed(Body) -> Member;
};
template struct Expose<Body, &Test::TestBody>;

struct TearDown {
  using Member = void (Test::*)();
  friend auto exposed(TearDown) -> Member;
};
template struct Expose<TearDown, &Test::TearDown>;

struct SameFixture {
  using Member = bool (*)();
  friend auto exposed(SameFixture) -> Member;
};
template struct Expose<SameFixture, &Test::HasSameFixtureClass>;

struct AddPart {
  using Member = void (TestResult::*)(const TestPartResult&);
  friend auto exposed(AddPart) -> Member;
};
template struct Expose<AddPart, &TestResult::AddTestPartResult>;

struct Clear {
  using Member = void (TestResult::*)();
  friend auto exposed(Clear) -> Member;
};
template struct Expose<Clear, &TestResult::Clear>;

// GoogleTest's own doing is not the program's.
class OutsideOfRun {
 public:
  OutsideOfRun() {
    if (engine::Engine::active() != nullptr) scope_.emplace();
  }

 private:
  std::optional<engine::Engine::Scope> scope_;
};

// The words are GoogleTest's.
void report_exception(const std::string& what, const char* where) {
  const OutsideOfRun outside;
  testing::internal::ReportFailureInUnknownLocation(TestPartResult::kFatalFailure,
                                                    what + " thrown in " + where + ".");
}

// Calls `step`; what it throws becomes a failure, unless --gtest_catch_exceptions=0.
template <class Step>
void guarded(const char* where, const Step& step) {
  if (!GTEST_FLAG_GET(catch_exceptions)) return step();
  try {
    step();
  } catch (const testing::AssertionException&) {
    // A listener threw it, for a failure that has been reported.
  } catch (const std::exception& error) {
    report_exception("C++ exception with description \"" + std::string(error.what()) + "\"", where);
  } catch (...) {
    report_exception("Unknown C++ exception", where);
  }
}

bool may_go_on() { return !Test::HasFatalFailure() && !Test::IsSkipped(); }

}  // namespace

TestFactoryBase* factory_of(const TestInfo& info) { return info.*exposed(Factory()); }

TestFactoryBase* replace_factory(TestInfo& info, TestFactoryBase* factory) {
  TestFactoryBase* before = factory_of(info);
  const_cast<TestFactoryBase*&>(info.*exposed(Factory())) = factory;
  return before;
}

void run_test(TestFactoryBase& factory) {
  Test* test = nullptr;
  guarded("the test fixture's constructor", [&] { test = factory.CreateTest(); });
  if (test == nullptr) return;
  if (may_go_on() && exposed(SameFixture())()) {
    guarded("SetUp()", [&] { (test->*exposed(SetUp()))(); });
    if (may_go_on()) guarded("the test body", [&] { (test->*exposed(Body()))(); });
    guarded("TearDown()", [&] { (test->*exposed(TearDown()))(); });
  }
  guarded("the test fixture's destructor", [&] { delete test; });
}

void add_part(const TestResult& result, const TestPartResult& part) {
  (const_cast<TestResult&>(result).*exposed(AddPart()))(part);
}

void clear(const TestResult& result) { (const_cast<TestResult&>(result).*exposed(Clear()))(); }

}  // namespace chicane::googletest
