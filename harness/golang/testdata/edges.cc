// SPDX-License-Identifier: Apache-2.0
//
// One program per happens-before edge, and per edge that must not be. Linked with Chicane's runtime
// and with ThreadSanitizer's:
//
//     edges                  lists them, as "NAME race" or "NAME clean"
//     edges NAME             runs one on native threads; ThreadSanitizer ends it with kRaced
//     edges --check native   runs each so, in a process of its own
//     edges --check LEG      explores each under the engine
//
// Exit status of a check: 1 when some program was told otherwise than the list says.
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>

#include "chicane/chicane.h"
#include "chicane/golang.h"

using namespace chicane::golang;  // NOLINT: the vocabulary under test

namespace {

struct Case {
  const char* name;
  bool races;
  void (*body)();
};

int shared_value = 0;

// H2: the receive before the completion of the (k+C)-th send.
void receive_before_send_ends(std::size_t capacity) {
  Chan<Unit> ch(capacity);
  go([=] {
    shared_value = 1;
    ch.recv();
  });
  if (capacity != 0) sleep(20ms);
  ch.send({});
  if (shared_value != 1) std::puts("not seen");
}

const Case kCases[] = {
    {"send_before_receive", false,
     [] {
       Chan<Unit> ch(1);
       go([=] {
         shared_value = 1;
         ch.send({});
       });
       ch.recv();
       ++shared_value;
     }},
    {"receive_before_unbuffered_send", false, [] { receive_before_send_ends(0); }},
    {"receive_before_buffered_send", true, [] { receive_before_send_ends(1); }},
    {"semaphore", false,
     [] {
       Chan<Unit> places(1);
       WaitGroup group;
       for (int i = 0; i < 4; ++i) {
         group.go([=] {
           places.send({});
           ++shared_value;
           places.recv();
         });
       }
       group.wait();
     }},
    {"semaphore_of_two", true,
     [] {
       Chan<Unit> places(2);
       WaitGroup group;
       for (int i = 0; i < 8; ++i) {
         group.go([=] {
           places.send({});
           ++shared_value;
           sleep(1ms);
           places.recv();
         });
       }
       group.wait();
     }},
    {"after_the_send", true,
     [] {
       Chan<int*> ch(1);
       WaitGroup group;
       group.go([=] { ++**ch.recv(); });
       ch.send(&shared_value);
       ++shared_value;
       group.wait();
     }},
    {"close_before_receive", false,
     [] {
       Chan<Unit> ch;
       for (int i = 0; i < 2; ++i) {
         go([=] {
           ch.recv();
           if (shared_value != 1) std::puts("not seen");
         });
       }
       shared_value = 1;
       ch.close();
       sleep(20ms);
     }},
    {"receive_does_not_order_close", true,
     [] {
       Chan<Unit> ch;
       go([=] {
         ch.recv();
         shared_value = 1;
       });
       ch.close();
       shared_value = 2;
       sleep(20ms);
     }},
    {"senders_are_not_ordered", true,
     [] {
       Chan<Unit> ch(2);
       for (int i = 0; i < 2; ++i) {
         go([=] {
           ++shared_value;
           ch.send({});
         });
       }
       ch.recv();
       ch.recv();
     }},
    {"select_orders_as_its_case", false,
     [] {
       Chan<Unit> ch, never;
       go([=] {
         shared_value = 1;
         select(on_send(ch, Unit{}, [] {}), on_recv(never, [] {}));
         ch.recv();
         if (shared_value != 2) std::puts("not seen");
       });
       ch.recv();
       shared_value = 2;
       select(on_send(ch, Unit{}, [] {}), on_recv(never, [] {}));
     }},
    {"mutex", false,
     [] {
       Mutex mu;
       WaitGroup group;
       for (int i = 0; i < 4; ++i) {
         group.go([&] {
           std::lock_guard guard(mu);
           ++shared_value;
         });
       }
       group.wait();
     }},
    {"write_under_read_lock", true,
     [] {
       RWMutex rw;
       WaitGroup group;
       for (int i = 0; i < 4; ++i) {
         group.go([&] {
           rw.lock_shared();
           ++shared_value;
           sleep(1ms);
           rw.unlock_shared();
         });
       }
       group.wait();
     }},
    {"rwmutex", false,
     [] {
       RWMutex rw;
       WaitGroup group;
       for (int i = 0; i < 4; ++i) {
         group.go([&] {
           rw.lock_shared();
           if (shared_value < 0) std::puts("negative");
           rw.unlock_shared();
           rw.lock();
           ++shared_value;
           rw.unlock();
         });
       }
       group.wait();
     }},
    {"once", false,
     [] {
       Once once;
       WaitGroup group;
       for (int i = 0; i < 4; ++i) {
         group.go([&] {
           once.call([] { shared_value = 1; });
           if (shared_value != 1) std::puts("not seen");
         });
       }
       group.wait();
     }},
    {"goroutine_end_orders_nothing", true,
     [] {
       go([] { shared_value = 1; });
       sleep(20ms);
       ++shared_value;
     }},
    {"pool", false,
     [] {
       Pool<int*> pool([] { return new int(0); });
       WaitGroup group;
       for (int i = 0; i < 4; ++i) {
         group.go([&] {
           int* p = pool.get();
           ++*p;
           pool.put(p);
         });
       }
       group.wait();
     }},
    {"use_after_put", true,
     [] {
       Pool<int*> pool([] { return new int(0); });
       WaitGroup group;
       for (int i = 0; i < 16; ++i) {
         group.go([&] {
           int* p = pool.get();
           pool.put(p);
           ++*p;
           sleep(1ms);
         });
       }
       group.wait();
     }},
    {"atomic_value", false,
     [] {
       AtomicValue<int*> value;
       go([&] {
         shared_value = 1;
         value.store(&shared_value);
       });
       while (!value.load()) sleep(1ms);
       ++**value.load();
     }},
    {"cancel", false,
     [] {
       auto [ctx, cancel] = with_cancel(Context::background());
       go([cancel = cancel] {
         shared_value = 1;
         cancel();
       });
       ctx.done().recv();
       ++shared_value;
     }},
    {"sync_map", false,
     [] {
       SyncMap<int, std::string> map;
       WaitGroup group;
       for (int i = 0; i < 8; ++i) {
         group.go([&map, i] {
           map.store(i % 3, std::string(40, 'x'));
           map.load((i + 1) % 3);
           map.erase((i + 2) % 3);
         });
       }
       group.wait();
     }},
};

constexpr int kRaced = 66;  // ThreadSanitizer's exit status

/// Whether ThreadSanitizer reports a race of this program; with something else the check fails.
bool races_natively(const Case& c, bool* failed) {
  std::string self = "/proc/self/exe", name = c.name;
  char* arguments[] = {self.data(), name.data(), nullptr};
  std::string options = "TSAN_OPTIONS=exitcode=" + std::to_string(kRaced) + ":report_bugs=1";
  char* environment[] = {options.data(), nullptr};
  pid_t child = 0;
  int status = -1;
  if (posix_spawn(&child, self.c_str(), nullptr, nullptr, arguments, environment) == 0) {
    waitpid(child, &status, 0);
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  *failed = code != 0 && code != kRaced;
  if (*failed) std::printf("%s: status %d\n", c.name, status);
  return code == kRaced;
}

bool races_under_engine(const Case& c, const std::string& leg, bool* failed) {
  chicane::Options options;
  options.leg = leg;
  options.schedules = 200;
  options.shrink = false;
  const chicane::Result result = chicane::explore(c.body, options);
  bool races = false;
  *failed = !result.error.empty();
  for (const chicane::Diagnosis& diagnosis : result.diagnoses) {
    races |= diagnosis.kind == "data-race";  // what else is wrong with it is not the question
    if (diagnosis.kind != "data-race") std::printf("%s: %s\n", c.name, diagnosis.kind.c_str());
  }
  if (*failed) std::printf("%s: %s\n", c.name, result.error.c_str());
  return races;
}

int check(const std::string& way) {
  int wrong = 0, programs = 0;
  for (const Case& c : kCases) {
    bool failed = false;
    const bool races =
        way == "native" ? races_natively(c, &failed) : races_under_engine(c, way, &failed);
    ++programs;
    if (races == c.races && !failed) continue;
    ++wrong;
    std::printf("%s: %s, but it is to be %s\n", c.name, races ? "a race" : "clean",
                c.races ? "a race" : "clean");
  }
  std::printf("%d programs (%s), %d not as listed\n", programs, way.c_str(), wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--check") == 0) return check(argv[2]);
  for (const Case& c : kCases) {
    if (argc == 1) {
      std::printf("%s %s\n", c.name, c.races ? "race" : "clean");
    } else if (std::strcmp(argv[1], c.name) == 0) {
      c.body();
      return 0;
    }
  }
  return argc == 1 ? 0 : 2;
}
