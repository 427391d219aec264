// SPDX-License-Identifier: Apache-2.0
#include "chicane/golang/time.h"

#include "chicane/golang/panic.h"
#include "golang/channel.h"

namespace chicane::golang {

using internal::alarm_make;
using internal::Channel;
using internal::OpKind;
using internal::Outcome;
using internal::Section;
using internal::Time;

namespace {

TimePoint now_at(const void* site) {
  if (internal::Engine* engine = internal::Engine::active()) {
    return TimePoint(Duration(engine->read_clock(site)));
  }
  return TimePoint(Duration(internal::time_now()));
}

Channel* timer_make(Duration duration, Time period) {
  const Time due = internal::after_now(internal::time_now(), duration.count());
  return alarm_make(Channel::Alarm::kValue, due, period, &internal::Box<TimePoint>::destroy);
}

/// Sets the alarm anew; whether it had one that nobody has received yet.
bool set(Channel* channel, bool armed, Duration duration, Time period, const void* site) {
  Section section;
  section.wait({OpKind::kTimer, channel, site});
  const bool was_armed = channel->due != internal::kNever;
  channel->due = armed ? internal::after_now(section.now(), duration.count()) : internal::kNever;
  channel->period = period;
  ++channel->timer_epoch;
  section.emit(OpKind::kTimer, Outcome::kDone, channel, site, armed ? 1 : 0);
  return was_armed;
}

Duration positive(Duration period) {
  if (period.count() <= 0) panic("non-positive interval for Ticker");
  return period;
}

}  // namespace

TimePoint Clock::now() { return now_at(CHICANE_GOLANG_SITE()); }
TimePoint now() { return now_at(CHICANE_GOLANG_SITE()); }

void sleep(Duration duration) {
  const void* site = CHICANE_GOLANG_SITE();
  Section section;
  if (duration.count() <= 0) {
    section.wait({OpKind::kYield, nullptr, site});
    section.emit(OpKind::kYield, Outcome::kDone, nullptr, site);
    return;
  }
  const Time deadline = internal::after_now(section.now(), duration.count());
  section.wait({OpKind::kSleep, nullptr, site, &internal::never_ready, nullptr, deadline});
  section.emit(OpKind::kSleep, Outcome::kDone, nullptr, site,
               static_cast<std::uint64_t>(duration.count()));
}

RecvChan<TimePoint> after(Duration duration) {
  return RecvChan<TimePoint>(internal::ChannelHandle(timer_make(duration, 0)));
}

Timer::Timer(Duration duration) : handle_(timer_make(duration, 0)) {}
bool Timer::stop() const {
  return set(handle_.get(), false, Duration(0), 0, CHICANE_GOLANG_SITE());
}
bool Timer::reset(Duration duration) const {
  return set(handle_.get(), true, duration, 0, CHICANE_GOLANG_SITE());
}

Ticker::Ticker(Duration period) : handle_(timer_make(positive(period), positive(period).count())) {}
void Ticker::stop() const { set(handle_.get(), false, Duration(0), 0, CHICANE_GOLANG_SITE()); }
void Ticker::reset(Duration period) const {
  set(handle_.get(), true, positive(period), period.count(), CHICANE_GOLANG_SITE());
}

}  // namespace chicane::golang
