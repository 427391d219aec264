// SPDX-License-Identifier: Apache-2.0
#include "chicane/scenario.h"

namespace chicane {
namespace {

// Filled by static initializers, in no particular order.
constinit const Scenario* g_first = nullptr;

}  // namespace

const Scenario* first_scenario() { return g_first; }

namespace internal {

ScenarioRegistration::ScenarioRegistration(const char* pitfall, Variant variant, const char* file,
                                           void (*body)())
    : scenario{pitfall, variant, file, body, g_first} {
  g_first = &scenario;
}

}  // namespace internal
}  // namespace chicane
