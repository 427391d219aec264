// SPDX-License-Identifier: Apache-2.0
//
// Go's panic as a C++ exception. `panic(text)` throws; `catch (const Panic&)` is Go's recover. A
// Panic that leaves a goroutine, or main, ends the program.
//
// Go's fatal errors (unlock of an unlocked mutex, concurrent map access) are no panics: they cannot
// be caught, here as there. They end the run, or, outside of the engine, the process.
//
// Thread safety: values; any thread.
#pragma once

#include <exception>
#include <string>

namespace chicane::golang {

class Panic : public std::exception {
 public:
  /// `kind` is the diagnosis kind of a panic that has its own ("send-on-closed"); "" for a panic of
  /// the program's. It must be a literal.
  explicit Panic(std::string message, const char* kind = "");
  Panic(const Panic& other);
  ~Panic() override;

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& message() const { return message_; }
  const char* kind() const { return kind_; }

 private:
  std::string message_;
  const char* kind_;
};

/// Throws a Panic with that message.
[[noreturn]] void panic(const std::string& message);

}  // namespace chicane::golang
