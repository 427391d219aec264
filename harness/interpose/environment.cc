// SPDX-License-Identifier: Apache-2.0
#include "interpose/environment.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "engine/engine.h"
#include "interpose/state.h"

extern "C" {
extern char __executable_start;  // the linker's: the executable's first byte,
extern char etext;               // and the end of its code
}

namespace chicane::interpose {
namespace {

constexpr std::size_t kNames = 128, kLongestName = 64, kLongestValue = 448;
// The runtime's own.
constexpr const char* kOwn = "CHICANE_";

struct Note {
  bool ready, set;
  char name[kLongestName];
  char value[kLongestValue];
};
struct Notes {
  unsigned count;
  Note at[kNames];
};
Notes* g_notes = nullptr;
bool g_before_main = false;
std::vector<const char*>* g_first = nullptr;  // what the process was started with, sorted

/// Each name once; processes that run at a time may take one twice, which `environment_seen` mends.
void take(const char* name, const char* value) {
  if (std::strlen(name) >= kLongestName || std::strncmp(name, kOwn, std::strlen(kOwn)) == 0) return;
  if (value != nullptr && std::strlen(value) >= kLongestValue) return;
  const unsigned count =
      std::min<unsigned>(__atomic_load_n(&g_notes->count, __ATOMIC_ACQUIRE), kNames);
  for (unsigned i = 0; i < count; ++i) {
    if (std::strcmp(g_notes->at[i].name, name) == 0) return;
  }
  const unsigned index = __atomic_fetch_add(&g_notes->count, 1, __ATOMIC_ACQ_REL);
  if (index >= kNames) return;
  Note& note = g_notes->at[index];
  std::strcpy(note.name, name);
  note.set = value != nullptr;
  if (value != nullptr) std::strcpy(note.value, value);
  __atomic_store_n(&note.ready, true, __ATOMIC_RELEASE);
}

/// As the C library's, which this hides.
char* find(const char* name) {
  const std::size_t length = std::strlen(name);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
      return *entry + length + 1;
    }
  }
  return nullptr;
}

/// Whether the value was there from the start: what the program has put there itself, it will put
/// there again. Of a name that is not set, whether it was not set then.
bool is_from_start(const char* name, const char* value) {
  const auto is_before = [](const char* a, const char* b) { return std::less<>()(a, b); };
  const std::size_t length = std::strlen(name);
  if (value != nullptr) {
    return std::binary_search(g_first->begin(), g_first->end(), value - length - 1, is_before);
  }
  return std::none_of(g_first->begin(), g_first->end(), [&](const char* entry) {
    return std::strncmp(entry, name, length) == 0 && entry[length] == '=';
  });
}

char* look_up(const char* name, const void* site) {
  const bool own = std::strncmp(name, kOwn, std::strlen(kOwn)) == 0;
  const StateCall call(false, own ? nullptr : &g_environment, site);
  char* value = find(name);
  if (g_notes == nullptr || !is_from_start(name, value)) return value;
  const char* code = static_cast<const char*>(site);
  const bool in_run = engine::Engine::active() != nullptr;
  if (in_run || (g_before_main && code >= &__executable_start && code < &etext)) take(name, value);
  return value;
}

}  // namespace

void watch_environment() {
  void* memory =
      mmap(nullptr, sizeof(Notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  g_first = new std::vector<const char*>;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    g_first->push_back(*entry);
  }
  std::sort(g_first->begin(), g_first->end(), std::less<>());
  g_notes = static_cast<Notes*>(memory);
  g_before_main = true;
}

void end_of_construction() { g_before_main = false; }

std::vector<EnvironmentVariable> environment_seen() {
  std::vector<EnvironmentVariable> seen;
  if (g_notes == nullptr) return seen;
  const unsigned count =
      std::min<unsigned>(__atomic_load_n(&g_notes->count, __ATOMIC_ACQUIRE), kNames);
  for (unsigned i = 0; i < count; ++i) {
    const Note& note = g_notes->at[i];
    if (__atomic_load_n(&note.ready, __ATOMIC_ACQUIRE))
      seen.push_back({note.name, note.set, note.value});
  }
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  const auto same_name = [](const auto& a, const auto& b) { return a.name == b.name; };
  std::stable_sort(seen.begin(), seen.end(), by_name);
  seen.erase(std::unique(seen.begin(), seen.end(), same_name), seen.end());
  return seen;
}

}  // namespace chicane::interpose

extern "C" {

char* getenv(const char* name) noexcept {
  return chicane::interpose::look_up(name, __builtin_return_address(0));
}

char* secure_getenv(const char* name) noexcept {
  if (getauxval(AT_SECURE) != 0) return nullptr;
  return chicane::interpose::look_up(name, __builtin_return_address(0));
}

}  // extern "C"
