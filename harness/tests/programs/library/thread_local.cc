// SPDX-License-Identifier: Apache-2.0
//
// A shared library of the program's, without instrumentation: see thread_local_in_library.cc.
static int made, destroyed;

namespace {

struct Object {
  Object() { ++made; }
  ~Object() { ++destroyed; }
  int uses = 0;
};

}  // namespace

int library_use() {
  static thread_local Object object;
  return ++object.uses;
}
int library_made() { return made; }
int library_destroyed() { return destroyed; }
