// SPDX-License-Identifier: Apache-2.0
//
// Called as gcc calls it for `#pragma omp parallel`.
// expect: uncontrolled
// says: OpenMP: its runtime synchronizes out of the engine's sight; compile without -fopenmp
#include <dlfcn.h>

#include <cstdio>

static void nothing(void*) {}

int main() {
  void* library = dlopen("libgomp.so.1", RTLD_NOW);
  if (library == nullptr) return 1;
  using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
  const auto parallel = reinterpret_cast<Parallel>(dlsym(library, "GOMP_parallel"));
  parallel(&nothing, nullptr, 2, 0);
  return 0;
}
