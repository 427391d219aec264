// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_interrupts.h"

#include <array>

namespace chicane::runner {
namespace {

constexpr std::array<int, 2> kSignals = {SIGINT, SIGTERM};
volatile std::sig_atomic_t came = 0;
std::array<bool, kSignals.size()> taken = {};

void note(int signal) { came = signal; }

void give_back() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (taken[i]) std::signal(kSignals[i], SIG_DFL);
    taken[i] = false;
  }
}

}  // namespace

Interrupts::Interrupts(bool on) {
  came = 0;
  for (std::size_t i = 0; on && i < kSignals.size(); ++i) {
    struct sigaction old{};
    sigaction(kSignals[i], nullptr, &old);
    if ((old.sa_flags & SA_SIGINFO) != 0 || old.sa_handler != SIG_DFL) continue;
    struct sigaction action{};
    action.sa_handler = note;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one ends the process
    taken[i] = sigaction(kSignals[i], &action, nullptr) == 0;
  }
}

Interrupts::~Interrupts() { give_back(); }

int Interrupts::signal() { return came; }

void Interrupts::restore_in_child() {
  came = 0;
  give_back();
}

}  // namespace chicane::runner
