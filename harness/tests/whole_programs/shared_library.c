// SPDX-License-Identifier: Apache-2.0
// What uses_library.c calls: built twice, with and without the instrumentation.
static int hits;
void count_hit(void);
void count_hit(void) { ++hits; }  //~ counts
