// SPDX-License-Identifier: Apache-2.0
#include "report/result_json.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "report/source_map.h"

namespace chicane::report {
namespace {

using nlohmann::json;

json to_object(const Frame& frame);
json to_object(const Site& site);
json to_object(const ThreadInfo& thread);
json to_object(const Step& step);
json to_object(const Diagnosis& diagnosis);
void from_object(const json& object, Frame* frame);
void from_object(const json& object, Site* site);
void from_object(const json& object, ThreadInfo* thread);
void from_object(const json& object, Step* step);
void from_object(const json& object, Diagnosis* diagnosis);

/// A whole number that T can be; throws for any other.
template <class T>
T whole_number(const json& field, const char* name) {
  const auto checked = [name](auto number) {
    if (!std::in_range<T>(number)) throw std::runtime_error(std::string(name) + " is out of range");
    return static_cast<T>(number);
  };
  if (field.is_number_unsigned()) return checked(field.get<std::uint64_t>());
  if (field.is_number_integer()) return checked(field.get<std::int64_t>());
  throw std::runtime_error(std::string(name) + " is not a whole number");
}

/// Takes a field if it is there; of the wrong type it throws, which from_json turns into an error.
template <class T>
void take(const json& object, const char* name, T* value) {
  const auto field = object.find(name);
  if (field == object.end()) return;
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    *value = whole_number<T>(*field, name);
  } else {
    *value = field->template get<T>();
  }
}

template <class T>
json list_to_json(const std::vector<T>& items) {
  json list = json::array();
  for (const T& item : items) list.push_back(to_object(item));
  return list;
}

template <class T>
void take_list(const json& object, const char* name, std::vector<T>* items) {
  const auto field = object.find(name);
  if (field == object.end()) return;
  if (!field->is_array()) throw std::runtime_error(std::string(name) + " is not a list");
  for (const json& item : *field) {
    if (!item.is_object()) throw std::runtime_error(std::string(name) + " has a non-object");
    T value;
    from_object(item, &value);
    items->push_back(std::move(value));
  }
}

json to_object(const Frame& frame) {
  return {
      {"function", frame.function}, {"file", frame.file}, {"line", frame.line}, {"pc", frame.pc}};
}
void from_object(const json& object, Frame* frame) {
  take(object, "function", &frame->function);
  take(object, "file", &frame->file);
  take(object, "line", &frame->line);
  take(object, "pc", &frame->pc);
}

json to_object(const Site& site) {
  const Frame* frame = user_frame(site);
  const Frame none;
  if (frame == nullptr) frame = &none;
  return {{"file", frame->file},         {"line", frame->line},
          {"function", frame->function}, {"role", site.role},
          {"thread", site.thread},       {"detail", site.detail},
          {"object", site.object},       {"step", site.step},
          {"value", site.value},         {"stack", list_to_json(site.stack)}};
}
void from_object(const json& object, Site* site) {
  take(object, "role", &site->role);
  take(object, "thread", &site->thread);
  take(object, "detail", &site->detail);
  take(object, "object", &site->object);
  take(object, "step", &site->step);
  take(object, "value", &site->value);
  take_list(object, "stack", &site->stack);
  if (!site->stack.empty()) return;
  // Reports of other tools may name the place without a stack.
  Frame frame;
  from_object(object, &frame);
  if (!frame.file.empty() || !frame.function.empty()) site->stack.push_back(std::move(frame));
}

json to_object(const ThreadInfo& thread) {
  return {{"id", thread.id},
          {"parent", thread.parent},
          {"name", thread.name},
          {"created_at", list_to_json(thread.created_at)}};
}
void from_object(const json& object, ThreadInfo* thread) {
  take(object, "id", &thread->id);
  take(object, "parent", &thread->parent);
  take(object, "name", &thread->name);
  take_list(object, "created_at", &thread->created_at);
}

json to_object(const Step& step) {
  return {{"step", step.step},
          {"thread", step.thread},
          {"operation", step.operation},
          {"outcome", step.outcome},
          {"object", step.object},
          {"value", step.value},
          {"value_after", step.value_after},
          {"forced", step.forced},
          {"stack", list_to_json(step.stack)}};
}
void from_object(const json& object, Step* step) {
  take(object, "step", &step->step);
  take(object, "thread", &step->thread);
  take(object, "operation", &step->operation);
  take(object, "outcome", &step->outcome);
  take(object, "object", &step->object);
  take(object, "value", &step->value);
  take(object, "value_after", &step->value_after);
  take(object, "forced", &step->forced);
  take_list(object, "stack", &step->stack);
}

json to_object(const Storage& storage) {
  return {{"kind", storage.kind},
          {"thread", storage.thread},
          {"size", storage.size},
          {"offset", storage.offset},
          {"allocated_at", list_to_json(storage.allocated_at)}};
}
void from_object(const json& object, Storage* storage) {
  take(object, "kind", &storage->kind);
  take(object, "thread", &storage->thread);
  take(object, "size", &storage->size);
  take(object, "offset", &storage->offset);
  take_list(object, "allocated_at", &storage->allocated_at);
}

json to_object(const Diagnosis& diagnosis) {
  return {{"kind", diagnosis.kind},
          {"message", diagnosis.message},
          {"confirmed", diagnosis.confirmed},
          {"leg", diagnosis.leg},
          {"object", diagnosis.object},
          {"declared_file", diagnosis.declared_file},
          {"declared_line", diagnosis.declared_line},
          {"storage", to_object(diagnosis.storage)},
          {"would_order", diagnosis.would_order},
          {"effect", diagnosis.effect},
          {"sites", list_to_json(diagnosis.sites)},
          {"threads", list_to_json(diagnosis.threads)},
          {"steps", list_to_json(diagnosis.steps)},
          {"witness", diagnosis.witness},
          {"schedule", diagnosis.schedule},
          {"forced_switches", diagnosis.forced_switches},
          {"minimal", diagnosis.minimal},
          {"length", diagnosis.length},
          {"original_length", diagnosis.original_length},
          {"run", diagnosis.run}};
}
void from_object(const json& object, Diagnosis* diagnosis) {
  take(object, "kind", &diagnosis->kind);
  take(object, "message", &diagnosis->message);
  take(object, "confirmed", &diagnosis->confirmed);
  take(object, "leg", &diagnosis->leg);
  take(object, "object", &diagnosis->object);
  take(object, "declared_file", &diagnosis->declared_file);
  take(object, "declared_line", &diagnosis->declared_line);
  const auto storage = object.find("storage");
  if (storage != object.end()) from_object(*storage, &diagnosis->storage);
  take(object, "would_order", &diagnosis->would_order);
  take(object, "effect", &diagnosis->effect);
  take_list(object, "sites", &diagnosis->sites);
  take_list(object, "threads", &diagnosis->threads);
  take_list(object, "steps", &diagnosis->steps);
  take(object, "witness", &diagnosis->witness);
  take(object, "schedule", &diagnosis->schedule);
  take(object, "forced_switches", &diagnosis->forced_switches);
  take(object, "minimal", &diagnosis->minimal);
  take(object, "length", &diagnosis->length);
  take(object, "original_length", &diagnosis->original_length);
  take(object, "run", &diagnosis->run);
}

void from_object(const json& object, Result* result) {
  take(object, "runs", &result->runs);
  take(object, "executions", &result->executions);
  take(object, "blocked", &result->blocked);
  take(object, "exhausted", &result->exhausted);
  take(object, "estimate", &result->estimate);
  take(object, "estimate_error", &result->estimate_error);
  take(object, "runs_per_second", &result->runs_per_second);
  take(object, "strategy", &result->strategy);
  take(object, "seed", &result->seed);
  take(object, "first_finding_run", &result->first_finding_run);
  take(object, "ended_by", &result->ended_by);
  take(object, "signal", &result->signal);
  take(object, "distinct_behaviours", &result->distinct_behaviours);
  take(object, "summary", &result->summary);
  take(object, "guarantee", &result->guarantee);
  take(object, "bound", &result->bound);
  take_list(object, "diagnoses", &result->diagnoses);
  take(object, "modules_not_instrumented", &result->modules_not_instrumented);
  take(object, "error", &result->error);
  take(object, "unavailable", &result->unavailable);
}

/// A program's output may hold bytes that are not UTF-8 (a panic's text); JSON may not.
constexpr auto kReplaceBadText = json::error_handler_t::replace;

}  // namespace

json to_json(const Result& result) {
  json object = {{"runs", result.runs},
                 {"executions", result.executions},
                 {"blocked", result.blocked},
                 {"exhausted", result.exhausted},
                 {"estimate", result.estimate},
                 {"estimate_error", result.estimate_error},
                 {"runs_per_second", result.runs_per_second},
                 {"strategy", result.strategy},
                 {"seed", result.seed},
                 {"first_finding_run", result.first_finding_run},
                 {"ended_by", result.ended_by},
                 {"signal", result.signal},
                 {"distinct_behaviours", result.distinct_behaviours},
                 {"summary", result.summary},
                 {"guarantee", result.guarantee},
                 {"bound", result.bound},
                 {"diagnoses", list_to_json(result.diagnoses)},
                 {"modules_not_instrumented", result.modules_not_instrumented},
                 {"error", result.error},
                 {"unavailable", result.unavailable}};
  return object;
}

std::string to_text(const Result& result) {
  return to_json(result).dump(1, ' ', false, kReplaceBadText) + "\n";
}

bool from_json(const std::string& text, Result* result, std::string* error) {
  try {
    const json object = json::parse(text);
    if (!object.is_object()) {
      *error = "a result must be a JSON object";
      return false;
    }
    Result parsed;
    from_object(object, &parsed);
    *result = std::move(parsed);
    return true;
  } catch (const std::exception& malformed) {
    *error = std::string("not a result in JSON: ") + malformed.what();
    return false;
  }
}

}  // namespace chicane::report
