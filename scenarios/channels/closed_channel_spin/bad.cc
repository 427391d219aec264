// SPDX-License-Identifier: Apache-2.0
// Notes S1:526-559: `if more {...}` and nothing else: a closed channel is always ready.
#include <optional>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct Consumer {
  Chan<int> messages;
  Chan<const char*> errors;
  Chan<Unit> close;
};

void println(const char*) {}
void handle(int) {}

void consumer_loop(const Consumer& consumer) {
  bool open = true;
  const auto message = [&](std::optional<int> msg) {
    if (msg) handle(*msg);
  };
  const auto error = [](std::optional<const char*> err) {
    if (err) println(*err);
  };
  const auto closing = [&] { open = false; };
  while (open) {
    select(on_recv(consumer.messages, message),  //~ livelock#loop spins [sched]: never waits again
           on_recv(consumer.errors, error), on_recv(consumer.close, closing));
  }
}

}  // namespace

CHICANE_SCENARIO(closed_channel_spin, bad) {
  Consumer consumer;
  WaitGroup wg;
  wg.go([&] { consumer_loop(consumer); });
  consumer.messages.send(1);
  consumer.messages.close();
  wg.wait();
}
