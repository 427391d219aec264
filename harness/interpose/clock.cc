// SPDX-License-Identifier: Apache-2.0
//
// Front door: clocks and sleeps, and with them std::chrono's clocks and std::this_thread::sleep_*.
#include "interpose/clock.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "engine/engine.h"
#include "interpose/cancel.h"
#include "interpose/real.h"

CHICANE_REAL(int, clock_gettime, (clockid_t, timespec*))
CHICANE_REAL(int, gettimeofday, (timeval*, void*))
CHICANE_REAL(time_t, time, (time_t*))
CHICANE_REAL(int, timespec_get, (timespec*, int))
CHICANE_REAL(clock_t, clock, ())
CHICANE_REAL(clock_t, times, (tms*))
CHICANE_REAL(int, getrusage, (__rusage_who_t, rusage*))
CHICANE_REAL(int, nanosleep, (const timespec*, timespec*))
CHICANE_REAL(int, clock_nanosleep, (clockid_t, int, const timespec*, timespec*))
CHICANE_REAL(int, usleep, (useconds_t))
CHICANE_REAL(unsigned, sleep, (unsigned))
CHICANE_REAL(int, sched_yield, ())

namespace chicane::interpose {
namespace {

using engine::Engine;
using engine::OpKind;
using engine::Outcome;
using engine::Time;

constexpr Time kSecond = 1'000'000'000;
// Where the clocks stand when a run begins: any fixed values do. 2024-01-01, and an hour of uptime.
constexpr Time kRealtimeBase = 1'704'067'200 * kSecond;
constexpr Time kMonotonicBase = 3600 * kSecond;

Time base_of(clockid_t clock) {
  if (clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID || clock < 0) return 0;
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI
             ? kRealtimeBase
             : kMonotonicBase;
}

bool never(const engine::Operation&) { return false; }

}  // namespace

void sleep_until(Engine& engine, Time deadline, const void* site) {
  perform_cancellable(
      engine, {.kind = OpKind::kSleep, .site = site, .ready = &never, .deadline = deadline});
  engine.emit(OpKind::kSleep, Outcome::kDone, nullptr, site, static_cast<std::uint64_t>(deadline));
}

void sleep_for(Engine& engine, Time duration, const void* site) {
  const Time now = engine.now();
  sleep_until(engine, duration > engine::kNever - now ? engine::kNever - 1 : now + duration, site);
}

Time nanoseconds(const timespec& time) {
  constexpr Time kLongest = std::numeric_limits<Time>::max() / kSecond - 1;
  return std::min<Time>(time.tv_sec, kLongest) * kSecond + time.tv_nsec;
}

Time virtual_time(clockid_t clock, const timespec& time) {
  return std::max<Time>(0, nanoseconds(time) - base_of(clock));
}

timespec clock_time(clockid_t clock, Time time) {
  const Time total = base_of(clock) + time;
  return {.tv_sec = total / kSecond, .tv_nsec = total % kSecond};
}

}  // namespace chicane::interpose

using chicane::engine::Engine;
using chicane::engine::OpKind;
using chicane::engine::Outcome;
namespace interpose = chicane::interpose;

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_clock_gettime()(clock, time);
  *time = interpose::clock_time(clock, engine->read_clock(CHICANE_SITE()));
  return 0;
}

int gettimeofday(timeval* time, void* zone) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_gettimeofday()(time, zone);
  const timespec now = interpose::clock_time(CLOCK_REALTIME, engine->read_clock(CHICANE_SITE()));
  *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* out) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_time()(out);
  const timespec now = interpose::clock_time(CLOCK_REALTIME, engine->read_clock(CHICANE_SITE()));
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int timespec_get(timespec* time, int base) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_timespec_get()(time, base);
  if (base != TIME_UTC) return 0;
  *time = interpose::clock_time(CLOCK_REALTIME, engine->read_clock(CHICANE_SITE()));
  return base;
}

// Processor time: the whole of virtual time, as if nothing had ever waited.
clock_t clock() noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_clock()();
  return engine->read_clock(CHICANE_SITE()) / (interpose::kSecond / CLOCKS_PER_SEC);
}

clock_t times(tms* out) noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_times()(out);
  const clock_t now =
      engine->read_clock(CHICANE_SITE()) / (interpose::kSecond / sysconf(_SC_CLK_TCK));
  if (out != nullptr) *out = {.tms_utime = now, .tms_stime = 0, .tms_cutime = 0, .tms_cstime = 0};
  return now;
}

int getrusage(__rusage_who_t who, rusage* usage) noexcept {
  const int result = interpose::real_getrusage()(who, usage);
  Engine* engine = Engine::active();
  if (engine == nullptr || result != 0) return result;
  const interpose::Time now = engine->read_clock(CHICANE_SITE());
  usage->ru_utime = {.tv_sec = now / interpose::kSecond,
                     .tv_usec = now % interpose::kSecond / 1000};
  usage->ru_stime = {};
  return 0;
}

int nanosleep(const timespec* duration, timespec* remaining) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_nanosleep()(duration, remaining);
  interpose::sleep_for(*engine, interpose::nanoseconds(*duration), CHICANE_SITE());
  if (remaining != nullptr) *remaining = {};
  return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* remaining) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_clock_nanosleep()(clock, flags, time, remaining);
  if ((flags & TIMER_ABSTIME) != 0) {
    interpose::sleep_until(*engine, interpose::virtual_time(clock, *time), CHICANE_SITE());
  } else {
    interpose::sleep_for(*engine, interpose::nanoseconds(*time), CHICANE_SITE());
    if (remaining != nullptr) *remaining = {};
  }
  return 0;
}

int usleep(useconds_t microseconds) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_usleep()(microseconds);
  interpose::sleep_for(*engine, interpose::Time{microseconds} * 1000, CHICANE_SITE());
  return 0;
}

unsigned sleep(unsigned seconds) {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sleep()(seconds);
  interpose::sleep_for(*engine, interpose::Time{seconds} * interpose::kSecond, CHICANE_SITE());
  return 0;
}

int sched_yield() noexcept {
  Engine* engine = Engine::active();
  if (engine == nullptr) return interpose::real_sched_yield()();
  const void* site = CHICANE_SITE();
  engine->perform({.kind = OpKind::kYield, .site = site});
  engine->emit(OpKind::kYield, Outcome::kDone, nullptr, site);
  return 0;
}

}  // extern "C"
