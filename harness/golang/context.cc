// SPDX-License-Identifier: Apache-2.0
#include "chicane/golang/context.h"

#include "golang/context.h"

namespace chicane::golang {

namespace internal {
namespace {

void adopt(ContextNode* scope, ContextNode* child) {
  ContextNode** link = &scope->first_child;
  while (*link != nullptr) link = &(*link)->next;
  *link = child;
}

void disown(ContextNode* scope, const ContextNode* child) {
  ContextNode** link = &scope->first_child;
  while (*link != nullptr && *link != child) link = &(*link)->next;
  if (*link == child) *link = child->next;
}

void cancel_subtree(Section& section, ContextNode* node, Time now, const void* site) {
  // Over already: then every descendant is, too.
  if (node->done->closed_by(now)) return;
  node->canceled = true;
  close_now(section, node->done, site);
  for (ContextNode* child = node->first_child; child != nullptr; child = child->next) {
    cancel_subtree(section, child, now, site);
  }
}

/// Of the scopes in a subtree, the oldest first, the one of that index; else null.
const ContextNode* scope_at(const ContextNode* node, unsigned* index) {
  if ((*index)-- == 0) return node;
  for (const ContextNode* child = node->first_child; child != nullptr; child = child->next) {
    if (const ContextNode* found = scope_at(child, index)) return found;
  }
  return nullptr;
}

/// What a cancellation changes: of each scope itself and its channel.
const void* canceled_at(const Operation& operation, unsigned index) {
  unsigned scope = index / 2;
  const ContextNode* node = scope_at(static_cast<const ContextNode*>(operation.object), &scope);
  if (node == nullptr || index % 2 == 0) return node;
  return node->done;
}

/// A child of `parent` that can be over, at `due` at the latest.
ContextNode* scope_below(ContextNode* parent, Time due, const void* site) {
  auto* node = new ContextNode;
  node->parent = context_share(parent);
  node->scope = node;
  ContextNode* above = parent->scope;
  if (above != nullptr && above->done->due < due) due = above->done->due;
  node->done = alarm_make(Channel::Alarm::kClose, due, 0, &Box<Unit>::destroy);
  if (above == nullptr) return node;
  Section section;
  section.wait({OpKind::kAtomicRmw, above, site});
  adopt(above, node);
  if (above->canceled) {
    section.acquire(&above->done->close_edge);
    cancel_subtree(section, node, section.now(), site);
  }
  section.emit(OpKind::kAtomicRmw, Outcome::kDone, above, site);
  return node;
}

enum class State { kLive, kCanceled, kExpired };

State state_of(const ContextNode* node, const void* site) {
  const ContextNode* scope = node->scope;
  if (scope == nullptr) return State::kLive;
  Section section;
  // Who polls a deadline sees time pass.
  if (scope->done->due != kNever) section.read_clock(site);
  section.wait({OpKind::kAtomicLoad, scope, site});
  State state = State::kLive;
  if (scope->canceled) {
    section.acquire(&scope->done->close_edge);
    state = State::kCanceled;
  } else if (scope->done->closed_by(section.now())) {
    state = State::kExpired;
  }
  section.emit(OpKind::kAtomicLoad, Outcome::kDone, scope, site, static_cast<std::uint64_t>(state));
  return state;
}

}  // namespace

ContextNode* context_with_cancel(ContextNode* parent, const void* site) {
  return scope_below(parent, kNever, site);
}

void context_cancel(ContextNode* node, const void* site) {
  if (node->scope == nullptr) return;
  Section section;
  Operation operation{OpKind::kCancel, node->scope, site};
  operation.object_at = &canceled_at;
  section.wait(operation);
  cancel_subtree(section, node->scope, section.now(), site);
  section.emit(OpKind::kCancel, Outcome::kDone, node->scope, site);
}

ContextNode* context_share(ContextNode* node) {
  node->references.add();
  return node;
}

void context_drop(ContextNode* node) {
  // A chain of values is dropped without recursion.
  while (node != nullptr && node->references.drop_in_order()) {
    ContextNode* parent = node->parent;
    if (node->done != nullptr && parent != nullptr && parent->scope != nullptr) {
      Section section;
      disown(parent->scope, node);
    }
    if (node->done != nullptr) channel_drop(node->done);
    if (node->value != nullptr) node->destroy(node->value);
    delete[] node->key;
    delete node;
    node = parent;
  }
}

ContextNode* context_with_value(ContextNode* parent, std::string_view key, const void* type,
                                void* value, void (*destroy)(void*)) {
  auto* node = new ContextNode;
  node->parent = context_share(parent);
  node->scope = parent->scope;
  node->key = new char[key.size() + 1];
  hidden_copy(node->key, key.data(), key.size());
  node->key_length = key.size();
  node->type = type;
  node->value = value;
  node->destroy = destroy;
  return node;
}

const void* context_value(const ContextNode* node, std::string_view key, const void* type) {
  for (; node != nullptr; node = node->parent) {
    if (node->value != nullptr && node->type == type && node->key_length == key.size() &&
        hidden_equal(node->key, key.data(), key.size())) {
      return node->value;
    }
  }
  return nullptr;
}

}  // namespace internal

using internal::ContextNode;

Context Context::background() { return Context(new ContextNode); }

RecvChan<Unit> Context::done() const {
  return RecvChan<Unit>(internal::ChannelHandle(
      node_->scope != nullptr ? internal::channel_share(node_->scope->done) : nullptr));
}

Error Context::err() const {
  switch (internal::state_of(node_, CHICANE_GOLANG_SITE())) {
    case internal::State::kLive:
      break;
    case internal::State::kCanceled:
      return canceled();
    case internal::State::kExpired:
      return deadline_exceeded();
  }
  return Error();
}

std::optional<TimePoint> Context::deadline() const {
  if (node_->scope == nullptr || node_->scope->done->due == internal::kNever) return std::nullopt;
  return TimePoint(Duration(node_->scope->done->due));
}

void CancelFunc::operator()() const {
  internal::context_cancel(context_.node_, CHICANE_GOLANG_SITE());
}

std::pair<Context, CancelFunc> with_cancel(const Context& parent) {
  Context child(internal::scope_below(parent.node_, internal::kNever, CHICANE_GOLANG_SITE()));
  return {child, CancelFunc(child)};
}

std::pair<Context, CancelFunc> with_deadline(const Context& parent, TimePoint deadline) {
  Context child(internal::scope_below(parent.node_, deadline.time_since_epoch().count(),
                                      CHICANE_GOLANG_SITE()));
  return {child, CancelFunc(child)};
}

std::pair<Context, CancelFunc> with_timeout(const Context& parent, Duration duration) {
  const internal::Time due = internal::after_now(internal::time_now(), duration.count());
  Context child(internal::scope_below(parent.node_, due, CHICANE_GOLANG_SITE()));
  return {child, CancelFunc(child)};
}

Error canceled() { return Error("context canceled"); }
Error deadline_exceeded() { return Error("context deadline exceeded"); }

}  // namespace chicane::golang
