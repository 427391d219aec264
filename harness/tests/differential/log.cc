// SPDX-License-Identifier: Apache-2.0

#include <cstdlib>
#include <vector>

#include "tests/differential/machine.h"

namespace chicane::differential {
namespace {

std::vector<LogEntry> g_log;

}  // namespace

void clear_log() {
  g_log.clear();
  g_log.reserve(1024);
}

void note(What what, unsigned thread, unsigned object, unsigned order, unsigned number,
          unsigned access) {
  g_log.push_back({what, static_cast<std::uint8_t>(thread), static_cast<std::uint8_t>(object),
                   static_cast<std::uint8_t>(order), static_cast<std::uint16_t>(number),
                   static_cast<std::uint16_t>(access)});
}

Program copy_of(const Program& program) { return program; }

unsigned char* new_memory(unsigned size) {
  return static_cast<unsigned char*>(std::calloc(size, 1));
}
void free_memory(unsigned char* memory) { std::free(memory); }

const std::vector<LogEntry>& log() { return g_log; }

}  // namespace chicane::differential
