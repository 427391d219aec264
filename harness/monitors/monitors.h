// SPDX-License-Identifier: Apache-2.0
//
// The monitors that Chicane has: each watches one family of defects and writes findings.
//
// Thread safety: driver; make them before a run, give them to `Engine::run`.
// Cost: each monitor's header or source says what an event costs.
#pragma once

#include <memory>
#include <string_view>

#include "engine/monitor.h"

namespace chicane::monitors {

/// `data-race`: two accesses, one of them a write, that nothing orders.
std::unique_ptr<engine::Monitor> make_race_monitor();
/// `deadlock`, `self-deadlock`, `rwlock-upgrade`, `lost-wakeup`: nobody can go on.
std::unique_ptr<engine::Monitor> make_deadlock_monitor();
/// `lock-order-inversion`: locks taken in orders that could deadlock.
std::unique_ptr<engine::Monitor> make_lock_order_monitor();
/// `double-unlock`, `send-on-closed`, ...: a primitive used against its contract.
std::unique_ptr<engine::Monitor> make_misuse_monitor();
/// `goroutine-leak`, `orphaned-goroutine`, `lock-leak`: what is left at the end.
std::unique_ptr<engine::Monitor> make_leak_monitor();
/// `destroyed-in-use`: a lock's life ends while it is held.
std::unique_ptr<engine::Monitor> make_lifetime_monitor();
/// `use-after-free`: a variable of a thread that has ended.
std::unique_ptr<engine::Monitor> make_dead_stack_monitor();
/// `lost-update`, `atomicity-violation`: what belongs together is interrupted (run_recorder.h).
/// `replays`: the runs replay a witness.
std::unique_ptr<engine::Monitor> make_run_recorder(bool replays);
/// Of the monitors that watch every access, which is half of what a run costs and more: whether
/// they report this kind. They are never what ends a run.
struct AccessWatchers {
  bool race = true, dead_stack = true, recorder = true;
};
AccessWatchers access_watchers_of(std::string_view kind);
/// `livelock`: operations without progress.
std::unique_ptr<engine::Monitor> make_livelock_monitor();

}  // namespace chicane::monitors
