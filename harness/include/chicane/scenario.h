// SPDX-License-Identifier: Apache-2.0
//
// How a scenario of the catalogue is written:
//
//     CHICANE_SCENARIO(unlocked_counter, bad) {
//       int counter = 0;
//       ...
//     }
//
// The body is the program: it is run once per schedule. The scenario registers itself under its
// file's place in the catalogue (data_races/unlocked_counter/bad.cc).
#pragma once

namespace chicane {

enum class Variant { bad, good };

/// A scenario as registered at program start. Immutable afterwards.
struct Scenario {
  const char* pitfall;
  Variant variant;
  const char* file;  // __FILE__
  void (*body)();
  const Scenario* next;
};

/// The first of the registered scenarios; follow `next`.
const Scenario* first_scenario();

namespace internal {
struct ScenarioRegistration {
  ScenarioRegistration(const char* pitfall, Variant variant, const char* file, void (*body)());
  Scenario scenario;
};
}  // namespace internal
}  // namespace chicane

/// Defines and registers the scenario of this file. `pitfall` is its folder's name, `variant` bad
/// or good.
#define CHICANE_SCENARIO(pitfall, variant)                                                \
  static void chicane_scenario_body_##pitfall();                                          \
  static const ::chicane::internal::ScenarioRegistration chicane_scenario_##pitfall(      \
      #pitfall, ::chicane::Variant::variant, __FILE__, &chicane_scenario_body_##pitfall); \
  static void chicane_scenario_body_##pitfall()
