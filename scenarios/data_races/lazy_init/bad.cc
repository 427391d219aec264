// SPDX-License-Identifier: Apache-2.0
// Notes S1:471-477: the cache is made in a Once, the expiry time beside it is not.
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
  const Duration* expiry = pkg.expire_time;  //~ data-race#expiry read [sched tsan]: nil so far?
  if (expiry == nullptr) {
    expiry = &kTmp;
    pkg.expire_time = expiry;  //~ data-race#expiry write [sched tsan]: by any of the callers
  }
  pkg.cache_once.call([&] { pkg.cache.eviction = *expiry; });
  return pkg.cache;
}
}  // namespace

CHICANE_SCENARIO(lazy_init, bad) {
  Package pkg;
  WaitGroup wg;
  for (int i = 0; i < 2; i++) {
    wg.go([&] { get_cache(pkg); });
  }
  wg.wait();
}
