// SPDX-License-Identifier: Apache-2.0
#include "tests/random_programs.h"

#include <pthread.h>
#include <semaphore.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <iterator>
#include <optional>
#include <thread>

#include "chicane/golang.h"
#include "tests/exhaust.h"

namespace chicane::tests {
namespace {

constexpr int kObjects = 2;
constexpr const char* kNames[] = {
#define X(enumerator, name) name,
    CHICANE_RANDOM_ACTIONS(X)
#undef X
};

std::uint64_t random_number(std::uint64_t* state) {
  *state += 0x9e3779b97f4a7c15u;
  std::uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

struct World {
  std::atomic<int> numbers[kObjects] = {};
  int plain[kObjects] = {};
  pthread_mutex_t mutexes[kObjects];
  pthread_rwlock_t locks[kObjects];
  pthread_cond_t conds[kObjects];
  sem_t semaphores[kObjects];
  golang::Chan<int> channels[kObjects] = {golang::Chan<int>(1), golang::Chan<int>(0)};
  std::optional<golang::Context> contexts[kObjects];
  golang::WaitGroup groups[kObjects];
  int sums[kObjects] = {};
  World() {
    for (int i = 0; i < kObjects; ++i) {
      pthread_mutex_init(&mutexes[i], nullptr);
      pthread_rwlock_init(&locks[i], nullptr);
      pthread_cond_init(&conds[i], nullptr);
      sem_init(&semaphores[i], 0, static_cast<unsigned>(i));
    }
  }
};

/// So many microseconds from now on, for the second object later than for the first.
timespec soon(int object) {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  time.tv_nsec += 1'000'000 * (object + 1);
  return time;
}

int count_under(pthread_mutex_t& mutex, int* sum) {
  const int seen = ++*sum;
  pthread_mutex_unlock(&mutex);
  return seen;
}

int perform_lock(World& w, Step step) {
  pthread_mutex_t& mutex = w.mutexes[step.object];
  pthread_mutex_t& other = w.mutexes[1 - step.object];
  pthread_rwlock_t& lock = w.locks[step.object];
  const timespec time = step.action == Action::kTimedLock ? soon(step.object) : timespec{};
  switch (step.action) {
    case Action::kLocked:
      pthread_mutex_lock(&mutex);
      return count_under(mutex, &w.sums[step.object]);
    case Action::kNested:
      pthread_mutex_lock(&mutex);
      pthread_mutex_lock(&other);
      pthread_mutex_unlock(&other);
      pthread_mutex_unlock(&mutex);
      return 0;
    case Action::kTryLock:
      return pthread_mutex_trylock(&mutex) != 0 ? -1 : count_under(mutex, &w.sums[step.object]);
    case Action::kTimedLock:
      return pthread_mutex_timedlock(&mutex, &time) != 0 ? -1
                                                         : count_under(mutex, &w.sums[step.object]);
    case Action::kReadLocked:
      pthread_rwlock_rdlock(&lock);
      return pthread_rwlock_unlock(&lock);
    case Action::kWriteLocked:
      pthread_rwlock_wrlock(&lock);
      return pthread_rwlock_unlock(&lock);
    default:
      return pthread_rwlock_trywrlock(&lock) != 0 ? 1 : 2 + pthread_rwlock_unlock(&lock);
  }
}

int perform_wait(World& w, Step step) {
  const timespec time = step.action == Action::kTimedWait || step.action == Action::kSemTimedWait
                            ? soon(step.object)
                            : timespec{};
  sem_t& semaphore = w.semaphores[step.object];
  int seen = 0;
  switch (step.action) {
    case Action::kWait:
    case Action::kTimedWait:
      pthread_mutex_lock(&w.mutexes[0]);
      seen = step.action == Action::kWait
                 ? pthread_cond_wait(&w.conds[step.object], &w.mutexes[0])
                 : pthread_cond_timedwait(&w.conds[step.object], &w.mutexes[0], &time);
      pthread_mutex_unlock(&w.mutexes[0]);
      return seen;
    case Action::kSignal:
      return pthread_cond_signal(&w.conds[step.object]);
    case Action::kBroadcast:
      return pthread_cond_broadcast(&w.conds[step.object]);
    case Action::kSemWait:
      return sem_wait(&semaphore);
    case Action::kSemTimedWait:
      return sem_timedwait(&semaphore, &time);
    case Action::kSemTry:
      return sem_trywait(&semaphore);
    default:
      return sem_post(&semaphore);
  }
}

int perform_message(World& w, Step step) {
  golang::Chan<int>& channel = w.channels[step.object];
  golang::Chan<int>& other = w.channels[1 - step.object];
  int seen = 0;
  switch (step.action) {
    case Action::kSend:
      channel.send(3);
      return 0;
    case Action::kReceive:
      return channel.recv().value_or(0);
    case Action::kTryReceive:
      return channel.try_recv().value_or(0);
    case Action::kSelect:
      golang::select(golang::on_recv(w.channels[0], [&](std::optional<int>) { seen = 1; }),
                     golang::on_recv(w.channels[1], [&](std::optional<int>) { seen = 2; }));
      return seen;
    case Action::kMixedSelect:
      golang::select(golang::on_send(channel, 3, [&] { seen = 1; }),
                     golang::on_recv(other, [&](std::optional<int>) { seen = 2; }));
      return seen;
    case Action::kTimedSelect:
      golang::select(golang::on_recv(channel, [&](std::optional<int>) { seen = 1; }),
                     golang::on_recv(golang::after(std::chrono::milliseconds(1 + step.object)),
                                     [&] { seen = 2; }));
      return seen;
    case Action::kTrySelect:
      golang::select(golang::on_recv(channel, [&](std::optional<int>) { seen = 1; }),
                     golang::on_recv(other, [&](std::optional<int>) { seen = 2; }),
                     golang::otherwise([&] { seen = 3; }));
      return seen;
    case Action::kTrySend:
      return channel.try_send(3) ? 1 : 0;
    case Action::kDone:
      golang::select(golang::on_recv(w.contexts[step.object]->done(), [&] { seen = 1; }),
                     golang::on_recv(channel, [&](std::optional<int>) { seen = 2; }));
      return seen;
    case Action::kCancel:
      golang::CancelFunc{*w.contexts[step.object]}();
      return 0;
    case Action::kGroupDone:
      w.groups[step.object].done();
      return 0;
    default:
      w.groups[step.object].wait();
      return 0;
  }
}

/// Waits actively, not for ever: how often it looked.
int spin(const std::atomic<int>& number) {
  constexpr int kMostRounds = 4;
  int rounds = 0;
  for (; rounds < kMostRounds && number.load() == 0; ++rounds) std::this_thread::yield();
  return rounds;
}

/// What the thread sees of it.
int perform(World& w, Step step) {
  std::atomic<int>& number = w.numbers[step.object];
  int seen = 0;
  switch (step.action) {
    case Action::kLoad:
      return number.load();
    case Action::kStore:
      number.store(7);
      return 0;
    case Action::kAdd:
      return number.fetch_add(1);
    case Action::kExchange:
      number.compare_exchange_strong(seen, 5);
      return seen;
    case Action::kRead:
      return w.plain[step.object];
    case Action::kWrite:
      return w.plain[step.object] += 1;
    case Action::kSleep:
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + step.object));
      return 0;
    case Action::kYield:
      std::this_thread::yield();
      return 0;
    case Action::kFail:
      if (number.load() != 0) fail_run();
      return 0;
    case Action::kSpin:
      return spin(number);
    default:
      break;
  }
  if (step.action < Action::kWait) return perform_lock(w, step);
  return step.action < Action::kSend ? perform_wait(w, step) : perform_message(w, step);
}

}  // namespace

Program make_program(std::uint64_t seed) {
  std::array<Action, static_cast<std::size_t>(Action::kSpin)> all;
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Action>(i);
  return make_program(seed, all);
}

Program make_program(std::uint64_t seed, std::span<const Action> of) {
  std::uint64_t state = seed;
  Program program(2 + random_number(&state) % 2);
  std::array<Action, 3> kinds;
  for (Action& kind : kinds) {
    kind = of[random_number(&state) % of.size()];
  }
  for (auto& thread : program) {
    const std::size_t length = 1 + random_number(&state) % (program.size() == 2 ? 3 : 2);
    for (std::size_t i = 0; i < length; ++i) {
      thread.push_back({kinds[random_number(&state) % kinds.size()],
                        static_cast<int>(random_number(&state) % kObjects)});
    }
  }
  return program;
}

Program parse_program(std::string_view text) {
  Program program(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word == "|") {
      program.emplace_back();
    } else if (!word.empty()) {
      const auto* name = std::find(std::begin(kNames), std::end(kNames),
                                   std::string(word.substr(0, word.size() - 1)));
      program.back().push_back({static_cast<Action>(name - std::begin(kNames)), word.back() - '0'});
    }
  }
  return program;
}

std::string describe(const Program& program) {
  std::string text;
  for (const auto& thread : program) {
    if (!text.empty()) text += "| ";
    for (const Step step : thread) {
      text += kNames[static_cast<int>(step.action)] + std::to_string(step.object) + " ";
    }
  }
  return text;
}

bool has(const Program& program, Action action) {
  return std::any_of(program.begin(), program.end(), [action](const auto& thread) {
    return std::any_of(thread.begin(), thread.end(),
                       [action](Step step) { return step.action == action; });
  });
}

void run_program(const Program& program) {
  static World* world;
  world = new World;
  const bool cancels = has(program, Action::kCancel) || has(program, Action::kDone);
  for (int i = 0; cancels && i < kObjects; ++i) {
    world->contexts[i] = golang::with_cancel(golang::Context::background()).first;
  }
  for (const auto& thread : program) {
    for (const Step step : thread) {
      if (step.action == Action::kGroupDone) world->groups[step.object].add(1);
    }
  }
  std::vector<std::uint64_t> seen(program.size(), 1);
  std::vector<std::thread> threads;
  threads.reserve(program.size());
  for (std::size_t t = 0; t < program.size(); ++t) {
    threads.emplace_back([&program, &seen, t] {
      for (const Step step : program[t]) {
        seen[t] = seen[t] * 31 + static_cast<std::uint64_t>(perform(*world, step));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t state = 0;
  for (const std::uint64_t of_thread : seen) state = state * 1000003 + of_thread;
  for (std::atomic<int>& number : world->numbers) {
    state = state * 31 + static_cast<std::uint64_t>(number.load());
  }
  for (const int number : world->plain) state = state * 31 + static_cast<std::uint64_t>(number);
  report_state(state);
  delete world;
}

}  // namespace chicane::tests
