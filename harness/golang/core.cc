// SPDX-License-Identifier: Apache-2.0
#include "golang/core.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "chicane/golang/go.h"
#include "chicane/golang/panic.h"

// ThreadSanitizer's, where it is linked.
extern "C" {
__attribute__((weak)) void __tsan_acquire(void* sync);
__attribute__((weak)) void __tsan_release(void* sync);
}

namespace chicane::golang {

namespace internal {

Time native_now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Time>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

namespace {

// The process-wide lock: 0 free, 1 held, 2 held and somebody sleeps on it.
std::uint32_t lock_word = 0;
// Counts the sections that ended while somebody waited for a `ready`; guarded by the lock.
std::uint32_t sequence = 0;
std::uint32_t waiters = 0;
std::uint64_t random_state = 0x9e3779b97f4a7c15u;

void futex_wait(std::uint32_t* word, std::uint32_t value, const timespec* timeout) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout, nullptr, 0);
}

void futex_wake(std::uint32_t* word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

void lock() {
  std::uint32_t expected = 0;
  if (__atomic_compare_exchange_n(&lock_word, &expected, 1, false, __ATOMIC_ACQUIRE,
                                  __ATOMIC_RELAXED)) {
    return;
  }
  while (__atomic_exchange_n(&lock_word, 2, __ATOMIC_ACQUIRE) != 0) {
    futex_wait(&lock_word, 2, nullptr);
  }
}

void unlock() {
  if (__atomic_exchange_n(&lock_word, 0, __ATOMIC_RELEASE) == 2) futex_wake(&lock_word, 1);
}

/// Sleeps, with the lock released, until a section ends or the deadline passes.
void sleep_until_change(Time deadline) {
  timespec timeout;
  timespec* limit = nullptr;
  if (deadline != kNever) {
    const Time left = deadline - native_now();
    if (left <= 0) return;
    timeout = {left / 1000000000, left % 1000000000};
    limit = &timeout;
  }
  const std::uint32_t seen = sequence;
  ++waiters;
  unlock();
  futex_wait(&sequence, seen, limit);
  lock();
  --waiters;
}

/// Lets those who sleep look at `ready` again. With the lock held, to be followed by its release.
void note_change() {
  if (waiters == 0) return;
  __atomic_store_n(&sequence, sequence + 1, __ATOMIC_RELAXED);
  futex_wake(&sequence, 0x7fffffff);
}

bool native_wait(const Operation& operation) {
  while (operation.ready != nullptr && !operation.ready(operation)) {
    if (operation.deadline != kNever && native_now() >= operation.deadline) return false;
    sleep_until_change(operation.deadline);
  }
  return true;
}

void native_acquire(const void* sync) {
  if (__tsan_acquire != nullptr) __tsan_acquire(const_cast<void*>(sync));
}

void native_release(const void* sync) {
  if (__tsan_release != nullptr) __tsan_release(const_cast<void*>(sync));
}

}  // namespace

Section::Section() : engine_(Engine::active()) {
  if (engine_ == nullptr) lock();
}

Section::~Section() {
  if (engine_ != nullptr) return;
  note_change();
  unlock();
}

bool Section::wait(const Operation& operation) {
  if (engine_ != nullptr) return engine_->perform(operation);
  // Between its waits a Section may have made others ready (Cond::wait unlocks).
  if (waited_) note_change();
  waited_ = true;
  return native_wait(operation);
}

unsigned Section::choose(const Operation& operation, unsigned count) {
  if (count == 1) return 0;
  if (engine_ != nullptr) return engine_->choose(operation, count);
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return static_cast<unsigned>((random_state >> 33) % count);
}

void Section::emit(OpKind kind, Outcome outcome, const void* object, const void* site,
                   std::uint64_t value, const void* other) {
  if (engine_ != nullptr) engine_->emit(kind, outcome, object, site, value, other);
}

void Section::unheld_by(std::uint32_t owner, const void* lock) {
  if (engine_ == nullptr || owner == thread()) return;
  engine_->drop_held(*engine_->threads()[owner], lock);
}

void Section::starved(const void* lock, const void* site, std::uint32_t owner, unsigned times) {
  if (engine_ == nullptr) return;
  const std::uint32_t me = thread();
  char text[160];
  std::snprintf(text, sizeof text,
                "woken %u times for a lock, each time another had come by and taken it: nothing "
                "bounds how long it waits",
                times);
  engine::Finding* finding = engine_->report("starvation", text, lock);
  engine_->add_site(finding, "waits", me, site, true, 0, "woken for nothing", lock);
  for (const engine::HeldLock& held : engine_->threads()[owner]->held()) {
    if (held.object != lock) continue;
    engine_->add_site(finding, "holds", owner, held.site, false, held.step, "came by", lock);
  }
}

void Section::acquire(const void* sync) {
  engine_ != nullptr ? engine_->acquire(sync) : native_acquire(sync);
}

void Section::release(const void* sync) {
  engine_ != nullptr ? engine_->release(sync) : native_release(sync);
}

void Section::release_store(const void* sync) {
  // ThreadSanitizer's interface has no such call. Its release also keeps what earlier objects at
  // this address released: an edge too many at worst, and only natively.
  engine_ != nullptr ? engine_->release_store(sync) : native_release(sync);
}

Time Section::now() const { return engine_ != nullptr ? engine_->now() : native_now(); }

Time Section::read_clock(const void* site) {
  return engine_ != nullptr ? engine_->read_clock(site) : native_now();
}

std::uint32_t Section::thread() const { return engine_ != nullptr ? engine_->self().id() : 0; }

void Section::fatal(const char* message) {
  if (engine_ != nullptr) engine_->end_run(engine::RunEnd::kFatal);
  std::fprintf(stderr, "fatal error: %s\n", message);
  std::abort();
}

Time time_now() {
  Engine* engine = Engine::active();
  return engine != nullptr ? engine->now() : native_now();
}

void throw_panic(const char* message, const char* kind) { throw Panic(message, kind); }

void edge_acquire(const void* sync) {
  Engine* engine = Engine::active();
  engine != nullptr ? engine->acquire(sync) : native_acquire(sync);
}

void edge_release(const void* sync) {
  Engine* engine = Engine::active();
  engine != nullptr ? engine->release(sync) : native_release(sync);
}

namespace {

// Blocks of 2^k bytes, k up to 47; free ones are linked through their first word.
void* free_blocks[48];

unsigned size_class(std::size_t size) {
  unsigned k = 5;
  while ((std::size_t{1} << k) < size) ++k;
  return k;
}

}  // namespace

void* hidden_allocate(std::size_t size) {
  const unsigned k = size_class(size);
  if (free_blocks[k] == nullptr) {
    const std::size_t block = std::size_t{1} << k;
    const std::size_t bytes = block < 65536 ? 65536 : block;
    const long memory = syscall(SYS_mmap, nullptr, bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == -1) std::abort();
    for (std::size_t at = 0; at < bytes; at += block) {
      hidden_free(reinterpret_cast<char*>(memory) + at, size);
    }
  }
  void* memory = free_blocks[k];
  free_blocks[k] = *static_cast<void**>(memory);
  return memory;
}

void hidden_free(void* memory, std::size_t size) {
  const unsigned k = size_class(size);
  *static_cast<void**>(memory) = free_blocks[k];
  free_blocks[k] = memory;
}

void hidden_copy(char* to, const char* from, std::size_t size) {
  // Volatile: or the compiler makes it a memcpy.
  for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<const volatile char*>(from)[i];
}

bool hidden_equal(const char* a, const char* b, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (static_cast<const volatile char*>(a)[i] != b[i]) return false;
  }
  return true;
}

void goroutine_at(void* (*body)(void*), void* closure, const void* site) {
  if (Engine* engine = Engine::active()) {
    engine->spawn(body, closure, {.is_goroutine = true, .detached = true, .site = site});
    return;
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, body, closure);
  pthread_attr_destroy(&attributes);
  if (error == 0) return;
  std::fprintf(stderr, "fatal error: cannot start a goroutine: %s\n", strerror(error));
  std::abort();
}

void start_goroutine(void* (*body)(void*), void* closure) {
  goroutine_at(body, closure, CHICANE_GOLANG_SITE());
}

}  // namespace internal

Panic::Panic(std::string message, const char* kind) : message_(std::move(message)), kind_(kind) {}
Panic::Panic(const Panic&) = default;
Panic::~Panic() = default;

void panic(const std::string& message) {
  const void* site = CHICANE_GOLANG_SITE();
  if (internal::Engine* engine = internal::Engine::active()) {
    // An operation, so that the engine knows the place if nobody catches it.
    engine->perform({internal::OpKind::kPanic, nullptr, site});
    engine->emit(internal::OpKind::kPanic, internal::Outcome::kPanicked, nullptr, site);
  }
  throw Panic(message);
}

}  // namespace chicane::golang
