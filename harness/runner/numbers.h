// SPDX-License-Identifier: Apache-2.0
//
// Numbers as a person reads them.
//
// Thread safety: pure functions.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

namespace chicane::runner {

/// 1680 -> "1,680"
inline std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

/// "1 schedule", "12,345 schedules"
inline std::string counted(std::uint64_t number, const char* noun) {
  return with_commas(number) + " " + noun + (number == 1 ? "" : "s");
}

/// With so many digits that count, what is not known better; where no whole number is so large,
/// its size: "10^40".
inline std::string roughly(double number, unsigned digits) {
  constexpr double kTooMany = 1e15;
  if (!std::isfinite(number)) return "infinitely many";
  if (number >= kTooMany) return "10^" + std::to_string(std::lround(std::log10(number)));
  const double most = std::pow(10, digits);
  double unit = 1;
  while (number / unit >= most) unit *= 10;
  return with_commas(static_cast<std::uint64_t>(std::round(number / unit) * unit));
}

}  // namespace chicane::runner
