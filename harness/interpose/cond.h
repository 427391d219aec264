// SPDX-License-Identifier: Apache-2.0
//
// The model of a pthread condition variable under the engine (cond.cc), for the front doors that
// have one: POSIX's and C11's.
//
// Thread safety: program thread, under the engine.
#pragma once

#include <pthread.h>

#include "engine/engine.h"

namespace chicane::interpose {

/// pthread_cond_wait and its timed forms; `deadline` in virtual time.
int wait_cond(engine::Engine& engine, pthread_cond_t* cond, pthread_mutex_t* mutex,
              engine::Time deadline, const void* site);
void signal_cond(engine::Engine& engine, pthread_cond_t* cond, const void* site);
void broadcast_cond(engine::Engine& engine, pthread_cond_t* cond, const void* site);
int destroy_cond(engine::Engine& engine, pthread_cond_t* cond, const void* site);

}  // namespace chicane::interpose
