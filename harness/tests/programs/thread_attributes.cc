// SPDX-License-Identifier: Apache-2.0
//
// Names, stack sizes, detached threads, affinity and priorities.
// stdout: worker
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>

static char name[16];

static void* work(void*) {
  assert(pthread_getname_np(pthread_self(), name, sizeof name) == 0);
  assert(pthread_setname_np(pthread_self(), "worker") == 0);
  assert(pthread_setname_np(pthread_self(), "a name that is too long") == ERANGE);
  assert(pthread_getname_np(pthread_self(), name, sizeof name) == 0);
  cpu_set_t cpus;
  assert(pthread_getaffinity_np(pthread_self(), sizeof cpus, &cpus) == 0);
  assert(pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus) == 0);
  assert(sched_setaffinity(0, sizeof cpus, &cpus) == 0 && sched_getcpu() >= 0);
  pthread_attr_t own;
  assert(pthread_getattr_np(pthread_self(), &own) == 0);
  std::size_t size = 0;
  void* low = nullptr;
  pthread_attr_getstack(&own, &low, &size);
  pthread_attr_destroy(&own);
  const char* here = reinterpret_cast<const char*>(&low);
  assert(here > low && here < static_cast<char*>(low) + size && size >= (256u << 10));
  assert(size < (1u << 20));
  assert(gettid() != getpid());
  return nullptr;
}

int main() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  pthread_t thread;
  pthread_create(&thread, &attributes, &work, nullptr);
  pthread_attr_destroy(&attributes);
  pthread_join(thread, nullptr);
  std::puts(name);
  return 0;
}
