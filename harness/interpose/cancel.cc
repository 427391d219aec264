// SPDX-License-Identifier: Apache-2.0
//
// Front door: pthread_cancel and what belongs to it.
//
//   state of the target         pthread_cancel        cancellation point, or blocked in one
//   enabled                     requested             -
//   enabled, requested          -                     ends, as by pthread_exit(PTHREAD_CANCELED)
//   disabled (setcancelstate)   requested             goes on until it is enabled
//   asynchronous                refused: it could end between any two instructions
//
// Happens-before: pthread_cancel before what the target does once it acts on it.
#include "interpose/cancel.h"

#include <pthread.h>
#include <setjmp.h>

#include <cerrno>

#include "engine/shadow_stack.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

using CancelBuffer = __pthread_unwind_buf_t;

CHICANE_REAL(int, pthread_cancel, (pthread_t))
CHICANE_REAL(int, pthread_setcancelstate, (int, int*))
CHICANE_REAL(int, pthread_setcanceltype, (int, int*))
CHICANE_REAL(void, pthread_testcancel, ())
CHICANE_REAL(void, __pthread_register_cancel, (CancelBuffer*))
CHICANE_REAL(void, __pthread_unregister_cancel, (CancelBuffer*))
CHICANE_REAL(void, __pthread_unwind_next, (CancelBuffer*))

namespace chicane::interpose {

using engine::Engine;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;
using engine::Thread;

namespace {

struct Interruptible {
  const Operation* operation;
  Thread* thread;
};

bool wants_to_end(Thread& thread) {
  return thread.door().cancel_requested && !thread.door().cancel_disabled;
}

bool is_ready_or_cancelled(const Operation& operation) {
  const auto& wait = *static_cast<const Interruptible*>(operation.context);
  return wants_to_end(*wait.thread) || wait.operation->is_ready();
}

// What C's pthread_cleanup_push keeps in the words that its buffer has for the library.
enum : std::size_t { kNextBuffer, kShadowTop };

// A frame goes; if it has a cleanup handler, the handler is where the stack goes on. It comes back
// by __pthread_unwind_next.
void run_cleanups(Thread& thread, const void* frame) {
  auto* buffer = static_cast<CancelBuffer*>(thread.door().cleanups);
  if (buffer == nullptr || static_cast<const void*>(buffer) >= frame) return;
  thread.door().cleanups = buffer->__pad[kNextBuffer];
  engine::g_shadow_stack.top = static_cast<engine::CallFrame*>(buffer->__pad[kShadowTop]);
  // The buffer begins as a jmp_buf does; longjmp reads no more than that.
  siglongjmp(reinterpret_cast<__jmp_buf_tag*>(buffer), 1);
}

[[maybe_unused]] const bool g_installed = (Engine::on_unwinding = &run_cleanups, true);

}  // namespace

bool is_cancelled(Engine& engine) { return wants_to_end(engine.self()); }

void cancellation_point(Engine& engine) {
  if (!is_cancelled(engine)) return;
  Thread& me = engine.self();
  me.door().cancel_disabled = true;  // handlers and destructors are not cancelled
  engine.acquire(&me.door());
  engine.exit_thread(PTHREAD_CANCELED);
}

bool perform_interruptible(Engine& engine, const Operation& operation) {
  const Interruptible wait{&operation, &engine.self()};
  Operation announced = operation;
  announced.ready = &is_ready_or_cancelled;
  announced.context = &wait;
  announced.blocked_while = &engine::kNotBlocked;
  engine.perform(announced);
  return operation.is_ready();
}

const Operation* as_announced(const Operation* pending) {
  if (pending->ready != &is_ready_or_cancelled) return pending;
  return static_cast<const Interruptible*>(pending->context)->operation;
}

bool perform_cancellable(Engine& engine, const Operation& operation) {
  cancellation_point(engine);
  const bool ready = perform_interruptible(engine, operation);
  if (!ready) cancellation_point(engine);
  return ready;
}

}  // namespace chicane::interpose

using chicane::engine::Engine;
using chicane::engine::OpKind;
using chicane::engine::Outcome;
using chicane::engine::Thread;
namespace interpose = chicane::interpose;

extern "C" {

int pthread_cancel(pthread_t handle) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_cancel()(handle);
  const void* site = CHICANE_SITE();
  Thread* thread = engine->find_thread(handle);
  if (thread == nullptr) return ESRCH;
  engine->perform({.kind = OpKind::kThreadCancel, .object = thread, .site = site});
  if (thread->door().cancel_asynchronous) {
    interpose::refuse(
        *engine, "pthread_cancel",
        "the thread has asked for asynchronous cancellation, which may end it between "
        "any two instructions",
        "use PTHREAD_CANCEL_DEFERRED", site);
  }
  thread->door().cancel_requested = true;
  if (thread->door().interruptible && !thread->door().cancel_disabled) Engine::interrupt(*thread);
  engine->release(&thread->door());
  engine->emit(OpKind::kThreadCancel, Outcome::kDone, thread, site, thread->id());
  return 0;
}

int pthread_setcancelstate(int state, int* before) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_setcancelstate()(state, before);
  if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE) return EINVAL;
  bool& disabled = engine->self().door().cancel_disabled;
  if (before != nullptr) *before = disabled ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
  disabled = state == PTHREAD_CANCEL_DISABLE;
  return 0;
}

int pthread_setcanceltype(int type, int* before) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_setcanceltype()(type, before);
  if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS) return EINVAL;
  bool& asynchronous = engine->self().door().cancel_asynchronous;
  if (before != nullptr) {
    *before = asynchronous ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
  }
  asynchronous = type == PTHREAD_CANCEL_ASYNCHRONOUS;
  return 0;
}

void pthread_testcancel() {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_testcancel()();
  // An operation: a loop that does nothing but ask must let the others run.
  engine->perform({.kind = OpKind::kYield, .site = CHICANE_SITE()});
  engine->emit(OpKind::kYield, Outcome::kDone, nullptr, CHICANE_SITE());
  interpose::cancellation_point(*engine);
}

void __pthread_register_cancel(CancelBuffer* buffer) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real___pthread_register_cancel()(buffer);
  void*& innermost = engine->self().door().cleanups;
  buffer->__pad[interpose::kNextBuffer] = innermost;
  buffer->__pad[interpose::kShadowTop] = chicane::engine::g_shadow_stack.top;
  innermost = buffer;
}

void __pthread_unregister_cancel(CancelBuffer* buffer) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real___pthread_unregister_cancel()(buffer);
  engine->self().door().cleanups = buffer->__pad[interpose::kNextBuffer];
}

void __pthread_unwind_next(CancelBuffer* buffer) {
  Engine* engine = Engine::active();
  if (engine == nullptr) interpose::real___pthread_unwind_next()(buffer);
  engine->go_on_unwinding();
}

}  // extern "C"
