// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_core.h"

namespace chicane::runner {
namespace {

constexpr unsigned kStays = 64;  // so many waits on one core

cpu_set_t all;  // the cores that the process was started with
bool bound;

void be_free() {
  if (bound) sched_setaffinity(0, sizeof all, &all);
  bound = false;
}

}  // namespace

OneCore::OneCore(bool on) : on_(on && sched_getaffinity(0, sizeof all, &all) == 0) { stay(); }

OneCore::~OneCore() { be_free(); }

void OneCore::stay() {
  const int here = on_ ? sched_getcpu() : -1;
  if (here < 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(here, &one);
  bound = sched_setaffinity(0, sizeof one, &one) == 0;
}

void OneCore::before_wait() {
  if (on_ && ++waits_ % kStays == 0) be_free();
}

void OneCore::after_wait() {
  if (on_ && !bound) stay();
}

void OneCore::release_in_child() { be_free(); }

}  // namespace chicane::runner
