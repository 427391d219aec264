// SPDX-License-Identifier: Apache-2.0
//
// Exceptions in flight are each thread's own, and travel by exception_ptr.
// stdout: caught twice
#include <cassert>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

static void throw_and_catch(const char* what) {
  try {
    try {
      throw std::runtime_error(what);
    } catch (...) {
      std::this_thread::yield();  // another thread throws meanwhile
      throw;
    }
  } catch (const std::runtime_error& error) {
    std::this_thread::yield();
    assert(std::string(error.what()) == what && std::uncaught_exceptions() == 0);
  }
}

int main() {
  std::exception_ptr carried;
  std::thread other([&] {
    throw_and_catch("other");
    try {
      throw std::logic_error("carried");
    } catch (...) {
      carried = std::current_exception();
    }
  });
  throw_and_catch("main");
  other.join();
  try {
    std::rethrow_exception(carried);
  } catch (const std::logic_error& error) {
    assert(std::string(error.what()) == "carried");
    std::puts("caught twice");
  }
  return 0;
}
