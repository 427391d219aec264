// SPDX-License-Identifier: Apache-2.0
//
// Front door: pthread barriers.
//
//   | arrived        | wait                                                              |
//   |----------------|-------------------------------------------------------------------|
//   | n < count - 1  | waits until the round is over; 0                                  |
//   | count - 1      | ends the round; PTHREAD_BARRIER_SERIAL_THREAD                     |
//
// Happens-before: what each did before it arrived, before what all do after the round.
// State lies in the program's own pthread_barrier_t; the count is where glibc's
// pthread_barrier_init puts it.
#include <pthread.h>

#include <cerrno>
#include <cstdint>

#include "engine/engine.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

CHICANE_REAL(int, pthread_barrier_init,
             (pthread_barrier_t*, const pthread_barrierattr_t*, unsigned))
CHICANE_REAL(int, pthread_barrier_wait, (pthread_barrier_t*))
CHICANE_REAL(int, pthread_barrier_destroy, (pthread_barrier_t*))

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::OpKind;
using engine::Outcome;

struct BarrierState {
  std::uint32_t arrived;
  std::uint32_t round;
  std::uint32_t count;
};
static_assert(sizeof(BarrierState) <= sizeof(pthread_barrier_t));

struct Arrival {
  const BarrierState* barrier;
  std::uint32_t round;
};

bool is_over(const engine::Operation& operation) {
  const auto& arrival = *static_cast<const Arrival*>(operation.context);
  return arrival.barrier->round != arrival.round;
}

int wait(Engine& engine, pthread_barrier_t* barrier, const void* site) {
  auto& state = *reinterpret_cast<BarrierState*>(barrier);
  engine.perform({.kind = OpKind::kBarrier, .object = barrier, .site = site});
  const Arrival arrival{&state, state.round};
  // By turns two places: who is late to leave must not learn from who arrives for the next round.
  // The round after that cannot begin before it has left.
  const void* edge = reinterpret_cast<const char*>(barrier) + (state.round & 1);
  engine.release(edge);
  const bool last = ++state.arrived == state.count;
  if (last) {
    state.arrived = 0;
    ++state.round;
  }
  engine.emit(OpKind::kBarrier, Outcome::kDone, barrier, site, state.arrived);
  if (!last) {
    engine.perform({.kind = OpKind::kBarrier,
                    .object = barrier,
                    .site = site,
                    .ready = &is_over,
                    .context = &arrival});
    engine.emit(OpKind::kBarrier, Outcome::kDone, barrier, site, state.count);
  }
  engine.acquire(edge);
  return last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

}  // namespace
}  // namespace chicane::interpose

using chicane::engine::Engine;
using chicane::engine::OpKind;
using chicane::engine::Outcome;
namespace interpose = chicane::interpose;

extern "C" {

int pthread_barrier_init(pthread_barrier_t* barrier, const pthread_barrierattr_t* attributes,
                         unsigned count) noexcept {
  Engine* engine = Engine::active();
  int shared = PTHREAD_PROCESS_PRIVATE;
  if (attributes != nullptr) pthread_barrierattr_getpshared(attributes, &shared);
  if (engine != nullptr && shared == PTHREAD_PROCESS_SHARED) {
    interpose::refuse(*engine, "pthread_barrier_init", "a process-shared barrier has no model",
                      "use PTHREAD_PROCESS_PRIVATE", CHICANE_SITE());
  }
  return interpose::real_pthread_barrier_init()(barrier, attributes, count);
}

int pthread_barrier_wait(pthread_barrier_t* barrier) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_barrier_wait()(barrier);
  return interpose::wait(*engine, barrier, CHICANE_SITE());
}

int pthread_barrier_destroy(pthread_barrier_t* barrier) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_pthread_barrier_destroy()(barrier);
  // Threads that were let go may not have left yet: that is no misuse, glibc waits for them.
  const bool busy = reinterpret_cast<const interpose::BarrierState*>(barrier)->arrived != 0;
  engine->emit(OpKind::kMutexDestroy, busy ? Outcome::kDestroyedBusy : Outcome::kDone, barrier,
               CHICANE_SITE());
  return busy ? EBUSY : 0;
}

}  // extern "C"
