// SPDX-License-Identifier: Apache-2.0
#include "report/convert.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>

#include "report/object_names.h"
#include "report/race_facts.h"
#include "report/schedule_table.h"
#include "report/source_map.h"

namespace chicane::report {
namespace {

using engine::OpKind;

/// Text of a fixed-size field, which need not be terminated.
template <std::size_t N>
std::string field_text(const char (&field)[N]) {
  return std::string(field, strnlen(field, N));
}

/// Operations whose `object` is a thread or nothing that a report names.
bool has_numeric_value(OpKind kind) {
  return is_access(kind) || kind == OpKind::kWaitGroupAdd || kind == OpKind::kSemPost;
}

/// Nothing of what is larger than a number.
std::string value_of(const engine::TraceRecord& record, std::uint64_t value) {
  const bool plain = record.kind == OpKind::kRead || record.kind == OpKind::kWrite;
  if (plain && record.size == 0) return "(fault)";
  return record.size <= sizeof value ? value_text(value, record.size) : "";
}

std::string with_name(std::string text, const std::string& name, bool quote) {
  for (std::size_t at = text.find("%o"); at != std::string::npos; at = text.find("%o", at)) {
    std::string shown = name;
    // A variable is quoted, "lock 1" is not; who wrote the quotes into the message gets them once.
    const bool quoted =
        at > 0 && text[at - 1] == '`' && at + 2 < text.size() && text[at + 2] == '`';
    if (quote && !quoted) shown = "`" + shown + "`";
    if (!quote && quoted) {
      text.replace(at - 1, 4, shown);
    } else {
      text.replace(at, 2, shown);
    }
    at += shown.size();
  }
  return text;
}

/// Monitors do not know names: they write "a lock", "a channel". With the name in its place: "waits
/// for a lock that it already holds" -> "waits for `mu`, which it already holds". What follows a
/// semicolon is about other threads, and their objects.
std::string with_object(std::string text, const std::string& object) {
  if (object.empty()) return text;
  struct Form {
    std::string_view generic, before, after;
  };
  constexpr Form kForms[] = {{"the same memory", "", ""},
                             {"a read lock", "", " for reading"},
                             {"a lock", "", ""},
                             {"a channel", "", ""},
                             {"a WaitGroup", "", ""},
                             {"a semaphore", "", ""},
                             {"a signal that", "a signal of ", " that"},
                             {"a signal", "a signal of ", ""}};
  const std::size_t own = text.find(';');
  for (const Form& form : kForms) {
    const std::size_t at = text.find(form.generic);
    if (at >= own) continue;
    const std::size_t end = at + form.generic.size();
    if (end < text.size() && text[end] != ' ' && text[end] != ',' && text[end] != ';') continue;
    std::string shown(form.before);
    shown += quoted_object(object);
    shown += form.after;
    const bool clause = text.compare(end, 6, " that ") == 0;
    text.replace(at, form.generic.size() + (clause ? 6 : 0), shown + (clause ? ", which " : ""));
    return text;
  }
  return text;
}

/// What the object of a site is, by the words that say what happens to it; "" when the object is
/// none that a report names (a thread that is waited for), null when the words do not tell.
const char* category_of_detail(const std::string& detail) {
  const auto has = [&detail](std::string_view part) { return detail.find(part) != detail.npos; };
  if (has(" to end") || has("in a select") || has("sleeps")) return "";
  if (has("channel")) return "channel";
  if (has("WaitGroup")) return "wait group";
  if (has("signal")) return "condition";
  if (has("semaphore")) return "semaphore";
  if (has("barrier")) return "barrier";
  if (has("a once")) return "once";
  if (has("lock")) return "lock";
  return nullptr;
}

/// What a write is called that is the end of its block.
constexpr const char* kFree = "free";

/// What a finding's object is when the trace does not say.
const char* category_of_kind(const std::string& kind) {
  const auto has = [&kind](std::string_view part) { return kind.find(part) != std::string::npos; };
  if (has("wakeup") || has("wait-without")) return "condition";
  if (has("waitgroup")) return "wait group";
  if (has("lock") || has("owner")) return "lock";
  if (has("closed") || has("close-of")) return "channel";
  if (has("map")) return "map";
  return "object";
}

/// One conversion: the names and the parts of the diagnosis that depend on them.
class Converter {
 public:
  Converter(const RawRun& run, const engine::Finding& finding, Symbolizer& symbolizer)
      : run_(run), finding_(finding), symbolizer_(symbolizer), names_(symbolizer) {}

  Diagnosis convert() {
    diagnosis_.kind = field_text(finding_.kind);
    diagnosis_.confirmed = diagnosis_.kind != "lock-order-inversion";
    diagnosis_.run = finding_.run;
    diagnosis_.length = finding_.step;
    add_stacks();
    add_names();
    add_object();
    add_storage();
    for (const engine::FindingSite& site : run_.sites) add_site(site);
    for (const engine::ThreadRecord& thread : run_.threads) add_thread(thread);
    for (const engine::TraceRecord& record : run_.trace) add_step(record);
    add_order();
    return std::move(diagnosis_);
  }

 private:
  /// Stacks first: their units are then the first ones in which variables are looked for.
  void add_stacks() {
    for (const engine::FindingSite& site : run_.sites) symbolizer_.frames(site.stack);
  }

  /// Places before numbers, so that an object with a variable's name never gets a number.
  void add_names() {
    names_.add(finding_.object);
    for (const engine::FindingSite& site : run_.sites) names_.add(site.object);
    for (const engine::TraceRecord& record : run_.trace) {
      engine::Place place = record.place;
      if (place.address == 0) place.address = record.object;
      if (ObjectNames::category(record.kind)[0] != '\0') names_.add(place);
    }
    // An object is what is done to it beside plain accesses: its constructor writes a lock, too.
    for (const bool plain : {false, true}) {
      for (const engine::TraceRecord& record : run_.trace) {
        if (is_access(record.kind) != plain) continue;
        const char* category = ObjectNames::category(record.kind);
        if (category[0] != '\0') categories_.try_emplace(record.object, category);
      }
    }
    // Numbers go by first use in the run, whatever the finding mentions first.
    for (const engine::TraceRecord& record : run_.trace) object_name(record.kind, record.object);
  }

  std::string object_name(OpKind kind, std::uint64_t address) {
    if (address == 0 || ObjectNames::category(kind)[0] == '\0') return {};
    return names_.name(address, categories_.at(address));
  }

  std::string place_name(const engine::Place& place, const char* category) {
    if (place.address == 0 || category[0] == '\0') return {};
    const auto known = categories_.find(place.address);
    return names_.name(place.address, known != categories_.end() ? known->second : category);
  }

  const char* default_category(const engine::Place& place) const {
    if (diagnosis_.kind == "data-race") {
      return place.region == engine::Region::kHeap ? "heap object" : "variable";
    }
    return category_of_kind(diagnosis_.kind);
  }

  const char* category_of(const engine::FindingSite& site) const {
    const char* told = category_of_detail(field_text(site.detail));
    return told != nullptr ? told : default_category(site.object);
  }

  bool is_variable(std::uint64_t address) { return !names_.variable(address).name.empty(); }

  /// The finding's object, or the first one of its sites that has a name to report.
  void add_object() {
    engine::Place object = finding_.object;
    const char* category = default_category(object);
    for (const engine::FindingSite& site : run_.sites) {
      if (site.object.address == 0) continue;
      if (object.address != 0 && site.object.address != object.address) continue;
      category = category_of(site);
      if (category[0] == '\0') {
        object = {};  // a thread that is waited for: look on
      } else {
        object = site.object;
        break;
      }
    }
    diagnosis_.object = place_name(object, category);
    const Variable& variable = names_.variable(object.address);
    diagnosis_.declared_file = variable.file;
    diagnosis_.declared_line = variable.line;
    const std::string raw = field_text(finding_.message);
    const std::string shown = diagnosis_.object.empty() ? "an object" : diagnosis_.object;
    const bool concerned = object.address == finding_.object.address;
    diagnosis_.message = with_name(concerned ? with_object(raw, diagnosis_.object) : raw, shown,
                                   is_variable(object.address));
  }

  void add_site(const engine::FindingSite& raw) {
    Site site;
    site.role = field_text(raw.role);
    site.thread = raw.thread == engine::kNoThread ? -1 : static_cast<int>(raw.thread);
    const engine::Place& object = raw.object.address != 0 ? raw.object : finding_.object;
    site.object = object.address == raw.object.address ? place_name(object, category_of(raw))
                                                       : diagnosis_.object;
    site.detail = with_name(with_object(field_text(raw.detail), site.object), site.object,
                            is_variable(object.address));
    if (site.detail.starts_with("holding ")) add_facts(raw, &site);
    site.stack = symbolizer_.frames(raw.stack);
    site.step = raw.step;
    if (const std::string function = returned_from(raw); !function.empty()) {
      if (!site.detail.empty()) site.detail += "; ";
      site.detail += "`" + function + "` has returned";
    }
    diagnosis_.sites.push_back(std::move(site));
  }

  /// The user's function that took the lock of a "locked" or "holds" site, if it has returned since
  /// without giving it back; else empty.
  std::string returned_from(const engine::FindingSite& raw) {
    const bool leak = diagnosis_.kind == "lock-leak" && field_text(raw.role) == "locked";
    if (!leak && field_text(raw.role) != "holds") return {};
    std::uint32_t callers = raw.stack.depth;  // of the user's function
    const Frame* taken_in = nullptr;
    for (std::uint32_t i = 0; i < raw.stack.depth && taken_in == nullptr; ++i) {
      --callers;
      const std::vector<Frame>& frames = symbolizer_.frames(raw.stack.pcs[i]);
      const auto user = std::find_if(frames.begin(), frames.end(), [](const Frame& frame) {
        return frame.line != 0 && is_user_file(frame.file);
      });
      if (user != frames.end()) taken_in = &*user;
    }
    // The stack may have been cut, or not be known beyond the call.
    if (taken_in == nullptr || callers == 0 || raw.stack.depth == engine::kMaxFrames) return {};
    if (!leak && !is_gone(raw, callers)) return {};
    const std::size_t scope = taken_in->function.rfind("::");
    return scope == std::string::npos ? taken_in->function : taken_in->function.substr(scope + 2);
  }

  /// Whether the thread of a "holds" site waits outside of the call that has so many callers.
  bool is_gone(const engine::FindingSite& holds, std::uint32_t callers) const {
    for (const engine::FindingSite& waits : run_.sites) {
      if (waits.thread != holds.thread || field_text(waits.role) != "waits") continue;
      if (waits.stack.depth == engine::kMaxFrames) return false;
      return waits.stack.depth <= callers ||
             !std::equal(holds.stack.pcs + (holds.stack.depth - callers),
                         holds.stack.pcs + holds.stack.depth,
                         waits.stack.pcs + (waits.stack.depth - callers));
    }
    return false;
  }

  /// The value that an access read or wrote, and the locks that its thread held, which the monitor
  /// only counts.
  void add_facts(const engine::FindingSite& raw, Site* site) {
    const AccessFacts facts = facts_of(run_.whole, raw, finding_.object.address);
    if (facts.record != nullptr && facts.record->frees != 0) {
      site->role = kFree;
    } else if (facts.record != nullptr && facts.record->size <= sizeof facts.record->value) {
      const engine::TraceRecord& record = *facts.record;
      site->value = value_text(facts.writes() ? record.value_after : record.value, record.size);
      if (site->value.starts_with('(')) site->value.clear();  // a pointer
    }
    constexpr std::size_t kNamed = 3;
    const auto& held = facts.held;
    const std::string counted = "holding " + std::to_string(held.size()) + " lock";
    if (held.empty() || held.size() > kNamed || !site->detail.starts_with(counted)) return;
    std::string text = "holding ";
    for (std::size_t i = 0; i < held.size(); ++i) {
      if (i != 0) text += i + 1 == held.size() ? " and " : ", ";
      text += lock_name(*held[i]);
      const bool reads = (engine::bit_of(held[i]->kind) & engine::kReadLockKinds) != 0;
      if (reads) text += " for reading";
    }
    site->detail = text;
  }

  std::string lock_name(const engine::TraceRecord& record) {
    names_.add(record.place);
    return quoted_object(place_name(record.place, ObjectNames::category(record.kind)));
  }

  void add_storage() {
    const engine::Place& place = finding_.object;
    Storage& storage = diagnosis_.storage;
    if (place.region == engine::Region::kStatic) {
      storage.kind = "static";
    } else if (place.region == engine::Region::kStack) {
      storage.kind = "stack";
      storage.thread = static_cast<int>(place.thread);
    } else if (place.region == engine::Region::kHeap) {
      const auto* block = block_at(run_.allocations, place.address, finding_.step);
      if (block == nullptr) return;
      storage.kind = "heap";
      storage.thread = static_cast<int>(block->thread);
      storage.size = block->size;
      storage.offset = place.address - block->start;
      storage.allocated_at = symbolizer_.frames(block->stack);
    }
  }

  void add_order() {
    if (diagnosis_.kind != "data-race" || run_.sites.size() != 2) return;
    const FactWords words{[this](const engine::TraceRecord& record) { return lock_name(record); },
                          [this](engine::ThreadId thread) {
                            return thread_label(diagnosis_, static_cast<int>(thread));
                          },
                          [this](const engine::Stack& stack) {
                            const std::vector<Frame> frames = symbolizer_.frames(stack);
                            const Frame* frame = user_frame(frames);
                            if (frame == nullptr) return std::string("?");
                            return base_name(frame->file) + ":" + std::to_string(frame->line);
                          }};
    const std::uint64_t object = finding_.object.address;
    const AccessFacts one = facts_of(run_.whole, run_.sites[0], object);
    const AccessFacts other = facts_of(run_.whole, run_.sites[1], object);
    diagnosis_.would_order = would_order(run_.whole, run_.threads, one, other, words);
    if (is_free(one) != is_free(other)) {
      diagnosis_.message = quoted_object(diagnosis_.object) +
                           " is freed by one thread and used by another, nothing orders them";
    }
  }

  void add_thread(const engine::ThreadRecord& raw) {
    ThreadInfo thread;
    thread.id = static_cast<int>(raw.id);
    thread.parent = raw.parent == engine::kNoThread ? -1 : static_cast<int>(raw.parent);
    thread.name = thread_name(raw);
    thread.created_at = symbolizer_.frames(raw.created_at);
    diagnosis_.threads.push_back(std::move(thread));
  }

  void add_step(const engine::TraceRecord& raw) {
    Step step;
    step.step = raw.step;
    step.thread = static_cast<int>(raw.thread);
    step.operation = raw.frees != 0 ? kFree : engine::to_string(raw.kind);
    step.outcome = engine::to_string(raw.outcome);
    step.object = object_name(raw.kind, raw.object);
    if (has_numeric_value(raw.kind)) step.value = value_of(raw, raw.value);
    if (is_access(raw.kind)) step.value_after = value_of(raw, raw.value_after);
    step.forced = raw.forced != 0;
    step.stack = symbolizer_.frames(raw.stack);
    if (step.forced) ++diagnosis_.forced_switches;
    diagnosis_.length = std::max(diagnosis_.length, raw.step);
    diagnosis_.steps.push_back(std::move(step));
  }

  const RawRun& run_;
  const engine::Finding& finding_;
  Symbolizer& symbolizer_;
  ObjectNames names_;
  std::map<std::uint64_t, const char*> categories_;
  Diagnosis diagnosis_;
};

}  // namespace

Diagnosis convert(const RawRun& run, const engine::Finding& finding, Symbolizer& symbolizer) {
  return Converter(run, finding, symbolizer).convert();
}

std::string thread_name(const engine::ThreadRecord& thread) {
  if (thread.id == engine::kMainThread) return "main";
  std::string name =
      (thread.is_goroutine != 0 ? "goroutine " : "thread ") + std::to_string(thread.id);
  const std::string own = field_text(thread.name);
  const bool generic =
      own.empty() || own == "main" || own.rfind("thread", 0) == 0 || own.rfind("goroutine", 0) == 0;
  return generic ? name : name + " (" + own + ")";
}

std::string value_text(std::uint64_t value, unsigned size) {
  const unsigned above = size == 1 || size == 2 || size == 4 ? 64 - 8 * size : 0;
  const std::int64_t number = static_cast<std::int64_t>(value << above) >> above;  // its sign
  // Code, data, heap and stacks of a 64-bit process lie between these.
  constexpr std::int64_t kLowest = std::int64_t{1} << 32, kHighest = std::int64_t{1} << 47;
  if (number >= kLowest && number < kHighest) return "(pointer)";
  return std::to_string(number);
}

}  // namespace chicane::report
