// SPDX-License-Identifier: Apache-2.0
// Notes S1:286-303: after the timeout nobody receives any more, and the searches go on to `send`.
#include <chrono>
#include <optional>
#include <vector>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;
using namespace std::chrono_literals;

namespace {

using Result = const char*;

void println(const char*) {}

void search(SendChan<Result> c, Result kind, Duration takes) {
  sleep(takes);
  c.send(kind);  //~ goroutine-leak#search blocked [sched]: google() has returned
}

std::vector<Result> google() {
  Chan<Result> c;
  go([=] { search(c, "web", 10ms); });
  go([=] { search(c, "image", 60ms); });
  go([=] { search(c, "video", 100ms); });

  RecvChan<TimePoint> timeout = after(80ms);
  std::vector<Result> results;
  bool timed_out = false;
  for (int i = 0; i < 3 && !timed_out; ++i) {
    select(on_recv(c, [&](std::optional<Result> result) { results.push_back(*result); }),
           on_recv(timeout, [&](std::optional<TimePoint>) {
             println("timed out");
             timed_out = true;
           }));
  }
  return results;
}

}  // namespace

CHICANE_SCENARIO(abandoned_sender, bad) { google(); }
