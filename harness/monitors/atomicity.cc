// SPDX-License-Identifier: Apache-2.0
#include "monitors/atomicity.h"

#include <algorithm>
#include <string>

#include "engine/engine.h"
#include "engine/journal.h"
#include "monitors/heap_contents.h"
#include "monitors/trace_order.h"
#include "monitors/wording.h"

namespace chicane::monitors {

using engine::ThreadId;

namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
  return hash ^ hash >> 29;
}

std::uint64_t low_bytes(std::uint64_t value, std::uint32_t size) {
  return size >= 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
}

}  // namespace

void Dependence::add(std::uint64_t read, std::uint64_t written, std::uint32_t size) {
  constexpr std::size_t kPoints = 8;
  read = low_bytes(read, size);
  written = low_bytes(written, size);
  bool known = false;
  for (Point& point : points_) {
    // Another value each time, or the same whatever was read: not a function of what was read.
    if ((point.read == read) != (point.written == written)) refuted_ = true;
    if (point.read != read) continue;
    known = true;
    ++point.seen;
  }
  if (!known && points_.size() < kPoints) points_.push_back({read, written, 1});
  size_ = size;
}

bool Dependence::proven() const {
  if (refuted_) return false;
  unsigned often = 0;
  for (const Point& one : points_) {
    often += one.seen >= 2 && !like_a_pointer(one.written);
    for (const Point& other : points_) {
      if (&one == &other || one.read == one.written) continue;
      const std::uint64_t difference = one.written - one.read - (other.written - other.read);
      const bool same_bits = (one.read ^ one.written) == (other.read ^ other.written);
      if (low_bytes(difference, size_) == 0 || same_bits) return true;
    }
  }
  return often >= 2;
}

// ---- what runs prove together ----

bool AtomicityAnalysis::note_moment(const Moment& moment) {
  const Pair pair = pair_of(moment);
  const std::uint64_t key = mix(PairHash()(pair), moment.read->thread);
  Known& known = moments_[mix(key, ++count_[key])];
  const auto add = [&](Dependence& dependence, const TraceEntry& read) {
    const auto [from, to] = meanings(read, *moment.write);
    const bool by_value = to == moment.write->value;
    dependence.add(from, to, by_value ? moment.write->size : sizeof to);
  };
  add(known.on_read, *moment.read);
  if (moment.second != nullptr) add(known.on_second, *moment.second);
  known.left_alone |= moment.interrupts == nullptr;
  const bool disregards = moment.second == nullptr || known.on_second.refuted();
  const bool may_be_left_alone = !moment.by_order || known.left_alone;
  if (known.on_read.proven() && disregards && may_be_left_alone) dependent_.insert(pair);
  return disregards && !known.on_read.refuted();
}

void AtomicityAnalysis::note_followed(const TraceEntry& read, bool written) {
  Outcomes& outcomes = followed_[mix(read.place.hash(), low_bytes(read.value, read.size))];
  ++(written ? outcomes.written : outcomes.left);
}

bool AtomicityAnalysis::contradicts(const Moment& moment) const {
  const TraceEntry &read = *moment.read, &write = *moment.write;
  const std::uint64_t at_write = low_bytes(moment.before_write->value, write.size);
  if (at_write == low_bytes(write.value, write.size)) return false;
  const auto known = followed_.find(mix(read.place.hash(), at_write));
  return known != followed_.end() && known->second.left != 0 && known->second.written == 0;
}

/// The address that says what was proven: in the middle of an instruction of the pair.
std::uint64_t AtomicityAnalysis::mark_of(const Pair& pair, bool lost_update) {
  if (!lost_update) return pair.read.pcs[0] + 1;
  return pair.write.pcs[0] + (pair.looks_again ? 2 : 1);
}

bool AtomicityAnalysis::is_listed(const Pair& pair, bool lost_update,
                                  std::span<const std::uint64_t> sites) {
  const auto has = [&](std::uint64_t site) {
    return site == 0 || std::find(sites.begin(), sites.end(), site) != sites.end();
  };
  return has(mark_of(pair, lost_update)) &&
         std::all_of(pair.read.pcs.begin(), pair.read.pcs.end(), has) &&
         std::all_of(pair.write.pcs.begin(), pair.write.pcs.end(), has);
}

void AtomicityAnalysis::propose(const Pair& pair, bool lost_update) {
  open_.erase(pair);
  if (!proposed_.insert(pair).second) return;
  for (const CodePlace& place : {pair.read, pair.write}) {
    for (const std::uint64_t pc : place.pcs) {
      if (pc != 0) new_sites_.push_back(pc);
    }
  }
  new_sites_.push_back(mark_of(pair, lost_update));
}

std::vector<Interruption> AtomicityAnalysis::find(const RunTrace& trace, bool finished,
                                                  std::span<const std::uint64_t> sites) {
  std::vector<Interruption> found;
  count_.clear();
  ++runs_;
  const Looks looks = find_looks(trace, finished);
  std::vector<std::pair<const Moment*, bool>> candidates;  // and whether a proof may come
  if (!replays_) {
    for (const auto& [read, written] : looks.followed) note_followed(*read, written);
  }
  for (const Moment& moment : looks.moments) {
    const bool promising = !replays_ && note_moment(moment);
    if (moment.interrupted) candidates.emplace_back(&moment, promising);
  }
  for (const auto& [moment, promising] : candidates) {
    if (moment->by_order && !is_ordered(trace, *moment)) continue;
    if (judge_moment(*moment, sites, &found)) continue;
    const bool direct = moment->second == nullptr && !moment->by_order;
    if ((direct || promising) && !proposed_.contains(pair_of(*moment))) {
      open_.insert(pair_of(*moment));
    }
  }
  return found;
}

/// Whether it is proven to be a mistake, here or by the racy `sites`; then it is proposed, or
/// found.
bool AtomicityAnalysis::judge_moment(const Moment& moment, std::span<const std::uint64_t> sites,
                                     std::vector<Interruption>* found) {
  const Pair pair = pair_of(moment);
  for (const bool lost_update : {true, false}) {
    if (!lost_update && (moment.second != nullptr || moment.by_order)) continue;
    const bool proof = replays_ || (lost_update ? dependent_.contains(pair) : contradicts(moment));
    if (is_listed(pair, lost_update, sites)) {
      if (!lost_update && !proof) continue;
      found->push_back({moment.read, moment.interrupts, moment.write, lost_update});
      reported_.insert(pair);
      return true;
    }
    if (!proof || replays_) continue;
    propose(pair, lost_update);
    return true;
  }
  return false;
}

/// Whether the other thread's write came between without a data race.
bool AtomicityAnalysis::is_ordered(const RunTrace& trace, const Moment& moment) {
  const auto index = [&](const TraceEntry* entry) {
    return static_cast<std::size_t>(entry - trace.entries.data());
  };
  return happens_before(trace, index(moment.read), index(moment.interrupts)) &&
         happens_before(trace, index(moment.interrupts), index(moment.write));
}

bool AtomicityAnalysis::wants_more() const {
  return runs_ < kPatience && (!open_.empty() || reported_.size() < proposed_.size());
}

// ---- findings ----

namespace {

std::string value_of(const TraceEntry& entry) {
  const std::uint64_t value = low_bytes(entry.value, entry.size);
  if (like_a_pointer(value)) return "(pointer)";
  const unsigned above = entry.size >= 8 ? 0 : 64 - 8 * entry.size;
  return std::to_string(static_cast<std::int64_t>(value << above) >> above);
}

engine::Stack stack_of(const CodePlace& place) {
  engine::Stack stack;
  for (const std::uint64_t pc : place.pcs) {
    if (pc != 0) stack.pcs[stack.depth++] = pc;
  }
  return stack;
}

class Report {
 public:
  explicit Report(engine::Engine& engine) : engine_(engine) {}

  void write(const Interruption& found) {
    const void* object = reinterpret_cast<const void*>(found.write->address);
    const std::string who = name(*found.write), other = name(*found.interrupts);
    const std::string message = found.lost_update
                                    ? who + " writes %o from what it read before " + other +
                                          " changed it: that change is lost"
                                    : who + " looks at %o, " + other + " changes it, and " + who +
                                          " overwrites it as if nothing had happened";
    engine::Finding* finding =
        engine_.report(found.lost_update ? "lost-update" : "atomicity-violation", message, object);
    add(finding, found.lost_update ? "read" : "checks", *found.read,
        "reads " + value_of(*found.read));
    add(finding, found.lost_update ? "lost" : "interrupts", *found.interrupts,
        "makes it " + value_of(*found.interrupts));
    const bool copied = meanings(*found.read, *found.write).second != found.write->value;
    const std::string source =
        copied ? "a changed copy of what it read about" : "made from " + value_of(*found.read);
    add(finding, found.lost_update ? "write" : "acts", *found.write,
        "writes " + value_of(*found.write) + (found.lost_update ? ", " + source : ""));
  }

 private:
  std::string name(const TraceEntry& entry) { return name_of(*engine_.threads()[entry.thread]); }
  void add(engine::Finding* finding, const char* role, const TraceEntry& entry,
           const std::string& detail) {
    if (engine_.journal().recording()) {
      engine_.add_site(finding, role, entry.thread,
                       reinterpret_cast<const void*>(entry.place.pcs[0]), false, entry.step,
                       detail);
    } else {
      engine_.add_site_with_stack(finding, role, entry.thread, stack_of(entry.place), detail);
    }
  }

  engine::Engine& engine_;
};

}  // namespace

void AtomicityAnalysis::judge(const RunTrace& trace, engine::RunEnd end, engine::Engine& engine) {
  Report report(engine);
  engine::SharedHeap* const before = engine::SharedHeap::use(heap_);
  const auto found_now =
      find(trace, end == engine::RunEnd::kFinished, engine.journal().racy_sites());
  engine::SharedHeap::use(before);
  for (const Interruption& found : found_now) report.write(found);
}

}  // namespace chicane::monitors
