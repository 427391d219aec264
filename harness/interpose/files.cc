// SPDX-License-Identifier: Apache-2.0
//
// Front door: the names of files, and descriptors of those that never make a call wait. state.h.
// (read and write are in read_write.cc, streams in streams.cc.)
//
// To open is to change the table of descriptors, of which the program sees the lowest that is free.
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>

#include "engine/raw_syscall.h"
#include "interpose/io.h"
#include "interpose/real.h"
#include "interpose/state.h"

namespace chicane::interpose {
namespace {

using engine::Engine;

struct FileId {
  dev_t device;
  ino_t inode;
};

// The files that a run has opened, in this order; and by their numbers, which are the same in each
// run, those that were open before.
struct FilePlaces {
  static constexpr unsigned kOpened = 256, kBefore = 64;
  std::uint32_t generation;
  unsigned count;
  FileId opened[kOpened];
} g_file_places;

bool find_id(int fd, FileId* id, mode_t* mode) {
  struct stat about{};
  if (engine::raw_syscall(SYS_fstat, fd, engine::argument(&about)) != 0) return false;
  *id = {about.st_dev, about.st_ino};
  *mode = about.st_mode;
  return true;
}

unsigned find_opened(const Engine& engine, const FileId& id) {
  FilePlaces& places = g_file_places;
  if (places.generation != engine.generation()) {
    places.generation = engine.generation();
    places.count = 0;
  }
  unsigned index = 0;
  while (index < places.count &&
         (places.opened[index].device != id.device || places.opened[index].inode != id.inode)) {
    ++index;
  }
  return index;
}

}  // namespace

// What stands for each.
char g_file[FilePlaces::kOpened + FilePlaces::kBefore];

const void* file_place(int fd) {
  const Engine* engine = Engine::active();
  FileId id{};
  mode_t mode = 0;
  if (engine == nullptr || fd == STDOUT_FILENO || fd == STDERR_FILENO) return nullptr;
  if (!find_id(fd, &id, &mode) || S_ISCHR(mode)) return nullptr;
  const unsigned index = find_opened(*engine, id);
  if (index < g_file_places.count) return &g_file[index];
  return &g_file[FilePlaces::kOpened + id.inode % FilePlaces::kBefore];
}

void note_opened(int fd) {
  const Engine* engine = Engine::active();
  FileId id{};
  mode_t mode = 0;
  if (engine == nullptr || fd < 0 || !find_id(fd, &id, &mode)) return;
  const unsigned index = find_opened(*engine, id);
  if (index == g_file_places.count && index < FilePlaces::kOpened) {
    g_file_places.opened[g_file_places.count++] = id;
  }
}

}  // namespace chicane::interpose

namespace interpose = chicane::interpose;

// ---- what gives a descriptor ----

#define CHICANE_OPEN(name, before, arguments)                                            \
  extern "C" int name(before const char* path, int flags, ...) {                         \
    va_list more;                                                                        \
    va_start(more, flags);                                                               \
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0; \
    va_end(more);                                                                        \
    const interpose::StateCall call(true, &interpose::g_files, CHICANE_SITE());          \
    const int fd = interpose::real_##name() arguments;                                   \
    interpose::note_opened(fd);                                                          \
    return fd;                                                                           \
  }

#define CHICANE_COMMA ,
CHICANE_REAL(int, open, (const char*, int, ...))
CHICANE_REAL(int, open64, (const char*, int, ...))
CHICANE_REAL(int, openat, (int, const char*, int, ...))
CHICANE_REAL(int, openat64, (int, const char*, int, ...))
CHICANE_OPEN(open, , (path, flags, mode))
CHICANE_OPEN(open64, , (path, flags, mode))
CHICANE_OPEN(openat, int directory CHICANE_COMMA, (directory, path, flags, mode))
CHICANE_OPEN(openat64, int directory CHICANE_COMMA, (directory, path, flags, mode))

#define CHICANE_OPENS(name, parameters, arguments)                              \
  CHICANE_REAL(int, name, parameters)                                           \
  extern "C" int name parameters {                                              \
    const interpose::StateCall call(true, &interpose::g_files, CHICANE_SITE()); \
    const int fd = interpose::real_##name() arguments;                          \
    interpose::note_opened(fd);                                                 \
    return fd;                                                                  \
  }

CHICANE_OPENS(creat, (const char* path, mode_t mode), (path, mode))
CHICANE_OPENS(mkstemp, (char* pattern), (pattern))
CHICANE_OPENS(mkostemp, (char* pattern, int flags), (pattern, flags))
CHICANE_OPENS(mkstemps, (char* pattern, int suffix), (pattern, suffix))

// ---- what changes names or the table of descriptors ----

#define CHICANE_FILES(name, parameters, arguments, exceptions) \
  CHICANE_STATE(true, &interpose::g_files, int, name, parameters, arguments, exceptions)

CHICANE_FILES(unlink, (const char* path), (path), noexcept)
CHICANE_FILES(unlinkat, (int directory, const char* path, int flags), (directory, path, flags),
              noexcept)
CHICANE_FILES(remove, (const char* path), (path), noexcept)
CHICANE_FILES(rmdir, (const char* path), (path), noexcept)
CHICANE_FILES(mkdir, (const char* path, mode_t mode), (path, mode), noexcept)
CHICANE_FILES(mkdirat, (int directory, const char* path, mode_t mode), (directory, path, mode),
              noexcept)
CHICANE_FILES(rename, (const char* from, const char* to), (from, to), noexcept)
CHICANE_FILES(renameat, (int from_directory, const char* from, int to_directory, const char* to),
              (from_directory, from, to_directory, to), noexcept)
CHICANE_FILES(link, (const char* from, const char* to), (from, to), noexcept)
CHICANE_FILES(symlink, (const char* from, const char* to), (from, to), noexcept)
CHICANE_FILES(truncate, (const char* path, off_t size), (path, size), noexcept)
CHICANE_FILES(truncate64, (const char* path, off64_t size), (path, size), noexcept)
CHICANE_FILES(chmod, (const char* path, mode_t mode), (path, mode), noexcept)
CHICANE_FILES(chdir, (const char* path), (path), noexcept)
CHICANE_FILES(fchdir, (int fd), (fd), noexcept)
CHICANE_STATE(true, &interpose::g_files, mode_t, umask, (mode_t mask), (mask), noexcept)
CHICANE_STATE(true, &interpose::g_files, char*, mkdtemp, (char* pattern), (pattern), noexcept)

// ---- what looks at them ----

#define CHICANE_LOOK(result, name, parameters, arguments, exceptions) \
  CHICANE_STATE(false, &interpose::g_files, result, name, parameters, arguments, exceptions)

CHICANE_LOOK(int, access, (const char* path, int mode), (path, mode), noexcept)
CHICANE_LOOK(int, faccessat, (int directory, const char* path, int mode, int flags),
             (directory, path, mode, flags), noexcept)
CHICANE_LOOK(int, stat, (const char* path, struct stat* to), (path, to), noexcept)
CHICANE_LOOK(int, lstat, (const char* path, struct stat* to), (path, to), noexcept)
CHICANE_LOOK(int, fstatat, (int directory, const char* path, struct stat* to, int flags),
             (directory, path, to, flags), noexcept)
CHICANE_LOOK(int, stat64, (const char* path, struct stat64* to), (path, to), noexcept)
CHICANE_LOOK(int, lstat64, (const char* path, struct stat64* to), (path, to), noexcept)
CHICANE_LOOK(int, fstatat64, (int directory, const char* path, struct stat64* to, int flags),
             (directory, path, to, flags), noexcept)
CHICANE_LOOK(int, statx,
             (int directory, const char* path, int flags, unsigned mask, struct statx* to),
             (directory, path, flags, mask, to), noexcept)
CHICANE_LOOK(ssize_t, readlink, (const char* path, char* to, std::size_t size), (path, to, size),
             noexcept)
CHICANE_LOOK(char*, realpath, (const char* path, char* to), (path, to), noexcept)
CHICANE_LOOK(char*, getcwd, (char* to, std::size_t size), (to, size), noexcept)
CHICANE_LOOK(DIR*, opendir, (const char* path), (path), )

// ---- what is in one file ----

#define CHICANE_FILE(writes, result, name, parameters, arguments, exceptions) \
  CHICANE_STATE(writes, interpose::file_place(fd), result, name, parameters, arguments, exceptions)

CHICANE_FILE(true, off_t, lseek, (int fd, off_t to, int from), (fd, to, from), noexcept)
CHICANE_FILE(true, off64_t, lseek64, (int fd, off64_t to, int from), (fd, to, from), noexcept)
CHICANE_FILE(true, int, ftruncate, (int fd, off_t size), (fd, size), noexcept)
CHICANE_FILE(true, int, ftruncate64, (int fd, off64_t size), (fd, size), noexcept)
CHICANE_FILE(false, ssize_t, pread, (int fd, void* to, std::size_t size, off_t at),
             (fd, to, size, at), )
CHICANE_FILE(false, ssize_t, pread64, (int fd, void* to, std::size_t size, off64_t at),
             (fd, to, size, at), )
CHICANE_FILE(true, ssize_t, pwrite, (int fd, const void* from, std::size_t size, off_t at),
             (fd, from, size, at), )
CHICANE_FILE(true, ssize_t, pwrite64, (int fd, const void* from, std::size_t size, off64_t at),
             (fd, from, size, at), )
CHICANE_FILE(false, int, fstat, (int fd, struct stat* to), (fd, to), noexcept)
CHICANE_FILE(false, int, fstat64, (int fd, struct stat64* to), (fd, to), noexcept)

// ---- what takes a descriptor away ----

namespace chicane::interpose {
namespace {

/// Others may wait at the other end of what is closed, or make use of the descriptor.
template <typename Call>
int closing(int fd, const void* site, const Call& call) {
  if (engine::Engine::active() != nullptr && may_make_wait(fd)) {
    const IoCall io(site);
    return call();
  }
  const StateCall state(true, &g_files, site);
  return call();
}

}  // namespace
}  // namespace chicane::interpose

CHICANE_REAL(int, close, (int))
CHICANE_REAL(int, dup, (int))
CHICANE_REAL(int, dup2, (int, int))
CHICANE_REAL(int, dup3, (int, int, int))

extern "C" {

int close(int fd) {
  return interpose::closing(fd, CHICANE_SITE(), [&] { return interpose::real_close()(fd); });
}
int dup(int fd) noexcept {
  const interpose::StateCall call(true, &interpose::g_files, CHICANE_SITE());
  return interpose::real_dup()(fd);
}
int dup2(int fd, int to) noexcept {
  return interpose::closing(to, CHICANE_SITE(), [&] { return interpose::real_dup2()(fd, to); });
}
int dup3(int fd, int to, int flags) noexcept {
  return interpose::closing(to, CHICANE_SITE(),
                            [&] { return interpose::real_dup3()(fd, to, flags); });
}

}  // extern "C"
