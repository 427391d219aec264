// SPDX-License-Identifier: Apache-2.0
//
// Front door: random numbers and the environment, which the C library keeps for all threads.
// state.h. (getenv is in environment.cc.)
#include <stdlib.h>

#include "interpose/real.h"
#include "interpose/state.h"

#define CHICANE_RANDOM(result, name, parameters, arguments)                                       \
  CHICANE_STATE(true, &chicane::interpose::g_random_numbers, result, name, parameters, arguments, \
                noexcept)
#define CHICANE_ENVIRONMENT(result, name, parameters, arguments)                               \
  CHICANE_STATE(true, &chicane::interpose::g_environment, result, name, parameters, arguments, \
                noexcept)

CHICANE_RANDOM(int, rand, (), ())
CHICANE_RANDOM(void, srand, (unsigned seed), (seed))
CHICANE_RANDOM(long, random, (), ())
CHICANE_RANDOM(void, srandom, (unsigned seed), (seed))
CHICANE_RANDOM(double, drand48, (), ())
CHICANE_RANDOM(long, lrand48, (), ())
CHICANE_RANDOM(long, mrand48, (), ())
CHICANE_RANDOM(void, srand48, (long seed), (seed))

CHICANE_ENVIRONMENT(int, setenv, (const char* name, const char* value, int overwrite),
                    (name, value, overwrite))
CHICANE_ENVIRONMENT(int, unsetenv, (const char* name), (name))
CHICANE_ENVIRONMENT(int, putenv, (char* entry), (entry))
CHICANE_ENVIRONMENT(int, clearenv, (), ())
