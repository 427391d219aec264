// SPDX-License-Identifier: Apache-2.0
//
// Go's error: nil, or a message.
//
// Thread safety: a value.
#pragma once

#include <string>
#include <utility>

namespace chicane::golang {

class Error {
 public:
  Error() = default;  // nil
  Error(std::nullptr_t) {}
  explicit Error(std::string message) : failed_(true), message_(std::move(message)) {}
  explicit operator bool() const { return failed_; }
  const std::string& message() const { return message_; }
  friend bool operator==(const Error& a, const Error& b) {
    return a.failed_ == b.failed_ && a.message_ == b.message_;
  }

 private:
  bool failed_ = false;
  std::string message_;
};

}  // namespace chicane::golang
