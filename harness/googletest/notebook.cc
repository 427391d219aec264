// SPDX-License-Identifier: Apache-2.0
#include "googletest/notebook.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace chicane::googletest {
namespace {

template <std::size_t size>
void copy(char (&to)[size], const std::string& from) {
  std::snprintf(to, size, "%s", from.c_str());
}

}  // namespace

Notebook* Notebook::create() {
  void* memory =
      mmap(nullptr, sizeof(Notebook), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<Notebook*>(memory);
}

void Notebook::clear() {
  failure_count_ = property_count_ = 0;
  runs_ = skips_ = 0;
  sequential_ = 0;
  native_because_[0] = '\0';
}

void Notebook::fill(Entry* entry, const std::string& summary, const Failure& failure) {
  copy(entry->summary, summary);
  copy(entry->file, failure.file);
  entry->line = failure.line;
  entry->fatal = failure.fatal;
  copy(entry->text, failure.text);
}

Failure Notebook::read(const Entry& entry) {
  return {.file = entry.file, .line = entry.line, .fatal = entry.fatal, .text = entry.text};
}

void Notebook::add_failure(const std::string& summary, const Failure& failure) {
  Entry* const end = failures_ + failure_count_;
  Entry* entry = std::find_if(failures_, end, [&](const Entry& known) {
    return summary == known.summary;  // I1
  });
  if (entry == end) {
    if (failure_count_ == kFailures) return;  // I2
    ++failure_count_;
  }
  fill(entry, summary, failure);
}

void Notebook::add_skip(const Failure& skip) {
  if (skips_++ == 0) fill(&skip_, {}, skip);
}

void Notebook::set_properties(const std::vector<std::pair<std::string, std::string>>& properties) {
  property_count_ = 0;
  for (const auto& [key, value] : properties) {
    if (property_count_ == kProperties) return;
    copy(properties_[property_count_].key, key);
    copy(properties_[property_count_++].value, value);
  }
}

void Notebook::end_run(bool sequential) {
  ++runs_;
  sequential_ = sequential ? 1 : 0;
}

void Notebook::ask_for_native(const char* why) { copy(native_because_, why); }

bool Notebook::find_failure(const std::string& summary, Failure* failure) const {
  const Entry* const end = failures_ + failure_count_;
  const Entry* entry =
      std::find_if(failures_, end, [&](const Entry& known) { return summary == known.summary; });
  if (entry == end) return false;
  *failure = read(*entry);
  return true;
}

bool Notebook::skipped(Failure* skip) const {
  if (runs_ == 0 || skips_ < runs_) return false;
  *skip = read(skip_);
  return true;
}

std::vector<std::pair<std::string, std::string>> Notebook::properties() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (unsigned i = 0; i < property_count_; ++i) {
    all.emplace_back(properties_[i].key, properties_[i].value);
  }
  return all;
}

}  // namespace chicane::googletest
