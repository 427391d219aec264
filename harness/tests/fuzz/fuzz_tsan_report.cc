// SPDX-License-Identifier: Apache-2.0
//
// ThreadSanitizer's reports as data: whatever the __tsan_get_report_* functions answer becomes a
// finding whose counts and texts stay within their bounds. The input is what they answer; the
// functions that the adapter only calls do nothing here.
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/journal.h"
#include "strategies/strategies.h"
#include "tests/fuzz/fuzz.h"

namespace {

/// Answers from the input, then zeros.
struct Bytes {
  const std::uint8_t* next = nullptr;
  std::size_t left = 0;
  std::uint8_t byte() {
    if (left == 0) return 0;
    --left;
    return *next++;
  }
  int number() { return static_cast<std::int8_t>(byte()); }
  void* pointer() {
    std::uintptr_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | byte();
    return reinterpret_cast<void*>(value);
  }
  void trace(void** to, unsigned long size) {
    const unsigned long depth = std::min<unsigned long>(byte(), size);
    for (unsigned long i = 0; i < depth; ++i) to[i] = pointer();
  }
};

Bytes g_input;
std::string g_description;
const char* const kDescriptions[] = {
    "data-race",         "heap-use-after-free",  "mutex-bad-unlock",
    "mutex-double-lock", "mutex-destroy-locked", "thread-leak"};

}  // namespace

extern "C" {
void __tsan_on_report(void* report);
void* __tsan_get_current_fiber() { return nullptr; }
void* __tsan_create_fiber(unsigned) { return nullptr; }
void __tsan_switch_to_fiber(void*, unsigned) {}
void __real___tsan_atomic_thread_fence(int) {}

int __tsan_get_report_data(void*, const char** description, int* count, int* stacks, int* accesses,
                           int* locations, int* mutexes, int* threads, int* unique,
                           void** sleep_trace, unsigned long size) {
  *description = g_description.c_str();
  for (int* number : {count, stacks, accesses, locations, mutexes, threads, unique}) {
    *number = g_input.number();
  }
  g_input.trace(sleep_trace, size);
  return 1;
}

int __tsan_get_report_mop(void*, unsigned long, int* tid, void** address, int* size, int* write,
                          int* atomic, void** trace, unsigned long trace_size) {
  *tid = g_input.number();
  *address = g_input.pointer();
  *size = g_input.number();
  *write = g_input.number();
  *atomic = g_input.number();
  g_input.trace(trace, trace_size);
  return 1;
}

int __tsan_get_report_stack(void*, unsigned long, void** trace, unsigned long trace_size) {
  g_input.trace(trace, trace_size);
  return 1;
}
}

// libFuzzer bounds memory by a thread that asks for the usage once a second. In a process where
// runs take place there can be no such thread: getrusage is a front door, and whoever comes through
// one while a run goes on is taken for the thread of the program that runs; two OS threads would go
// on with the same fiber. The limit of the system does the same.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr rlim_t kMost = rlim_t{2} << 30;
  const rlimit limit{kMost, kMost};
  setrlimit(RLIMIT_DATA, &limit);
  static char no_thread[] = "-rss_limit_mb=0";
  static std::vector<char*> arguments(*argv, *argv + *argc);
  arguments.push_back(no_thread);  // the last one counts
  *argc = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  *argv = arguments.data();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chicane;
  static engine::Journal* const journal = engine::Journal::create();
  g_input = {data, size};
  const std::uint8_t first = g_input.byte();
  g_description = first < std::size(kDescriptions) ? kDescriptions[first] : "";
  while (first >= std::size(kDescriptions) && g_input.left > 0) {
    const char c = static_cast<char>(g_input.byte());
    if (c == '\0') break;
    g_description += c;
  }
  const auto strategy = strategies::make_random(1);
  strategy->begin_run(0);
  journal->clear(true);
  journal->begin_run(0);
  engine::Engine::instance().run([] { __tsan_on_report(nullptr); }, *strategy, {}, *journal, {});
  for (const engine::Finding& finding : journal->findings()) {
    fuzz::require(std::memchr(finding.message, '\0', sizeof finding.message) != nullptr,
                  "a message ends");
    for (const engine::FindingSite& site : journal->sites(finding)) {
      fuzz::require(site.stack.depth <= engine::kMaxFrames, "a stack has a bounded depth");
    }
  }
  return 0;
}
