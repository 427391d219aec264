// SPDX-License-Identifier: Apache-2.0
//
// Front door: std::promise::set_value_at_thread_exit and its like. libstdc++ makes such a result
// ready inside the library, where a thread ends, by an atomic store that is not instrumented. It
// comes by _Make_ready::_M_set when that is arranged: here a pthread key of ours, made before any
// of the program's, says at the thread's end that the status word is stored to with release.
//
// The layouts are libstdc++'s since GCC 5:
//     _Make_ready    next, callback, weak_ptr (state, counts)
//     _State_baseV2  virtual table, result, status word
#include <dlfcn.h>
#include <pthread.h>

#include <cstdint>

#include "engine/engine.h"

namespace {

using chicane::engine::Engine;
using chicane::engine::MemoryOrder;
using chicane::engine::OpKind;

struct State {
  const void* virtual_table;
  const void* result;
  std::uint32_t status;
};

struct MakeReady {
  void* next;
  void (*callback)(void*);
  State* state;
  void* counts;
};

// What a thread has promised: a list through nodes of our own.
struct Promised {
  State* state;
  Promised* next;
};

void publish(void* list) {
  for (auto* promised = static_cast<Promised*>(list); promised != nullptr;) {
    if (Engine* engine = Engine::active()) {
      engine->on_atomic(&promised->state->status, sizeof promised->state->status,
                        OpKind::kAtomicStore, MemoryOrder::kRelease, engine->last_site());
    }
    Promised* next = promised->next;
    delete promised;
    promised = next;
  }
}

pthread_key_t make_key() {
  pthread_key_t key = 0;
  pthread_key_create(&key, &publish);
  return key;
}

const pthread_key_t g_promised = make_key();

}  // namespace

// std::__future_base::_State_baseV2::_Make_ready::_M_set(), which the program's <future> calls.
extern "C" void chicane_make_ready_set(MakeReady* ready) asm(
    "_ZNSt13__future_base13_State_baseV211_Make_ready6_M_setEv");

void chicane_make_ready_set(MakeReady* ready) {
  using Set = void (*)(MakeReady*);
  static const auto set = reinterpret_cast<Set>(
      dlsym(RTLD_NEXT, "_ZNSt13__future_base13_State_baseV211_Make_ready6_M_setEv"));
  set(ready);
  if (Engine::active() == nullptr || ready->state == nullptr) return;
  auto* last = static_cast<Promised*>(pthread_getspecific(g_promised));
  pthread_setspecific(g_promised, new Promised{ready->state, last});
}
