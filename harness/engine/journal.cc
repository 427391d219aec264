// SPDX-License-Identifier: Apache-2.0
#include "engine/journal.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace chicane::engine {
namespace {

constexpr std::size_t kMaxWitnessChoices = 1 << 22;
constexpr std::size_t kMaxFindings = 256;
constexpr std::size_t kMaxSites = 1 << 14;
constexpr std::size_t kMaxWitnesses = 256;
constexpr std::size_t kMaxTrace = 1 << 18;
constexpr std::size_t kMaxThreads = 1 << 12;
constexpr std::size_t kMaxRacySites = 256;
constexpr std::size_t kMaxAllocations = 1 << 16;
constexpr std::size_t kMaxPredictions = 48;
constexpr std::size_t kMaxKnown = 1 << 10;

void copy_text(char* to, std::size_t size, std::string_view text) {
  const std::size_t length = std::min(size - 1, text.size());
  std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15ull + (hash << 6) + (hash >> 2);
  return hash * 0xbf58476d1ce4e5b9ull;
}

}  // namespace

struct Journal::Memory {
  Journal self;
  JournalCounters counters;
  std::uint32_t choice_count, witness_choice_count, finding_count, site_count, witness_count;
  std::uint32_t trace_count, thread_count, racy_count, known_count;
  std::uint32_t allocation_count, prediction_count;
  std::uint64_t known[kMaxKnown];
  std::uint64_t racy[kMaxRacySites];
  PredictedRace predictions[kMaxPredictions];
  Finding findings[kMaxFindings];
  WitnessRecord witnesses[kMaxWitnesses];
  FindingSite sites[kMaxSites];
  ThreadRecord threads[kMaxThreads];
  ChoiceRecord choices[kMaxChoices];
  ChoiceRecord witness_choices[kMaxWitnessChoices];
  AllocationRecord allocations[kMaxAllocations];
  TraceRecord trace[kMaxTrace];
};

Journal* Journal::create() {
  void* memory = mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* mapped = static_cast<Memory*>(memory);
  mapped->self.memory_ = mapped;
  mapped->self.counters_ = &mapped->counters;
  mapped->self.choices_ = mapped->choices;
  mapped->self.choice_count_ = &mapped->choice_count;
  return &mapped->self;
}

void Journal::destroy() { munmap(memory_, sizeof(Memory)); }

void Journal::begin_run(std::uint64_t run) {
  counters_->run = run;
  counters_->step = 0;
  counters_->in_program = 1;
  counters_->lost_update = 0;
  memory_->choice_count = 0;
  memory_->thread_count = 0;
  if (recording_) memory_->trace_count = memory_->allocation_count = 0;
  first_finding_ = memory_->finding_count;
  open_finding_ = false;
}

Finding* Journal::begin_finding(std::string_view kind, std::string_view message) {
  commit_finding();
  if (memory_->finding_count == kMaxFindings) {
    counters_->truncated = 1;
    return nullptr;
  }
  Finding& finding = memory_->findings[memory_->finding_count++];
  finding = Finding{};
  copy_text(finding.kind, sizeof finding.kind, kind);
  copy_text(finding.message, sizeof finding.message, message);
  finding.run = counters_->run;
  finding.step = counters_->step;
  finding.first_site = memory_->site_count;
  open_finding_ = true;
  return &finding;
}

FindingSite* Journal::begin_site(Finding* finding) {
  if (memory_->site_count == kMaxSites) {
    counters_->truncated = 1;
    return nullptr;
  }
  ++finding->site_count;
  FindingSite* site = &memory_->sites[memory_->site_count++];
  *site = FindingSite{};
  return site;
}

std::uint64_t Journal::signature(const Finding& finding) const {
  std::uint64_t hash = 1;
  for (const char* c = finding.kind; *c != '\0'; ++c) hash = mix(hash, static_cast<unsigned>(*c));
  std::uint64_t all = 0;  // a sum: the order of the sites does not matter
  for (const FindingSite& site : sites(finding)) {
    std::uint64_t one = 7;
    for (std::uint32_t i = 0; i < site.stack.depth; ++i) one = mix(one, site.stack.pcs[i]);
    for (const char* c = site.role; *c != '\0'; ++c) one = mix(one, static_cast<unsigned>(*c));
    all += one;
  }
  return mix(hash, all) | 1;
}

bool Journal::known(std::uint64_t signature, std::uint8_t telling) {
  const std::uint64_t entry = (signature & ~std::uint64_t{3}) | telling;
  for (std::uint32_t i = 0; i < memory_->known_count; ++i) {
    if (memory_->known[i] == entry) return true;
  }
  if (memory_->known_count < kMaxKnown) memory_->known[memory_->known_count++] = entry;
  return false;
}

std::uint8_t Journal::telling(const Finding& finding) const {
  if (std::strcmp(finding.kind, "data-race") != 0) return 0;
  const auto racy = racy_sites();
  for (const FindingSite& site : sites(finding)) {
    if (site.stack.depth == 0 ||
        std::find(racy.begin(), racy.end(), site.stack.pcs[0]) == racy.end()) {
      return 0;
    }
  }
  return counters_->lost_update != 0 ? 2 : 1;
}

bool Journal::commit_finding() {
  if (!open_finding_) return false;
  open_finding_ = false;
  Finding& finding = memory_->findings[memory_->finding_count - 1];
  finding.telling = telling(finding);
  if (recording_ || !known(signature(finding), finding.telling)) return true;
  memory_->site_count = finding.first_site;
  --memory_->finding_count;
  return false;
}

void Journal::end_run(RunEnd end, std::uint64_t steps) {
  commit_finding();
  counters_->in_program = 0;
  ++counters_->runs_done;
  counters_->total_steps += steps;
  counters_->last_end = end;
  if (end != RunEnd::kFinished) ++counters_->bad_runs;
  if (memory_->finding_count == first_finding_) return;
  if (memory_->witness_count == kMaxWitnesses ||
      memory_->witness_choice_count + memory_->choice_count > kMaxWitnessChoices) {
    counters_->truncated = 1;
    return;
  }
  WitnessRecord& witness = memory_->witnesses[memory_->witness_count++];
  witness.run = counters_->run;
  witness.finding = first_finding_;
  witness.finding_count = memory_->finding_count - first_finding_;
  witness.first_choice = memory_->witness_choice_count;
  witness.choice_count = memory_->choice_count;
  witness.racy_count = memory_->racy_count;
  witness.end = end;
  std::copy_n(memory_->choices, memory_->choice_count,
              memory_->witness_choices + memory_->witness_choice_count);
  memory_->witness_choice_count += memory_->choice_count;
  first_finding_ = memory_->finding_count;
}

void Journal::end_dead_run() {
  if (counters_->in_program == 0) return;
  end_run(RunEnd::kFatal, counters_->step);
}

TraceRecord* Journal::add_trace() {
  if (memory_->trace_count == kMaxTrace) {
    counters_->truncated = 1;
    return nullptr;
  }
  TraceRecord* record = &memory_->trace[memory_->trace_count++];
  *record = TraceRecord{};
  return record;
}

TraceRecord* Journal::last_trace() {
  return memory_->trace_count == 0 ? nullptr : &memory_->trace[memory_->trace_count - 1];
}

AllocationRecord* Journal::add_allocation() {
  if (memory_->allocation_count == kMaxAllocations) return nullptr;
  return &memory_->allocations[memory_->allocation_count++];
}

bool Journal::add_prediction(const PredictedRace& race) {
  const auto same = [&race](const PredictedRace& known) {
    return known.first.site == race.first.site && known.second.site == race.second.site;
  };
  const auto all = predictions();
  const auto known = std::find_if(all.begin(), all.end(), same);
  if (known != all.end() || all.size() == kMaxPredictions) return false;
  memory_->predictions[memory_->prediction_count++] = race;
  return true;
}

ThreadRecord* Journal::add_thread() {
  if (memory_->thread_count == kMaxThreads) return nullptr;
  ThreadRecord* record = &memory_->threads[memory_->thread_count++];
  *record = ThreadRecord{};
  return record;
}

void Journal::clear(bool known) {
  memory_->choice_count = memory_->witness_choice_count = 0;
  memory_->finding_count = memory_->site_count = memory_->witness_count = 0;
  memory_->trace_count = memory_->thread_count = memory_->allocation_count = 0;
  first_finding_ = 0;
  open_finding_ = false;
  const auto runs = *counters_;
  *counters_ = JournalCounters{};
  counters_->threads = runs.threads;
  if (known) {
    memory_->known_count = memory_->prediction_count = 0;
    memory_->racy_count = 0;
  } else {
    counters_->runs_done = runs.runs_done;
    counters_->total_steps = runs.total_steps;
    counters_->bad_runs = runs.bad_runs;
    counters_->run_nanoseconds = runs.run_nanoseconds;
  }
}

std::span<const Finding> Journal::findings() const {
  return {memory_->findings, memory_->finding_count};
}
std::span<const FindingSite> Journal::sites(const Finding& finding) const {
  return {memory_->sites + finding.first_site, finding.site_count};
}
std::span<const WitnessRecord> Journal::witnesses() const {
  return {memory_->witnesses, memory_->witness_count};
}
std::span<const ChoiceRecord> Journal::choices(const WitnessRecord& witness) const {
  return {memory_->witness_choices + witness.first_choice, witness.choice_count};
}
std::span<const ChoiceRecord> Journal::current_choices() const {
  return {memory_->choices, memory_->choice_count};
}
std::span<const TraceRecord> Journal::trace() const {
  return {memory_->trace, memory_->trace_count};
}
std::span<const ThreadRecord> Journal::threads() const {
  return {memory_->threads, memory_->thread_count};
}
std::span<const AllocationRecord> Journal::allocations() const {
  return {memory_->allocations, memory_->allocation_count};
}
std::span<const PredictedRace> Journal::predictions() const {
  return {memory_->predictions, memory_->prediction_count};
}
std::span<const std::uint64_t> Journal::racy_sites() const {
  return {memory_->racy, memory_->racy_count};
}

void Journal::add_racy_site(std::uint64_t site) {
  const auto racy = racy_sites();
  if (std::find(racy.begin(), racy.end(), site) != racy.end()) return;
  if (memory_->racy_count < kMaxRacySites) memory_->racy[memory_->racy_count++] = site;
}

void Journal::set_racy_sites(std::span<const std::uint64_t> sites) {
  memory_->racy_count = 0;
  for (const std::uint64_t site : sites) add_racy_site(site);
}

}  // namespace chicane::engine
