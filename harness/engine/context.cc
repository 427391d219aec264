// SPDX-License-Identifier: Apache-2.0
#include "engine/context.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/engine.h"
#include "engine/lack.h"
#include "engine/raw_syscall.h"
#include "engine/scope.h"
#include "engine/stain.h"

// Present when the program is linked with ThreadSanitizer: the parked thread must be one it knows.
extern "C" int __interceptor_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                                            void*) __attribute__((weak));

namespace chicane::engine {
namespace {

using CreateThread = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

constexpr std::size_t kShadowFrames = 1 << 16;
// What a fiber leaves to the parked thread's own frames, which are small.
constexpr std::size_t kParkedFrames = 16 << 10;

CreateThread real_create() {
  if (__interceptor_pthread_create != nullptr) return &__interceptor_pthread_create;
  static const auto create = reinterpret_cast<CreateThread>(dlsym(RTLD_NEXT, "pthread_create"));
  return create;
}

#if defined(__x86_64__)
std::uintptr_t read_thread_pointer() {
  std::uintptr_t value = 0;
  asm("mov %%fs:0, %0" : "=r"(value));  // the thread control block begins with its own address
  return value;
}
#elif defined(__aarch64__)
std::uintptr_t read_thread_pointer() {
  std::uintptr_t value = 0;
  asm("mrs %0, tpidr_el0" : "=r"(value));
  return value;
}
#else
#error "Chicane knows x86-64 and arm64"
#endif

// Not by the C library's function: that is a front door, behind which a parked thread that is late
// would be taken for the program's running one, which goes on as soon as the other says it is
// ready.
void call_futex(int* word, int operation, int value) {
  raw_syscall(SYS_futex, argument(word), operation, value);
}

// Parks without ever returning to the C library.
[[noreturn]] void sleep_for_ever() {
  static int never = 0;
  for (;;) call_futex(&never, FUTEX_WAIT_PRIVATE, 0);
}

// The initial image of a module's thread-local storage.
struct ThreadLocalImage {
  const char* image;
  std::size_t file_size, memory_size;
  std::size_t module;     // its number for the dynamic linker
  std::ptrdiff_t offset;  // from the thread pointer; 0: only the dynamic linker knows
  static constexpr std::size_t kSmall = 64;
  alignas(std::uint64_t) char whole[kSmall];  // of a small one, with what is 0
};

struct ThreadLocalImages {
  ThreadLocalImage at[Context::kModules];
  std::size_t count = 0;
  std::size_t last_module = 0;  // the highest number of all
  std::uintptr_t generation = 0;
};

// Whose thread-local storage must survive: the C library's (its allocator's caches) and a
// sanitizer's (what it knows of its threads).
bool is_kept(const char* path) {
  const char* slash = std::strrchr(path, '/');
  const char* name = slash != nullptr ? slash + 1 : path;
  for (const char* prefix : {"libc.so", "libc-", "ld-linux", "libpthread", "libtsan"}) {
    if (std::strncmp(name, prefix, std::strlen(prefix)) == 0) return true;
  }
  return false;
}

int note_image(dl_phdr_info* info, std::size_t, void* out) {
  auto& images = *static_cast<ThreadLocalImages*>(out);
  images.last_module = std::max(images.last_module, info->dlpi_tls_modid);
  // The executable comes first, without a name. With ThreadSanitizer linked in, its per-thread
  // state lies in the same block.
  const bool executable = info->dlpi_name == nullptr || info->dlpi_name[0] == '\0';
  if (executable ? __interceptor_pthread_create != nullptr : is_kept(info->dlpi_name)) return 0;
  for (int i = 0; i < info->dlpi_phnum && images.count < Context::kModules; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_TLS) continue;
    const auto* here = static_cast<const char*>(info->dlpi_tls_data);
    ThreadLocalImage& image = images.at[images.count++];
    image = {reinterpret_cast<const char*>(info->dlpi_addr + header.p_vaddr),
             header.p_filesz,
             header.p_memsz,
             info->dlpi_tls_modid,
             executable ? here - reinterpret_cast<const char*>(read_thread_pointer()) : 0,
             {}};
    if (image.memory_size <= ThreadLocalImage::kSmall) {
      std::memcpy(image.whole, image.image, image.file_size);
    }
  }
  return 0;
}

// glibc's dynamic thread vector, found from the thread pointer. Before the first entry is the
// number of entries; the entry 0 has the generation of modules that the thread has come to know;
// then (block, what to free) by module number.
struct VectorEntry {
  char* block;
  void* to_free;
};
constexpr std::intptr_t kNoBlock = -1;

VectorEntry* vector_of(std::uintptr_t thread_pointer) {
#if defined(__x86_64__)
  return reinterpret_cast<VectorEntry* const*>(thread_pointer)[1];
#else
  return reinterpret_cast<VectorEntry* const*>(thread_pointer)[0];
#endif
}

std::size_t length_of(const VectorEntry* vector) {
  return reinterpret_cast<std::uintptr_t>(vector[-1].block);
}

std::uintptr_t generation_of(std::uintptr_t thread_pointer) {
  return reinterpret_cast<std::uintptr_t>(vector_of(thread_pointer)[0].block);
}

// Of the modules that are loaded when the first context is made; of later ones:
// forget_later_blocks.
const ThreadLocalImages& images() {
  static const ThreadLocalImages all = [] {
    ThreadLocalImages found;
    dl_iterate_phdr(&note_image, &found);
    found.generation = generation_of(read_thread_pointer());
    return found;
  }();
  return all;
}

/// Where the thread has a module's block; null when it has none yet.
char* block_of(std::uintptr_t thread_pointer, std::size_t module) {
  const VectorEntry* vector = vector_of(thread_pointer);
  if (module > length_of(vector)) return nullptr;
  char* block = vector[module].block;
  return reinterpret_cast<std::intptr_t>(block) == kNoBlock ? nullptr : block;
}

/// The blocks that the thread got of modules that were loaded later than `images` says are given
/// back: their next use makes new ones. (A module without such a block, one that was linked to lie
/// beside the thread pointer, keeps its values.)
void forget_later_blocks(std::uintptr_t thread_pointer, std::size_t first) {
  const Engine::Scope scope;  // not as if the program freed them
  VectorEntry* vector = vector_of(thread_pointer);
  for (std::size_t i = first; i <= length_of(vector); ++i) {
    if (vector[i].to_free == nullptr) continue;
    std::free(vector[i].to_free);
    vector[i] = {reinterpret_cast<char*>(kNoBlock), nullptr};
  }
}

/// memcpy of the few bytes that it mostly is, without a call.
[[gnu::always_inline]] inline void copy_few(char* to, const char* from, std::size_t size) {
  const auto copy = [&]<typename Word>(std::size_t at, Word word) {
    std::memcpy(&word, from + at, sizeof word);
    std::memcpy(to + at, &word, sizeof word);
  };
  std::size_t at = 0;
  for (const std::size_t words = size & ~std::size_t{7}; at != words; at += 8) {
    copy(at, std::uint64_t{});
    asm("" : "+r"(at));  // not to become a memcpy
  }
  if ((size & 4) != 0) {
    copy(at, std::uint32_t{});
    at += 4;
  }
  for (; at != size; ++at) copy(at, char{});
}

}  // namespace

const bool g_fast_thread_pointer =
#if defined(__x86_64__)
    (getauxval(AT_HWCAP2) & 2) != 0;
#else
    true;
#endif

unsigned char g_stack_stain = 0;

bool has_fast_thread_pointer() { return g_fast_thread_pointer; }

void* Context::park(void* self) {
  auto* context = static_cast<Context*>(self);
  char here[64];
  context->thread_pointer_ = read_thread_pointer();
  context->handle_ = static_cast<std::uint64_t>(pthread_self());
  context->stack_top_ = reinterpret_cast<char*>(
      (reinterpret_cast<std::uintptr_t>(&here[0]) - kParkedFrames) & ~std::uintptr_t{63});
  pthread_attr_t attributes;
  void* low = nullptr;
  std::size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
  }
  context->stack_low_ = static_cast<const char*>(low);
  context->stack_high_ = static_cast<const char*>(low) + size;
  __atomic_store_n(&context->ready_, 1, __ATOMIC_RELEASE);
  call_futex(&context->ready_, FUTEX_WAKE_PRIVATE, 1);
  sleep_for_ever();
}

Context* Context::create(std::size_t stack_size) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (stack_size != 0) pthread_attr_setstacksize(&attributes, stack_size + 2 * kParkedFrames);
  Context* context = create_with(attributes);
  if (context != nullptr) context->stack_size_ = stack_size;
  pthread_attr_destroy(&attributes);
  return context;
}

Context* Context::create_inheritable() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  std::size_t size = 0;
  pthread_attr_getstacksize(&attributes, &size);
  constexpr std::size_t kGuard = 4096;
  void* memory = mmap(nullptr, size + kGuard, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  Context* context = nullptr;
  if (memory != MAP_FAILED) {
    mprotect(memory, kGuard, PROT_NONE);
    pthread_attr_setstack(&attributes, static_cast<char*>(memory) + kGuard, size);
    context = create_with(attributes);
    if (context != nullptr) context->inheritable_ = true;
  }
  pthread_attr_destroy(&attributes);
  return context;
}

void ContextPool::prepare(std::size_t count) {
  images();  // found once, not by each process
  while (free_.size() < count) {
    Context* context = Context::create_inheritable();
    if (context == nullptr) return;
    free_.push_back(context);
  }
}

Context* Context::create_with(const pthread_attr_t& attributes) {
  auto* context = new Context;
  pthread_t thread;
  if (real_create()(&thread, &attributes, &Context::park, context) != 0) {
    delete context;
    return nullptr;
  }
  while (__atomic_load_n(&context->ready_, __ATOMIC_ACQUIRE) == 0) {
    call_futex(&context->ready_, FUTEX_WAIT_PRIVATE, 0);
  }
  void* frames = mmap(nullptr, kShadowFrames * sizeof(CallFrame), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (frames == MAP_FAILED) {
    lack("memory for a thread's call stack: is the address space limited (ulimit -v)?");
  }
  context->shadow_.base = static_cast<CallFrame*>(frames);
  context->shadow_.limit = context->shadow_.base + kShadowFrames;
  return context;
}

Context* Context::adopt_caller() {
  auto* context = new Context;
  context->thread_pointer_ = read_thread_pointer();
  context->handle_ = static_cast<std::uint64_t>(pthread_self());
  return context;
}

void Context::reset(FiberEntry entry) {
  shadow_.top = shadow_.base;
  shadow_.beyond = 0;
  if (g_stack_stain != 0) [[unlikely]] {
    constexpr std::ptrdiff_t kStained = 256 << 10;
    const std::ptrdiff_t size = std::min(kStained, stack_top_ - stack_low_);
    std::memset(stack_top_ - size, g_stack_stain, static_cast<std::size_t>(size));
  }
  start_fiber(fiber_, stack_top_, stack_low_, entry);
  const ThreadLocalImages& all = images();
  if (generation_of(thread_pointer_) != all.generation) [[unlikely]] {
    forget_later_blocks(thread_pointer_, all.last_module + 1);
  }
  for (std::size_t i = 0; i < all.count; ++i) {
    const ThreadLocalImage& image = all.at[i];
    char* block = blocks_[i];
    if (block == nullptr) [[unlikely]] {
      block = image.offset != 0 ? reinterpret_cast<char*>(thread_pointer_) + image.offset
                                : block_of(thread_pointer_, image.module);
      blocks_[i] = block;
    }
    if (image.memory_size <= ThreadLocalImage::kSmall) [[likely]] {
      if (block != nullptr) copy_few(block, image.whole, image.memory_size);
    } else if (block != nullptr) {
      std::memcpy(block, image.image, image.file_size);
      std::memset(block + image.file_size, 0, image.memory_size - image.file_size);
    }
  }
}

Context* ContextPool::take(FiberEntry entry, std::size_t stack_size) {
  Context* context = nullptr;
  if (stack_size == 0 && !free_.empty()) [[likely]] {
    context = free_.back();
    free_.pop_back();
  }
  for (std::size_t i = sized_.size(); stack_size != 0 && context == nullptr && i-- > 0;) {
    if (sized_[i]->stack_size() != stack_size) continue;
    context = sized_[i];
    sized_.erase(sized_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (context == nullptr) context = Context::create(stack_size);
  if (context == nullptr) return nullptr;
  // ThreadSanitizer would see one thread write to another's thread-local storage.
  if (has_real_tsan()) __tsan_ignore_thread_begin();
  context->reset(entry);
  if (has_real_tsan()) __tsan_ignore_thread_end();
  return context;
}

}  // namespace chicane::engine
