// SPDX-License-Identifier: Apache-2.0
// Notes S1:471-477, with the whole initialisation inside the Once.
//~ none
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
struct Cache {
  Duration eviction{};
};

// The package's variables.
struct Package {
  Cache cache;
  Once cache_once;
  const Duration* expire_time = nullptr;
};

constexpr Duration kTmp = 10000min;

Cache& get_cache(Package& pkg) {
  pkg.cache_once.call([&] {
    const Duration* expiry = pkg.expire_time;
    if (expiry == nullptr) {
      expiry = &kTmp;
      pkg.expire_time = expiry;
    }
    pkg.cache.eviction = *expiry;
  });
  return pkg.cache;
}
}  // namespace

CHICANE_SCENARIO(lazy_init, good) {
  Package pkg;
  WaitGroup wg;
  for (int i = 0; i < 2; i++) {
    wg.go([&] { get_cache(pkg); });
  }
  wg.wait();
}
