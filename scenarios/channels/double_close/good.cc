// SPDX-License-Identifier: Apache-2.0
// The same shutdown; the second one to ask for it changes nothing.
//~ none
#include <memory>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(const char*) {}

}  // namespace

CHICANE_SCENARIO(double_close, good) {
  Chan<Unit> closing;
  auto once = std::make_shared<Once>();
  const auto shut_down = [=](const char* why) {
    println(why);
    once->call([=] { closing.close(); });
  };
  go([=] { shut_down("signal"); });
  go([=] { shut_down("connection lost"); });
  closing.recv();
}
