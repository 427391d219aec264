// SPDX-License-Identifier: Apache-2.0
#include "chicane/golang/signal.h"

#include "golang/channel.h"

namespace chicane::golang {

namespace internal {
namespace {

/// Who asked for what. It holds no reference: a registration nobody can receive from ends with the
/// channel (so that nothing of it reaches the next run either).
struct Registration {
  Channel* channel;
  std::uint64_t signals;
  Registration* next;
};
Registration* registrations = nullptr;

void remove(const Channel* channel) {
  for (Registration** link = &registrations; *link != nullptr;) {
    Registration* registration = *link;
    if (registration->channel == channel) {
      *link = registration->next;
      delete registration;
    } else {
      link = &registration->next;
    }
  }
}

std::uint64_t bit(int signal) { return std::uint64_t{1} << (signal & 63); }

}  // namespace

void forget_notified(const Channel* channel) {
  Section section;
  remove(channel);
}

}  // namespace internal

using internal::Channel;
using internal::OpKind;
using internal::Outcome;
using internal::Section;

void notify_signal(const Chan<int>& channel, std::initializer_list<int> signals) {
  const void* site = CHICANE_GOLANG_SITE();
  Channel* core = channel.handle().get();
  Section section;
  section.wait({OpKind::kNotify, core, site});
  std::uint64_t mask = signals.size() == 0 ? ~std::uint64_t{0} : 0;
  for (int signal : signals) mask |= internal::bit(signal);
  core->notified = true;
  internal::registrations = new internal::Registration{core, mask, internal::registrations};
  section.emit(OpKind::kNotify, Outcome::kDone, core, site);
}

void stop_signal(const Chan<int>& channel) {
  const void* site = CHICANE_GOLANG_SITE();
  Channel* core = channel.handle().get();
  Section section;
  section.wait({OpKind::kNotify, core, site});
  internal::remove(core);
  section.emit(OpKind::kNotify, Outcome::kDone, core, site);
}

int raise_signal(int signal) {
  const void* site = CHICANE_GOLANG_SITE();
  Channel** targets = nullptr;
  std::size_t count = 0;
  {
    Section section;
    section.wait({OpKind::kNotify, nullptr, site});
    for (auto* r = internal::registrations; r != nullptr; r = r->next) ++count;
    targets = new Channel*[count + 1];
    count = 0;
    for (auto* r = internal::registrations; r != nullptr; r = r->next) {
      if ((r->signals & internal::bit(signal)) == 0) continue;
      targets[count++] = internal::channel_share(r->channel);
    }
    section.emit(OpKind::kNotify, Outcome::kDone, nullptr, site, count);
  }
  int delivered = 0;
  for (std::size_t i = 0; i < count; ++i) {
    internal::Box<int> box(std::in_place, signal);
    internal::SelectCase one{targets[i], true, false, box.get()};
    if (internal::transact(OpKind::kTrySend, &one, 1, false, site) != internal::kNoCase) {
      box.release();
      ++delivered;
    }
    internal::channel_drop(targets[i]);
  }
  delete[] targets;
  return delivered;
}

}  // namespace chicane::golang
