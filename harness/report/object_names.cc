// SPDX-License-Identifier: Apache-2.0
#include "report/object_names.h"

#include <algorithm>
#include <string_view>

namespace chicane::report {

using engine::OpKind;

const char* ObjectNames::category(OpKind kind) {
  switch (kind) {
    case OpKind::kLock:
    case OpKind::kTryLock:
    case OpKind::kUnlock:
    case OpKind::kReadLock:
    case OpKind::kTryReadLock:
    case OpKind::kReadUnlock:
    case OpKind::kMutexDestroy:
      return "lock";
    case OpKind::kCondWait:
    case OpKind::kCondWake:
    case OpKind::kCondSignal:
    case OpKind::kCondBroadcast:
      return "condition";
    case OpKind::kSend:
    case OpKind::kRecv:
    case OpKind::kTrySend:
    case OpKind::kTryRecv:
    case OpKind::kClose:
    case OpKind::kNotify:
      return "channel";
    case OpKind::kWaitGroupAdd:
    case OpKind::kWaitGroupWait:
      return "wait group";
    case OpKind::kOnce:
    case OpKind::kOnceDone:
      return "once";
    case OpKind::kPoolGet:
    case OpKind::kPoolPut:
      return "pool";
    case OpKind::kMapRead:
    case OpKind::kMapWrite:
    case OpKind::kMapDone:
      return "map";
    case OpKind::kCancel:
      return "context";
    case OpKind::kTimer:
      return "timer";
    case OpKind::kSemWait:
    case OpKind::kSemPost:
      return "semaphore";
    case OpKind::kBarrier:
      return "barrier";
    case OpKind::kFutexWait:
    case OpKind::kFutexWake:
      return "futex";
    case OpKind::kIo:
      return "file descriptor";
    case OpKind::kStateRead:
    case OpKind::kStateWrite:
      return "state of the system";
    case OpKind::kAtomicLoad:
    case OpKind::kAtomicStore:
    case OpKind::kAtomicRmw:
    case OpKind::kAtomicCas:
      return "atomic";
    case OpKind::kRead:
    case OpKind::kWrite:
      return "variable";
    case OpKind::kThreadStart:
    case OpKind::kThreadExit:
    case OpKind::kThreadCreate:
    case OpKind::kThreadJoin:
    case OpKind::kThreadDetach:
    case OpKind::kThreadCancel:
    case OpKind::kFence:
    case OpKind::kYield:
    case OpKind::kSleep:
    case OpKind::kClock:
    case OpKind::kSelect:
    case OpKind::kPanic:
      return "";
  }
  return "";
}

void ObjectNames::add(const engine::Place& place) {
  if (place.address == 0) return;
  Variable& variable = variables_[place.address];
  if (!variable.name.empty()) return;
  variable = symbolizer_.describe(place);
  // What stands for what the system keeps (interpose/state.h, io.h) is named for it.
  constexpr std::string_view kOwn = "chicane::interpose::g_";
  if (!variable.name.starts_with(kOwn)) return;
  variable.name.erase(0, kOwn.size());
  std::replace(variable.name.begin(), variable.name.end(), '_', ' ');
}

std::string ObjectNames::name(std::uint64_t address, const char* category) {
  const Variable& known = variable(address);
  if (!known.name.empty()) return known.name;
  std::string& text = numbered_[address];
  if (text.empty()) text = std::string(category) + " " + std::to_string(++counts_[category]);
  return text;
}

const Variable& ObjectNames::variable(std::uint64_t address) {
  static const Variable& kNone = *new Variable;  // the program's exit handlers are not ours
  const auto found = variables_.find(address);
  return found == variables_.end() ? kNone : found->second;
}

}  // namespace chicane::report
