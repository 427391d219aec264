// SPDX-License-Identifier: Apache-2.0
#include "monitors/wording.h"

namespace chicane::monitors {

using engine::OpKind;

std::string name_of(const engine::Thread& thread) {
  if (thread.id() == engine::kMainThread) return "main";
  return (thread.is_goroutine() ? "goroutine " : "thread ") + std::to_string(thread.id());
}

std::string waits_for(const engine::Operation& operation) {
  switch (operation.kind) {
    case OpKind::kLock:
      return "waits for a lock";
    case OpKind::kReadLock:
      return "waits for a read lock";
    case OpKind::kThreadJoin:
      return "waits for " + name_of(*static_cast<const engine::Thread*>(operation.object)) +
             " to end";
    case OpKind::kCondWait:
    case OpKind::kCondWake:
      return "waits for a signal";
    case OpKind::kSend:
      return operation.object == nullptr ? "sends on a nil channel" : "waits to send on a channel";
    case OpKind::kRecv:
      return operation.object == nullptr ? "receives from a nil channel"
                                         : "waits to receive from a channel";
    case OpKind::kSelect:
      return "waits in a select, none of whose cases is ready";
    case OpKind::kWaitGroupWait:
      return "waits for a WaitGroup to come to zero";
    case OpKind::kOnce:
      return "waits for a once that is being run";
    case OpKind::kSemWait:
      return "waits for a semaphore";
    case OpKind::kBarrier:
      return "waits at a barrier";
    case OpKind::kFutexWait:
      return "waits for an atomic to change";
    case OpKind::kIo:
      return "waits for a file descriptor";
    case OpKind::kSleep:
      return "sleeps";
    default:
      return std::string("waits in ") + engine::to_string(operation.kind);
  }
}

std::string count_of(std::size_t count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace chicane::monitors
