// SPDX-License-Identifier: Apache-2.0
//
// State that the C library and the kernel keep for all threads, and that a program's threads may
// tell one another something by: files, the random numbers of rand, the environment. To look at it
// is a `state-read`, to change it a `state-write`; the objects are
//
//     the files       their names and the table of descriptors: open, close, unlink, stat, chdir
//     one file        what is in it and where in it a descriptor stands: read, write, lseek, and
//                     what is done to a stream of it; the same by whatever descriptor
//     random numbers  rand, random and drand48 and their relatives
//     environment     getenv, setenv and their relatives
//
// What a stream's buffer keeps goes to its file, for who looks there otherwise, when it is flushed
// or closed. Standard output and error lead out of the program, and are no state of it. None of
// these orders memory accesses.
//
// Thread safety: program thread.
// Cost: outside of a run a branch; in it an operation, and of a file two system calls.
#pragma once

#include <cerrno>

#include "engine/engine.h"

namespace chicane::interpose {

inline char g_files, g_random_numbers, g_environment;

/// The object of what is in the file of that descriptor; null: it leads out of the program.
const void* file_place(int fd);
/// Descriptor `fd` has been opened; it may be -1.
void note_opened(int fd);

/// A call, while it exists: announced when it is made, told when it ends. Nothing outside of a run,
/// or without an object. errno stays.
class StateCall {
 public:
  StateCall(bool writes, const void* object, const void* site)
      : engine_(object != nullptr ? engine::Engine::active() : nullptr),
        kind_(writes ? engine::OpKind::kStateWrite : engine::OpKind::kStateRead),
        object_(object),
        site_(site) {
    if (engine_ == nullptr) return;
    const int error = errno;
    engine_->perform({.kind = kind_, .object = object, .site = site});
    errno = error;
  }
  ~StateCall() {
    if (engine_ == nullptr) return;
    const int error = errno;
    engine_->emit(kind_, engine::Outcome::kDone, object_, site_);
    errno = error;
  }
  StateCall(const StateCall&) = delete;
  StateCall& operator=(const StateCall&) = delete;

 private:
  engine::Engine* engine_;
  engine::OpKind kind_;
  const void *object_, *site_;
};

}  // namespace chicane::interpose

// A function that looks at `object`, or changes it.
#define CHICANE_STATE(writes, object, result, name, parameters, arguments, exceptions) \
  CHICANE_REAL(result, name, parameters)                                               \
  extern "C" result name parameters exceptions {                                       \
    const chicane::interpose::StateCall call(writes, object, CHICANE_SITE());          \
    return chicane::interpose::real_##name() arguments;                                \
  }
