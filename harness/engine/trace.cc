// SPDX-License-Identifier: Apache-2.0
//
// What is written down: findings with their stacks, and the trace of a recorded run; and the
// accesses of instrumented code on their way to the monitors.
#include <algorithm>
#include <cstring>

#include "engine/engine.h"
#include "engine/journal.h"
#include "engine/scope.h"

extern "C" {
extern char __executable_start;  // the linker's: the executable's first and last byte
extern char etext;               // of its code
extern char end;
}

namespace chicane::engine {
namespace {

std::uint64_t as_number(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

std::size_t racy_slot(std::uint64_t site) { return (site * 0x9e3779b97f4a7c15ull) >> 54; }

bool in_program(const void* code) {
  return code >= static_cast<const void*>(&__executable_start) &&
         code < static_cast<const void*>(&etext);
}

/// Whether a call instruction ends before `code`, in the program: call rel32, or call through
/// register or memory. Where the program begins (an unwinder leaves that behind) nothing is before.
bool behind_call(const unsigned char* code) {
  constexpr int kLongest = 7;
  if (!in_program(code - kLongest)) return false;
  if (code[-5] == 0xe8) return true;
  for (int length = 2; length <= kLongest; ++length) {
    if (code[-length] == 0xff && (code[1 - length] & 0x38) == 0x10) return true;
  }
  return false;
}

/// Who called the library function that `site` is in: the first return address into the program
/// above the place of `site` on the stack [low, high). Copies of `site` lie below that.
const void* program_caller(const void* low, const void* high, const void* site) {
  const void* caller = nullptr;
  for (auto word = static_cast<const void* const*>(high); --word >= low && *word != site;) {
    if (in_program(*word) && behind_call(static_cast<const unsigned char*>(*word))) caller = *word;
  }
  return caller;
}

/// Where the part of a stack [low, ...) ends that is the program's: at the return address of its
/// last call, `site`, from the function with frame pointer `frame`. `low` where that does not show.
const void* end_of_program(const void* low, const void* frame, const void* site) {
  const auto* word = static_cast<const void* const*>(low);
  while (++word < frame) {
    if (word[0] == site && word[-1] == frame) return word;
  }
  return low;
}

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view text) {
  const std::size_t length = std::min(N - 1, text.size());
  std::memcpy(to, text.data(), length);
  to[length] = '\0';
}

}  // namespace

// A thread that has only read one variable, since it last gave way here, is spinning on it: its
// steps count more, or a run would take a second to come to its step limit.
void Engine::give_way(const void* address, bool write, const void* site) {
  constexpr std::uint64_t kSpinSteps = 63;
  Thread& me = *current_;
  if (!write && site == me.spin_site_ && address == me.spin_address_) step_ += kSpinSteps;
  me.spin_site_ = write ? nullptr : site;
  me.spin_address_ = address;
  perform({.kind = OpKind::kYield, .object = address, .site = site});
  emit(OpKind::kYield, Outcome::kDone, address, site);
}

void Engine::on_special_access(const void* address, std::size_t size, bool write, const void* site,
                               Engine& me) {
  g_quick_accesses = 0;
  if (me.quick_limit_ != 0 || ++me.special_accesses_ > me.options_.access_limit) {
    me.give_way(address, write, site);
  }
  if (me.is_racy(site) && ++me.racy_accesses_ <= me.options_.racy_limit) {
    me.access_operation(address, size, write, site);
  }
  if (me.recording_) {
    Scope scope;
    me.close_record();
    me.record(write ? OpKind::kWrite : OpKind::kRead, Outcome::kDone, address, site,
              read_value(address, size), nullptr, size);
  }
  if (me.step_ >= me.fair_from_) {
    Scope scope;
    for (Monitor* monitor : me.fair_monitors_) {
      monitor->on_access(me.current_->id_, address, size, write, site);
    }
  }
  me.sink(write)(address, size, site, me.access_sink_.context);
}

template <bool kWrite>
void Engine::tell_access(const void* address, std::size_t size, const void* site, void* engine) {
  Engine& me = *static_cast<Engine*>(engine);
  Scope scope;
  for (Monitor* monitor : me.access_monitors_) {
    monitor->on_access(me.current_->id_, address, size, kWrite, site);
  }
}

AccessSink Engine::own_sink() {
  return {&Engine::tell_access<false>, &Engine::tell_access<true>, &Engine::tell_atomic, this};
}

void Engine::access_operation(const void* address, std::size_t size, bool write, const void* site) {
  const OpKind kind = write ? OpKind::kWrite : OpKind::kRead;
  perform({.kind = kind,
           .object = address,
           .site = site,
           .size = static_cast<std::uint8_t>(std::min<std::size_t>(size, 255))});
  Scope scope;
  for (const Thread* other : live_) {
    // Another thread stands before a write of its own, with a value that it has computed already:
    // what is written now will be lost.
    if (write && other != current_ && other->pending_.kind == OpKind::kWrite &&
        other->pending_.object == address) {
      journal_->counters().lost_update = 1;
    }
  }
  deliver({kind, Outcome::kDone, current_->id_, address, nullptr, site, 0, step_});
}

void Engine::tell_atomic(const void* address, std::size_t size, const void* site, void* engine,
                         OpKind kind, MemoryOrder order) {
  const Engine& me = *static_cast<Engine*>(engine);
  const AtomicAccess access{
      me.current_->id_, address, static_cast<std::uint32_t>(size), kind, order, site};
  Scope scope;
  for (Monitor* monitor : me.access_monitors_) monitor->on_atomic(access);
}

void Engine::on_fence(MemoryOrder order) {
  Scope scope;
  for (Monitor* monitor : access_monitors_) monitor->on_fence(current_->id_, order);
}

void Engine::tell_allocate(void* engine, const void* start, std::size_t size) {
  const Engine& me = *static_cast<Engine*>(engine);
  Scope scope;
  for (Monitor* monitor : me.memory_monitors_) monitor->on_allocate(me.current_->id_, start, size);
}

void Engine::tell_free(void* engine, const void* start, std::size_t size, const void* site) {
  const Engine& me = *static_cast<Engine*>(engine);
  if (site != nullptr) {
    me.access_sink_.write(start, std::min(size, kFreeWrites), site, me.access_sink_.context);
  }
  Scope scope;
  for (Monitor* monitor : me.memory_monitors_) monitor->on_free(me.current_->id_, start, size);
}

MemorySink Engine::own_memory_sink() { return {&Engine::tell_allocate, &Engine::tell_free, this}; }

void Engine::tell_strategy(const void* start, std::size_t size) {
  Scope scope;
  strategy_->on_allocate(current_->id_, start, size);
}

void Engine::set_racy_sites(std::span<const std::uint64_t> sites) {
  std::memset(racy_, 0, sizeof racy_);
  racy_count_ = 0;
  for (const std::uint64_t site : sites) {
    if (racy_count_ == kRacySlots / 2) break;
    std::size_t slot = racy_slot(site) % kRacySlots;
    while (racy_[slot] != 0 && racy_[slot] != site) slot = (slot + 1) % kRacySlots;
    if (racy_[slot] == 0) ++racy_count_;
    racy_[slot] = site;
  }
}

bool Engine::is_racy(const void* site) const {
  std::size_t slot = racy_slot(as_number(site)) % kRacySlots;
  for (; racy_[slot] != 0; slot = (slot + 1) % kRacySlots) {
    if (racy_[slot] == as_number(site)) return true;
  }
  return false;
}

void Engine::close_record() {
  if (open_record_ == nullptr) return;
  open_record_->value_after =
      read_value(reinterpret_cast<const void*>(open_record_->object), open_record_->size);
  open_record_ = nullptr;
}

/// The write that the trace ends in is that of a block's end, if there was one.
void Engine::record_free(const void* start) {
  close_record();
  TraceRecord* last = journal_->last_trace();
  if (last != nullptr && last->kind == OpKind::kWrite && last->thread == current_->id_ &&
      last->step == step_ && last->object == as_number(start)) {
    last->frees = 1;
  }
}

void Engine::record(OpKind kind, Outcome outcome, const void* object, const void* site,
                    std::uint64_t value, const void* other, std::size_t size) {
  TraceRecord* record = journal_->add_trace();
  if (record == nullptr) return;
  record->step = step_;
  record->thread = current_->id_;
  record->kind = kind;
  record->outcome = outcome;
  record->size = static_cast<std::uint8_t>(std::min<std::size_t>(size, 255));
  record->forced = next_forced_;
  next_forced_ = false;
  record->object = as_number(object);
  if (object != nullptr) record->place = locate(object);
  record->other = as_number(other);
  record->value = value;
  record->value_after = value;
  record->choice = static_cast<std::uint32_t>(journal_->current_choices().size());
  record->stack = stack_of(*current_, site);
  // What an access leaves behind is known at the thread's next step.
  if (size != 0 && size <= sizeof(std::uint64_t)) open_record_ = record;
}

Stack Engine::stack_of(const Thread& thread, const void* site) const {
  const ShadowStack& shadow = &thread == current_ ? g_shadow_stack : thread.context_->shadow();
  Stack stack;
  if (site != nullptr) stack.pcs[stack.depth++] = as_number(site);
  if (site != nullptr && !in_program(site) && shadow.top != shadow.base) {
    // A library function that is not instrumented (std::thread::join) called us: it has no frame in
    // the shadow stack. Who called it is on the real stack.
    // When the run has ended, the last thread is the current one, but this is the driver's stack.
    const Context& context = *thread.context_;
    const char* here = static_cast<const char*>(__builtin_frame_address(0));
    const bool on_it = here >= context.stack_low() && here < context.stack_high();
    const void* low = on_it ? here : context.stack_pointer();
    // Code without frame pointers has none to tell: what is no place on this stack is no frame.
    const void* frame = (shadow.top - 1)->frame;
    const bool is_frame = frame > low && frame <= context.stack_high();
    const void* caller = is_frame ? program_caller(low, frame, site) : nullptr;
    if (caller != nullptr) stack.pcs[stack.depth++] = as_number(caller);
  }
  for (const CallFrame* frame = shadow.top; frame != shadow.base && stack.depth < kMaxFrames;) {
    --frame;
    stack.pcs[stack.depth++] = as_number(frame->call_site);
  }
  return stack;
}

Place Engine::locate(const void* address) const {
  Place place{.address = as_number(address)};
  const char* byte = static_cast<const char*>(address);
  if (byte >= &__executable_start && byte < &end) {
    place.region = Region::kStatic;
    return place;
  }
  place.region = Region::kHeap;
  // From the newest: a joined thread's stack may have been given to a later one.
  for (std::size_t i = thread_count_; i-- > 0;) {
    const Thread& thread = *all_[i];
    const Context& context = *thread.context_;
    if (byte < context.stack_low() || byte >= context.stack_high()) continue;
    place.region = Region::kStack;
    place.thread = thread.id_;
    const ShadowStack& shadow = &thread == current_ ? g_shadow_stack : context.shadow();
    if (&thread != current_ && !thread.finished() && shadow.top != shadow.base) {
      const void* frame = (shadow.top - 1)->frame;
      const void* low = context.stack_pointer();
      const bool is_frame = frame > low && frame <= context.stack_high();
      const void* last = is_frame ? end_of_program(low, frame, thread.pending_.site) : low;
      if (address < last) {
        // A function had it that has returned: no frame's, but beyond the end of the last one.
        place.frame_base = as_number(last);
        break;
      }
    }
    // Stacks grow down: the innermost frame whose base lies above the address has it.
    const void* pc = &thread == current_ ? nullptr : thread.pending_.site;
    for (const CallFrame* frame = shadow.top; frame != shadow.base;) {
      --frame;
      if (frame->frame > address) {
        place.frame_base = as_number(frame->frame);
        place.frame_pc = as_number(pc);
        place.frame_entry = as_number(frame->entry);
        break;
      }
      pc = frame->call_site;
    }
    break;
  }
  return place;
}

Finding* Engine::report(std::string_view kind, std::string_view message, const void* object) {
  Scope scope;
  Finding* finding = journal_->begin_finding(kind, message);
  if (finding != nullptr && object != nullptr) finding->object = locate(object);
  return finding;
}

void Engine::add_site(Finding* finding, std::string_view role, ThreadId thread, const void* site,
                      bool live, std::uint64_t step, std::string_view detail, const void* object) {
  if (finding == nullptr) return;
  Scope scope;
  FindingSite* to = journal_->begin_site(finding);
  if (to == nullptr) return;
  copy_text(to->role, role);
  copy_text(to->detail, detail);
  to->thread = thread;
  to->step = live ? step_ : step;
  if (object != nullptr) to->object = locate(object);
  if (thread >= thread_count_) {
    if (site != nullptr) to->stack.pcs[to->stack.depth++] = as_number(site);
  } else if (live) {
    to->stack = stack_of(*all_[thread], site);
  } else {
    fill_stack(to, *all_[thread], site, step, finding->object.address);
  }
}

void Engine::add_site_with_stack(Finding* finding, std::string_view role, ThreadId thread,
                                 const Stack& stack, std::string_view detail) {
  if (finding == nullptr) return;
  Scope scope;
  FindingSite* to = journal_->begin_site(finding);
  if (to == nullptr) return;
  copy_text(to->role, role);
  copy_text(to->detail, detail);
  to->thread = thread;
  to->step = step_;
  to->stack = stack;
}

// The stack of an earlier event, from the trace. Several events of one step may have the same call
// site (in a library's function): the one that touched the finding's object is meant.
void Engine::fill_stack(FindingSite* to, const Thread& thread, const void* site, std::uint64_t step,
                        std::uint64_t address) {
  constexpr std::uint64_t kNear = 16;
  to->stack.depth = 0;
  const auto trace = recording_ ? journal_->trace() : std::span<const TraceRecord>{};
  for (std::size_t i = trace.size(); i-- > 0;) {
    const TraceRecord& record = trace[i];
    if (record.thread != thread.id_ || (step != 0 && record.step > step)) continue;
    if (step != 0 && record.step < step) break;
    if (record.stack.depth == 0 || record.stack.pcs[0] != as_number(site)) continue;
    if (record.stack.depth > to->stack.depth) to->stack = record.stack;
    if (address - record.object + kNear < 2 * kNear) {
      to->stack = record.stack;
      return;
    }
  }
  if (to->stack.depth == 0 && site != nullptr) to->stack.pcs[to->stack.depth++] = as_number(site);
}

}  // namespace chicane::engine
