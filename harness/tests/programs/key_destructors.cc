// SPDX-License-Identifier: Apache-2.0
//
// Destructors of keys run at a thread's end after those of thread_local, again while one of them
// sets a value, but PTHREAD_DESTRUCTOR_ITERATIONS times at most; a null value has none.
// stdout: local again 4
#include <limits.h>
#include <pthread.h>

#include <cassert>
#include <cstdio>

static pthread_key_t again_key, silent_key;
static int rounds;
static bool local_was_first;

namespace {

struct Local {
  ~Local() { local_was_first = rounds == 0; }
};

}  // namespace

static void set_again(void* value) {
  ++rounds;
  pthread_setspecific(again_key, value);
}
static void never(void*) { assert(false); }

static void* use(void*) {
  static thread_local Local local;
  static_cast<void>(&local);
  assert(pthread_getspecific(again_key) == nullptr);
  pthread_setspecific(again_key, &rounds);
  pthread_setspecific(silent_key, &rounds);
  pthread_setspecific(silent_key, nullptr);
  return nullptr;
}

int main() {
  pthread_key_create(&again_key, &set_again);
  pthread_key_create(&silent_key, &never);
  for (int i = 0; i < 2; ++i) {  // the second may have the first one's place
    rounds = 0;
    local_was_first = false;
    pthread_t thread;
    pthread_create(&thread, nullptr, &use, nullptr);
    pthread_join(thread, nullptr);
    assert(rounds == PTHREAD_DESTRUCTOR_ITERATIONS);
  }
  pthread_key_delete(again_key);
  pthread_key_delete(silent_key);
  std::printf("%s again %d\n", local_was_first ? "local" : "keys", rounds);
  return 0;
}
