// SPDX-License-Identifier: Apache-2.0
//
// Go's vocabulary for C++: goroutines, channels, select, sync, context, time, ... with Go's
// semantics and exactly the happens-before edges of Go's memory model.
//
//     using namespace chicane::golang;
//     Chan<int> results(3);
//     WaitGroup group;
//     for (int i = 0; i < 3; ++i) group.go([=] { results.send(i); });
//     group.wait();
//
// Every class exists once: under Chicane's engine its operations are scheduled and watched; in any
// other process, also under ThreadSanitizer, they run on native threads. Each part's header has its
// state table, which is what the monitors hold the program against.
//
// Thread safety, invariants and cost: see each part.
#pragma once

#include "chicane/golang/atomic.h"              // IWYU pragma: export
#include "chicane/golang/chan.h"                // IWYU pragma: export
#include "chicane/golang/context.h"             // IWYU pragma: export
#include "chicane/golang/defer.h"               // IWYU pragma: export
#include "chicane/golang/errgroup.h"            // IWYU pragma: export
#include "chicane/golang/error.h"               // IWYU pragma: export
#include "chicane/golang/go.h"                  // IWYU pragma: export
#include "chicane/golang/map.h"                 // IWYU pragma: export
#include "chicane/golang/mutex.h"               // IWYU pragma: export
#include "chicane/golang/panic.h"               // IWYU pragma: export
#include "chicane/golang/pool.h"                // IWYU pragma: export
#include "chicane/golang/select.h"              // IWYU pragma: export
#include "chicane/golang/signal.h"              // IWYU pragma: export
#include "chicane/golang/sync.h"                // IWYU pragma: export
#include "chicane/golang/thread_annotations.h"  // IWYU pragma: export
#include "chicane/golang/time.h"                // IWYU pragma: export
