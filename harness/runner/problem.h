// SPDX-License-Identifier: Apache-2.0
//
// What a person did wrong in a file, and what to write instead. Every part of the catalogue reports
// its errors as values of this type; the command prints them in the form that editors understand:
//
//     scenarios/locks/x/bad.cc:12:9: unknown kind 'data-rase'
//       instead: write 'data-race'
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chicane::runner {

struct Problem {
  std::string file;
  int line = 0;    // 0: the file as a whole
  int column = 0;  // 0: the line as a whole
  std::string what;
  std::string instead;  // what to do or write instead
};

/// "file:line:column: what\n  instead: ..."
std::string to_string(const Problem& problem);

/// The whole text of a file; false when it cannot be read.
bool read_file(const std::string& path, std::string* text);
/// Its lines, without their ends.
std::vector<std::string> split_lines(std::string_view text);

/// `text` without white space at either end.
std::string_view trim(std::string_view text);
/// "a, b, c"
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

/// Those of `candidates` that `word` was probably meant to be, the likeliest first; at most three.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Reads a whole number from `text`. When it is none, or less than `minimum`, says so in `*error`
/// with the name of the flag.
bool parse_number(const std::string& flag, const std::string& text, std::uint64_t minimum,
                  std::uint64_t* value, std::string* error);
/// Whether `word` is one of `known`; when it is not, `*error` says so and names the nearest.
bool check_word(const std::string& what, const std::string& word,
                const std::vector<std::string>& known, std::string* error);

}  // namespace chicane::runner
