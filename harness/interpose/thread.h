// SPDX-License-Identifier: Apache-2.0
//
// The model of threads and once under the engine (thread.cc), for the front doors that have them:
// POSIX's and C11's. Results are error numbers.
//
// Thread safety: program thread, under the engine.
#pragma once

#include <pthread.h>

#include "engine/engine.h"

namespace chicane::interpose {

using CreateBody = void* (*)(void*);
using KeyDestructor = void (*)(void*);
using OnceBody = void (*)();

void create_thread(engine::Engine& engine, pthread_t* handle, const pthread_attr_t* attributes,
                   CreateBody body, void* argument, const void* site);
int join_thread(engine::Engine& engine, pthread_t handle, void** result, engine::Time deadline,
                const void* site);
int try_join_thread(engine::Engine& engine, pthread_t handle, void** result, const void* site);
int detach_thread(engine::Engine& engine, pthread_t handle, const void* site);
void run_once(engine::Engine& engine, pthread_once_t* control, OnceBody body, const void* site);

}  // namespace chicane::interpose
