// SPDX-License-Identifier: Apache-2.0
#include "googletest/calls.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "engine/engine.h"
#include "engine/scope.h"
#include "googletest/in_run.h"

namespace chicane::googletest {
namespace {

const void* g_call_site = nullptr;

// What GoogleTest does with its own locks is not the program's doing, and nobody else runs
// meanwhile.
class InGoogleTest {
 public:
  explicit InGoogleTest(const void* site) {
    if (engine::Engine::active() == nullptr) return;
    g_call_site = site;
    scope_.emplace();
  }
  ~InGoogleTest() { g_call_site = nullptr; }
  InGoogleTest(const InGoogleTest&) = delete;
  InGoogleTest& operator=(const InGoogleTest&) = delete;

 private:
  std::optional<engine::Engine::Scope> scope_;
};

using testing::Message;
using testing::ScopedTrace;
using testing::internal::AssertHelper;
using testing::internal::DeathTest;

}  // namespace

// As the Itanium C++ ABI passes them: the object first, and what has a destructor by its address.
struct ByAddress;

// Weak: not every suite has each of them.
[[gnu::weak]] void real_assert(const AssertHelper*, const Message&) asm(
    "__real__ZNK7testing8internal12AssertHelperaSERKNS_7MessageE");
[[gnu::weak]] void real_push_trace(ScopedTrace*, const char*, int, ByAddress*) asm(
    "__real__ZN7testing11ScopedTrace9PushTraceEPKciNSt7__cxx1112basic_stringIcSt11char_"
    "traitsIcESaIc"
    "EEE");
[[gnu::weak]] void real_pop_trace(ScopedTrace*) asm("__real__ZN7testing11ScopedTraceD1Ev");
[[gnu::weak]] bool real_death_test(const char*, ByAddress*, const char*, int, DeathTest**) asm(
    "__real__ZN7testing8internal9DeathTest6CreateEPKcNS_7MatcherIRKNSt7__cxx1112basic_stringIcSt11"
    "char_traitsIcESaIcEEEEES3_iPPS1_");

const void* call_site() { return g_call_site; }

[[gnu::used]] void wrap_assert(const AssertHelper* helper, const Message& message) asm(
    "__wrap__ZNK7testing8internal12AssertHelperaSERKNS_7MessageE");
void wrap_assert(const AssertHelper* helper, const Message& message) {
  const InGoogleTest in(__builtin_return_address(0));
  real_assert(helper, message);
}

[[gnu::used]] void
wrap_push_trace(ScopedTrace* trace, const char* file, int line, ByAddress* message) asm(
    "__wrap__ZN7testing11ScopedTrace9PushTraceEPKciNSt7__cxx1112basic_stringIcSt11char_"
    "traitsIcESaIc"
    "EEE");
void wrap_push_trace(ScopedTrace* trace, const char* file, int line, ByAddress* message) {
  const InGoogleTest in(__builtin_return_address(0));
  real_push_trace(trace, file, line, message);
}

[[gnu::used]] void wrap_pop_trace(ScopedTrace* trace) asm("__wrap__ZN7testing11ScopedTraceD1Ev");
void wrap_pop_trace(ScopedTrace* trace) {
  const InGoogleTest in(__builtin_return_address(0));
  real_pop_trace(trace);
}

[[gnu::used]] bool
wrap_death_test(const char* statement, ByAddress* matcher, const char* file, int line, DeathTest** test) asm(
    "__wrap__ZN7testing8internal9DeathTest6CreateEPKcNS_7MatcherIRKNSt7__cxx1112basic_stringIcSt11"
    "char_traitsIcESaIcEEEEES3_iPPS1_");
bool wrap_death_test(const char* statement, ByAddress* matcher, const char* file, int line,
                     DeathTest** test) {
  leave_run_for_native("it has death tests");
  return real_death_test(statement, matcher, file, line, test);
}

}  // namespace chicane::googletest
