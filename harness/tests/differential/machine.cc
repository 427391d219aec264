// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/machine.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>

#include "chicane/golang/chan.h"

// The linker's: the code of the accesses.
extern "C" char __start_chicane_accesses, __stop_chicane_accesses;

// The machine's own bookkeeping is not part of the program.
#define MACHINE __attribute__((no_sanitize("thread"), noinline))

namespace chicane::differential {
namespace {

// The plain memory, and behind it the atomics, one in 8 bytes. New in each run: ThreadSanitizer
// remembers for good where it has reported a race.
constexpr unsigned kFirstAtomic = kPlaces[kOrdinaryPlaces].offset;
unsigned char* g_memory;

struct World {
  std::mutex mutexes[kMutexes];
  std::shared_mutex rw_locks[kRWLocks];
  std::mutex flag_mutex;
  std::condition_variable flag_changed;
  bool flags[kFlags] = {};
  golang::Chan<int> channels[kChannelCount] = {golang::Chan<int>(kChannels[0]),
                                               golang::Chan<int>(kChannels[1]),
                                               golang::Chan<int>(kChannels[2])};
  std::uint16_t sends[kChannelCount] = {}, receives[kChannelCount] = {};
};

// ---- the accesses: one function each, so that the code address names the access ----

#define ACCESS __attribute__((section("chicane_accesses"), noinline))

template <unsigned Offset, unsigned Size>
ACCESS void plain_read() {
  using T = std::conditional_t<
      Size == 1, std::uint8_t,
      std::conditional_t<Size == 2, std::uint16_t,
                         std::conditional_t<Size == 4, std::uint32_t, std::uint64_t>>>;
  [[maybe_unused]] const T value = *reinterpret_cast<volatile T*>(g_memory + Offset);
}

template <unsigned Offset, unsigned Size>
ACCESS void plain_write() {
  using T = std::conditional_t<
      Size == 1, std::uint8_t,
      std::conditional_t<Size == 2, std::uint16_t,
                         std::conditional_t<Size == 4, std::uint32_t, std::uint64_t>>>;
  *reinterpret_cast<volatile T*>(g_memory + Offset) = 1;
}

template <unsigned Index>
std::uint32_t* atomic_at() {
  return reinterpret_cast<std::uint32_t*>(g_memory + kFirstAtomic + 8 * Index);
}

template <unsigned Index>
ACCESS void load(int order) {
  std::uint32_t* at = atomic_at<Index>();
  if (order == 0) __atomic_load_n(at, __ATOMIC_RELAXED);
  if (order == 2) __atomic_load_n(at, __ATOMIC_ACQUIRE);
  if (order == 5) __atomic_load_n(at, __ATOMIC_SEQ_CST);
}

template <unsigned Index>
ACCESS void store(int order) {
  std::uint32_t* at = atomic_at<Index>();
  if (order == 0) __atomic_store_n(at, 7, __ATOMIC_RELAXED);
  if (order == 3) __atomic_store_n(at, 7, __ATOMIC_RELEASE);
  if (order == 5) __atomic_store_n(at, 7, __ATOMIC_SEQ_CST);
}

template <unsigned Index>
ACCESS void rmw(int order) {
  std::uint32_t* at = atomic_at<Index>();
  if (order == 0) __atomic_fetch_add(at, 1, __ATOMIC_RELAXED);
  if (order == 2) __atomic_fetch_add(at, 1, __ATOMIC_ACQUIRE);
  if (order == 3) __atomic_fetch_add(at, 1, __ATOMIC_RELEASE);
  if (order == 4) __atomic_fetch_add(at, 1, __ATOMIC_ACQ_REL);
  if (order == 5) __atomic_fetch_add(at, 1, __ATOMIC_SEQ_CST);
}

/// Succeeds when the atomic is still 0. A failure is a load: relaxed, or acquire where possible.
template <unsigned Index>
ACCESS bool cas(int order) {
  std::uint32_t* at = atomic_at<Index>();
  std::uint32_t zero = 0;
  if (order == 0)
    return __atomic_compare_exchange_n(at, &zero, 3, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  if (order == 2)
    return __atomic_compare_exchange_n(at, &zero, 3, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
  if (order == 3)
    return __atomic_compare_exchange_n(at, &zero, 3, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
  if (order == 4)
    return __atomic_compare_exchange_n(at, &zero, 3, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  return __atomic_compare_exchange_n(at, &zero, 3, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

using PlainAccess = void (*)();
using AtomicAccess = void (*)(int);
using CasAccess = bool (*)(int);

template <std::size_t... I>
constexpr std::array<PlainAccess, sizeof...(I)> reads(std::index_sequence<I...>) {
  return {&plain_read<kPlaces[I].offset, kPlaces[I].size>...};
}
template <std::size_t... I>
constexpr std::array<PlainAccess, sizeof...(I)> writes(std::index_sequence<I...>) {
  return {&plain_write<kPlaces[I].offset, kPlaces[I].size>...};
}
constexpr auto kReads = reads(std::make_index_sequence<kPlaceCount>());
constexpr auto kWrites = writes(std::make_index_sequence<kPlaceCount>());
constexpr AtomicAccess kLoads[] = {&load<0>, &load<1>, &load<2>};
constexpr AtomicAccess kStores[] = {&store<0>, &store<1>, &store<2>};
constexpr AtomicAccess kRmws[] = {&rmw<0>, &rmw<1>, &rmw<2>};
constexpr CasAccess kCases[] = {&cas<0>, &cas<1>, &cas<2>};

// Numbers of the accesses, in this order.
constexpr unsigned kFirstWrite = kPlaceCount;
constexpr unsigned kFirstLoad = 2 * kPlaceCount;
constexpr unsigned kFirstStore = kFirstLoad + kAtomics;
constexpr unsigned kFirstRmw = kFirstStore + kAtomics;
constexpr unsigned kFirstCas = kFirstRmw + kAtomics;
constexpr unsigned kAccessCount = kFirstCas + kAtomics;

// ---- the steps ----

MACHINE void set_flag(World& world, unsigned thread, unsigned flag) {
  world.flag_mutex.lock();
  note(What::kLock, thread, kMutexes);
  world.flags[flag] = true;
  note(What::kUnlock, thread, kMutexes);
  world.flag_mutex.unlock();
  world.flag_changed.notify_all();
}

MACHINE void wait_flag(World& world, unsigned thread, unsigned flag) {
  std::unique_lock lock(world.flag_mutex);
  note(What::kLock, thread, kMutexes);
  while (!world.flags[flag]) {
    note(What::kUnlock, thread, kMutexes);
    world.flag_changed.wait(lock);
    note(What::kLock, thread, kMutexes);
  }
  note(What::kUnlock, thread, kMutexes);
}

MACHINE void send(World& world, unsigned thread, unsigned channel) {
  const unsigned number = world.sends[channel]++;
  note(What::kSend, thread, channel, 0, number);
  world.channels[channel].send(1);
  note(What::kSent, thread, channel, 0, number);
}

MACHINE void receive(World& world, unsigned thread, unsigned channel) {
  const unsigned number = world.receives[channel]++;
  note(What::kReceive, thread, channel, 0, number);
  const bool open = world.channels[channel].recv().has_value();
  note(open ? What::kReceived : What::kSawClosed, thread, channel, 0, number);
}

MACHINE void memory_step(unsigned thread, const Step& step) {
  switch (step.kind) {
    case StepKind::kPlainRead:
      kReads[step.object]();
      return note(What::kPlainRead, thread, step.object, 0, 0, step.object);
    case StepKind::kPlainWrite:
      kWrites[step.object]();
      return note(What::kPlainWrite, thread, step.object, 0, 0, kFirstWrite + step.object);
    case StepKind::kLoad:
      kLoads[step.object](step.order);
      return note(What::kLoad, thread, step.object, step.order, 0, kFirstLoad + step.object);
    case StepKind::kStore:
      kStores[step.object](step.order);
      return note(What::kStore, thread, step.object, step.order, 0, kFirstStore + step.object);
    case StepKind::kRmw:
      kRmws[step.object](step.order);
      return note(What::kRmw, thread, step.object, step.order, 0, kFirstRmw + step.object);
    case StepKind::kCas: {
      const bool changed = kCases[step.object](step.order);
      const unsigned failed_order = step.order == 3 ? 0 : step.order == 4 ? 2 : step.order;
      return note(changed ? What::kRmw : What::kLoad, thread, step.object,
                  changed ? step.order : failed_order, 0, kFirstCas + step.object);
    }
    default:
      if (step.order == 2) std::atomic_thread_fence(std::memory_order_acquire);
      if (step.order == 3) std::atomic_thread_fence(std::memory_order_release);
      if (step.order == 4) std::atomic_thread_fence(std::memory_order_acq_rel);
      if (step.order == 5) std::atomic_thread_fence(std::memory_order_seq_cst);
      return note(What::kFence, thread, 0, step.order);
  }
}

/// False: a try_lock failed.
MACHINE bool lock_step(World& world, unsigned thread, const Step& step) {
  switch (step.kind) {
    case StepKind::kLock:
      world.mutexes[step.object].lock();
      break;
    case StepKind::kTryLock:
      if (!world.mutexes[step.object].try_lock()) return false;
      break;
    case StepKind::kUnlock:
      note(What::kUnlock, thread, step.object);
      world.mutexes[step.object].unlock();
      return true;
    case StepKind::kWriteLock:
      world.rw_locks[step.object].lock();
      note(What::kWriteLock, thread, step.object);
      return true;
    case StepKind::kWriteUnlock:
      note(What::kWriteUnlock, thread, step.object);
      world.rw_locks[step.object].unlock();
      return true;
    case StepKind::kReadLock:
      world.rw_locks[step.object].lock_shared();
      note(What::kReadLock, thread, step.object);
      return true;
    default:
      note(What::kReadUnlock, thread, step.object);
      world.rw_locks[step.object].unlock_shared();
      return true;
  }
  note(What::kLock, thread, step.object);
  return true;
}

MACHINE void message_step(World& world, unsigned thread, const Step& step) {
  switch (step.kind) {
    case StepKind::kSetFlag:
      return set_flag(world, thread, step.object);
    case StepKind::kWaitFlag:
      return wait_flag(world, thread, step.object);
    case StepKind::kSend:
      return send(world, thread, step.object);
    case StepKind::kClose:
      note(What::kClose, thread, step.object);
      return world.channels[step.object].close();
    default:
      return receive(world, thread, step.object);
  }
}

MACHINE void run_thread(World& world, const std::vector<Step>& steps, unsigned thread) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (step.kind <= StepKind::kFence) {
      memory_step(thread, step);
    } else if (step.kind > StepKind::kReadUnlock) {
      message_step(world, thread, step);
    } else if (!lock_step(world, thread, step)) {
      while (steps[i].kind != StepKind::kUnlock || steps[i].object != step.object) ++i;
    }
  }
}

}  // namespace

MACHINE void execute(const Program& original) {
  const Program program = copy_of(original);
  clear_log();
  g_memory = new_memory(kFirstAtomic + 8 * kAtomics);
  World world;
  std::vector<std::thread> threads;
  const unsigned count = static_cast<unsigned>(program.threads.size());
  for (unsigned i = 0; i < count; ++i) {
    note(What::kCreate, 0, i + 1);
    threads.emplace_back(run_thread, std::ref(world), std::cref(program.threads[i]), i + 1);
  }
  for (unsigned i = 0; i < count; ++i) {
    threads[i].join();
    note(What::kJoin, 0, i + 1);
  }
  free_memory(g_memory);
}

std::uint16_t access_at(std::uint64_t pc) {
  if (pc < reinterpret_cast<std::uintptr_t>(&__start_chicane_accesses) ||
      pc >= reinterpret_cast<std::uintptr_t>(&__stop_chicane_accesses)) {
    return kNoAccess;
  }
  static const auto table = [] {
    std::vector<std::pair<std::uint64_t, std::uint16_t>> starts;
    const auto add = [&](auto* function, unsigned access) {
      starts.emplace_back(reinterpret_cast<std::uintptr_t>(function), access);
    };
    for (unsigned i = 0; i < kPlaceCount; ++i) {
      add(kReads[i], i);
      add(kWrites[i], kFirstWrite + i);
    }
    for (unsigned i = 0; i < kAtomics; ++i) {
      add(kLoads[i], kFirstLoad + i);
      add(kStores[i], kFirstStore + i);
      add(kRmws[i], kFirstRmw + i);
      add(kCases[i], kFirstCas + i);
    }
    std::sort(starts.begin(), starts.end());
    return starts;
  }();
  auto it = std::upper_bound(table.begin(), table.end(), std::pair{pc, kNoAccess});
  return it == table.begin() ? kNoAccess : std::prev(it)->second;
}

bool is_compare_exchange(std::uint16_t access) {
  return access >= kFirstCas && access < kAccessCount;
}

const char* access_name(std::uint16_t access) {
  static const auto names = [] {
    std::array<std::string, kAccessCount> all;
    for (unsigned i = 0; i < kPlaceCount; ++i) {
      all[i] = std::string("read ") + kPlaces[i].name;
      all[kFirstWrite + i] = std::string("write ") + kPlaces[i].name;
    }
    for (unsigned i = 0; i < kAtomics; ++i) {
      const std::string name = " a" + std::to_string(i);
      all[kFirstLoad + i] = "load" + name;
      all[kFirstStore + i] = "store" + name;
      all[kFirstRmw + i] = "fetch_add" + name;
      all[kFirstCas + i] = "compare_exchange" + name;
    }
    return all;
  }();
  return access < kAccessCount ? names[access].c_str() : "?";
}

}  // namespace chicane::differential
