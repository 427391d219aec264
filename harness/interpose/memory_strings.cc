// SPDX-License-Identifier: Apache-2.0
//
// Front door: the string functions of the C library. They are not instrumented, and what they read
// and write is the program's: as much of it as tells their result, where the program itself calls
// them (a library that is not instrumented has its own reasons).
//
// Here under other names than their own, which the compiler and the headers give other meanings.
//
// Thread safety: any thread.
// Cost: beside the real call's a branch outside of a run; in one a second pass over what is read.
#include <strings.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "engine/engine.h"
#include "interpose/memory.h"
#include "interpose/real.h"
#include "interpose/refuse.h"

CHICANE_REAL(std::size_t, strlen, (const char*))
CHICANE_REAL(std::size_t, strnlen, (const char*, std::size_t))
CHICANE_REAL(int, strcmp, (const char*, const char*))
CHICANE_REAL(int, strncmp, (const char*, const char*, std::size_t))
CHICANE_REAL(int, strcasecmp, (const char*, const char*))
CHICANE_REAL(int, strncasecmp, (const char*, const char*, std::size_t))
CHICANE_REAL(int, memcmp, (const void*, const void*, std::size_t))
CHICANE_REAL(int, bcmp, (const void*, const void*, std::size_t))
CHICANE_REAL(char*, strchr, (const char*, int))
CHICANE_REAL(char*, strrchr, (const char*, int))
CHICANE_REAL(char*, strstr, (const char*, const char*))
CHICANE_REAL(void*, memchr, (const void*, int, std::size_t))
CHICANE_REAL(char*, strcpy, (char*, const char*))
CHICANE_REAL(char*, stpcpy, (char*, const char*))
CHICANE_REAL(char*, strncpy, (char*, const char*, std::size_t))
CHICANE_REAL(char*, strcat, (char*, const char*))
CHICANE_REAL(char*, strncat, (char*, const char*, std::size_t))
CHICANE_REAL(char*, strdup, (const char*))
CHICANE_REAL(char*, strndup, (const char*, std::size_t))
CHICANE_REAL(int, vsprintf, (char*, const char*, va_list))
CHICANE_REAL(int, vsnprintf, (char*, std::size_t, const char*, va_list))
CHICANE_REAL(void, qsort, (void*, std::size_t, std::size_t, int (*)(const void*, const void*)))
CHICANE_REAL(tm*, localtime, (const time_t*))
CHICANE_REAL(tm*, gmtime, (const time_t*))
CHICANE_REAL(char*, ctime, (const time_t*))
CHICANE_REAL(char*, asctime, (const tm*))

namespace chicane::interpose {
namespace {

bool is_seen(const void* site) { return engine::Engine::active() != nullptr && in_program(site); }

/// Accesses of one call.
class Accesses {
 public:
  explicit Accesses(const void* site) : site_(is_seen(site) ? site : nullptr) {}
  explicit operator bool() const { return site_ != nullptr; }
  void read(const void* from, std::size_t size) const { touch(from, size, false); }
  void write(const void* to, std::size_t size) const { touch(to, size, true); }
  void read_string(const char* from) const {
    if (site_ != nullptr) touch(from, real_strlen()(from) + 1, false);
  }
  void copy_string(const char* to, const char* from) const {
    if (site_ == nullptr) return;
    const std::size_t size = real_strlen()(from) + 1;
    read(from, size);
    write(to, size);
  }
  /// As far as the two are alike, and what differs; no further than `most`, nor than `end` says.
  template <typename Byte, typename IsEnd>
  void read_both(const Byte* a, const Byte* b, std::size_t most, const IsEnd& is_end) const {
    if (site_ == nullptr) return;
    std::size_t size = 0;
    while (size < most && !is_end(a[size], b[size])) ++size;
    size = std::min(most, size + 1);
    read(a, size);
    read(b, size);
  }

 private:
  void touch(const void* address, std::size_t size, bool write) const {
    if (site_ != nullptr) touch_range(address, size, write, site_);
  }
  const void* site_;
};

constexpr std::size_t kAll = ~std::size_t{0};

bool ends_comparison(char a, char b) { return a != b || a == 0; }
char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}
bool ends_caseless_comparison(char a, char b) { return lower(a) != lower(b) || a == 0; }
bool differ(char a, char b) { return a != b; }

/// Of what was formatted into `size` bytes.
int formatted(const Accesses& accesses, const char* to, std::size_t size, int length) {
  if (length >= 0) accesses.write(to, std::min(size, static_cast<std::size_t>(length) + 1));
  return length;
}

}  // namespace
}  // namespace chicane::interpose

namespace interpose = chicane::interpose;
using interpose::Accesses;

#define CHICANE_STRING(result, name, parameters)          \
  extern "C" result chicane_##name parameters asm(#name); \
  extern "C" result chicane_##name parameters

// ---- looking ----

CHICANE_STRING(std::size_t, strlen, (const char* text)) {
  const std::size_t length = interpose::real_strlen()(text);
  Accesses(CHICANE_SITE()).read(text, length + 1);
  return length;
}
CHICANE_STRING(std::size_t, strnlen, (const char* text, std::size_t most)) {
  const std::size_t length = interpose::real_strnlen()(text, most);
  Accesses(CHICANE_SITE()).read(text, std::min(most, length + 1));
  return length;
}
CHICANE_STRING(int, strcmp, (const char* a, const char* b)) {
  Accesses(CHICANE_SITE()).read_both(a, b, interpose::kAll, interpose::ends_comparison);
  return interpose::real_strcmp()(a, b);
}
CHICANE_STRING(int, strncmp, (const char* a, const char* b, std::size_t most)) {
  Accesses(CHICANE_SITE()).read_both(a, b, most, interpose::ends_comparison);
  return interpose::real_strncmp()(a, b, most);
}
CHICANE_STRING(int, strcasecmp, (const char* a, const char* b)) {
  Accesses(CHICANE_SITE()).read_both(a, b, interpose::kAll, interpose::ends_caseless_comparison);
  return interpose::real_strcasecmp()(a, b);
}
CHICANE_STRING(int, strncasecmp, (const char* a, const char* b, std::size_t most)) {
  Accesses(CHICANE_SITE()).read_both(a, b, most, interpose::ends_caseless_comparison);
  return interpose::real_strncasecmp()(a, b, most);
}
CHICANE_STRING(int, memcmp, (const void* a, const void* b, std::size_t size)) {
  Accesses(CHICANE_SITE())
      .read_both(static_cast<const char*>(a), static_cast<const char*>(b), size, interpose::differ);
  return interpose::real_memcmp()(a, b, size);
}
CHICANE_STRING(int, bcmp, (const void* a, const void* b, std::size_t size)) {
  Accesses(CHICANE_SITE())
      .read_both(static_cast<const char*>(a), static_cast<const char*>(b), size, interpose::differ);
  return interpose::real_bcmp()(a, b, size);
}
CHICANE_STRING(char*, strchr, (const char* text, int letter)) {
  const char* found = interpose::real_strchr()(text, letter);
  const Accesses accesses(CHICANE_SITE());
  if (found == nullptr) accesses.read_string(text);
  if (found != nullptr) accesses.read(text, static_cast<std::size_t>(found - text) + 1);
  return const_cast<char*>(found);
}
CHICANE_STRING(char*, strrchr, (const char* text, int letter)) {
  Accesses(CHICANE_SITE()).read_string(text);
  return interpose::real_strrchr()(text, letter);
}
CHICANE_STRING(char*, strstr, (const char* text, const char* part)) {
  const Accesses accesses(CHICANE_SITE());
  accesses.read_string(text);
  accesses.read_string(part);
  return interpose::real_strstr()(text, part);
}
CHICANE_STRING(void*, memchr, (const void* from, int byte, std::size_t size)) {
  void* found = interpose::real_memchr()(from, byte, size);
  if (found != nullptr) {
    size = static_cast<std::size_t>(static_cast<char*>(found) - static_cast<const char*>(from)) + 1;
  }
  Accesses(CHICANE_SITE()).read(from, size);
  return found;
}

// ---- copying ----

CHICANE_STRING(char*, strcpy, (char* to, const char* from)) {
  Accesses(CHICANE_SITE()).copy_string(to, from);
  return interpose::real_strcpy()(to, from);
}
CHICANE_STRING(char*, stpcpy, (char* to, const char* from)) {
  Accesses(CHICANE_SITE()).copy_string(to, from);
  return interpose::real_stpcpy()(to, from);
}
CHICANE_STRING(char*, strncpy, (char* to, const char* from, std::size_t size)) {
  if (const Accesses accesses(CHICANE_SITE()); accesses) {
    accesses.read(from, std::min(size, interpose::real_strnlen()(from, size) + 1));
    accesses.write(to, size);
  }
  return interpose::real_strncpy()(to, from, size);
}
CHICANE_STRING(char*, strcat, (char* to, const char* from)) {
  if (const Accesses accesses(CHICANE_SITE()); accesses) {
    accesses.read_string(to);
    accesses.read_string(from);
    accesses.write(to + interpose::real_strlen()(to), interpose::real_strlen()(from) + 1);
  }
  return interpose::real_strcat()(to, from);
}
CHICANE_STRING(char*, strncat, (char* to, const char* from, std::size_t most)) {
  if (const Accesses accesses(CHICANE_SITE()); accesses) {
    const std::size_t length = interpose::real_strnlen()(from, most);
    accesses.read_string(to);
    accesses.read(from, std::min(most, length + 1));
    accesses.write(to + interpose::real_strlen()(to), length + 1);
  }
  return interpose::real_strncat()(to, from, most);
}
CHICANE_STRING(char*, strdup, (const char* from)) {
  Accesses(CHICANE_SITE()).read_string(from);
  return interpose::real_strdup()(from);
}
CHICANE_STRING(char*, strndup, (const char* from, std::size_t most)) {
  if (const Accesses accesses(CHICANE_SITE()); accesses) {
    accesses.read(from, std::min(most, interpose::real_strnlen()(from, most) + 1));
  }
  return interpose::real_strndup()(from, most);
}

// ---- formatting, sorting, and results that all calls share ----

CHICANE_STRING(int, vsprintf, (char* to, const char* format, va_list arguments)) {
  return interpose::formatted(Accesses(CHICANE_SITE()), to, interpose::kAll,
                              interpose::real_vsprintf()(to, format, arguments));
}
CHICANE_STRING(int, vsnprintf,
               (char* to, std::size_t size, const char* format, va_list arguments)) {
  return interpose::formatted(Accesses(CHICANE_SITE()), to, size,
                              interpose::real_vsnprintf()(to, size, format, arguments));
}
CHICANE_STRING(int, sprintf, (char* to, const char* format, ...)) {
  va_list arguments;
  va_start(arguments, format);
  const int length = interpose::real_vsprintf()(to, format, arguments);
  va_end(arguments);
  return interpose::formatted(Accesses(CHICANE_SITE()), to, interpose::kAll, length);
}
CHICANE_STRING(int, snprintf, (char* to, std::size_t size, const char* format, ...)) {
  va_list arguments;
  va_start(arguments, format);
  const int length = interpose::real_vsnprintf()(to, size, format, arguments);
  va_end(arguments);
  return interpose::formatted(Accesses(CHICANE_SITE()), to, size, length);
}
CHICANE_STRING(void, qsort,
               (void* items, std::size_t count, std::size_t size,
                int (*compare)(const void*, const void*))) {
  Accesses(CHICANE_SITE()).write(items, count * size);
  interpose::real_qsort()(items, count, size, compare);
}
CHICANE_STRING(tm*, localtime, (const time_t* time)) {
  tm* result = interpose::real_localtime()(time);
  if (result != nullptr) Accesses(CHICANE_SITE()).write(result, sizeof *result);
  return result;
}
CHICANE_STRING(tm*, gmtime, (const time_t* time)) {
  tm* result = interpose::real_gmtime()(time);
  if (result != nullptr) Accesses(CHICANE_SITE()).write(result, sizeof *result);
  return result;
}
CHICANE_STRING(char*, ctime, (const time_t* time)) {
  char* result = interpose::real_ctime()(time);
  if (result != nullptr)
    Accesses(CHICANE_SITE()).write(result, interpose::real_strlen()(result) + 1);
  return result;
}
CHICANE_STRING(char*, asctime, (const tm* time)) {
  char* result = interpose::real_asctime()(time);
  if (result != nullptr)
    Accesses(CHICANE_SITE()).write(result, interpose::real_strlen()(result) + 1);
  return result;
}
