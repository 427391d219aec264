// SPDX-License-Identifier: Apache-2.0
//
// The modes of Go's Mutex: what each promises, and who starves with which.
#include <atomic>
#include <mutex>

#include "chicane/golang.h"
#include "golang/both_ways.h"

namespace chicane::golang {
namespace {

constexpr MutexMode kModes[] = {MutexMode::kAny, MutexMode::kBarging, MutexMode::kHandOff,
                                MutexMode::kSpinning};

class EveryMode : public ::testing::TestWithParam<MutexMode> {};

TEST_P(EveryMode, Excludes) {
  both_ways([] {
    Mutex mu(GetParam());
    WaitGroup group;
    int count = 0;
    for (int i = 0; i < 3; ++i) {
      group.go([&] {
        for (int k = 0; k < 3; ++k) {
          std::lock_guard guard(mu);
          ++count;
        }
      });
    }
    group.wait();
    must(count == 9);
  });
}

TEST_P(EveryMode, TriesAndUnlocksByAnother) {
  both_ways([] {
    Mutex mu(GetParam());
    must(mu.try_lock());
    must(!mu.try_lock());
    Chan<Unit> done;
    go([&] {
      mu.unlock();
      done.send({});
    });
    done.recv();
    mu.lock();
    mu.unlock();
  });
}

TEST_P(EveryMode, WakesAConditionsWaiters) {
  both_ways([] {
    Mutex mu(GetParam());
    Cond cond(mu);
    bool ready = false;
    WaitGroup group;
    for (int i = 0; i < 2; ++i) {
      group.go([&] {
        std::lock_guard guard(mu);
        while (!ready) cond.wait();
      });
    }
    mu.lock();
    ready = true;
    cond.broadcast();
    mu.unlock();
    group.wait();
  });
}

TEST_P(EveryMode, LockedInOppositeOrdersIsADeadlock) {
  if (GetParam() == MutexMode::kSpinning) return;  // then it is a livelock: see below
  only_explored(
      [] {
        Mutex a(GetParam()), b(GetParam());
        WaitGroup group;
        group.go([&] {
          std::lock_guard first(a);
          std::lock_guard second(b);
        });
        {
          std::lock_guard first(b);
          std::lock_guard second(a);
        }
        group.wait();
      },
      {"deadlock"});
}

std::string name_of(const ::testing::TestParamInfo<MutexMode>& info) {
  const char* const names[] = {"any", "barging", "hand_off", "spinning"};
  return names[static_cast<int>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(Modes, EveryMode, ::testing::ValuesIn(kModes), name_of);

TEST(MutexMode, ALockThatIsKeptMakesSpinningALivelock) {
  only_explored(
      [] {
        Mutex mu(MutexMode::kSpinning);
        mu.lock();
        mu.lock();
      },
      {"livelock"});
}

/// How often the lock is taken by main after a goroutine has come to wait for it: `most` at most?
void overtaking(MutexMode mode, int most) {
  Mutex mu(mode);
  std::atomic<bool> waits{false}, served{false};
  WaitGroup group;
  group.go([&] {
    waits = true;  // from here to lock nobody else runs
    mu.lock();
    served = true;
    mu.unlock();
  });
  int overtaken = 0;
  for (int i = 0; i < 6 && !served; ++i) {
    mu.lock();
    if (waits && !served) ++overtaken;
    mu.unlock();
  }
  group.wait();
  must(overtaken <= most);
}

// Once when main has come before, and once more when it was looking at `waits`.
TEST(MutexMode, HandOffLetsNobodyOvertake) {
  only_explored([] { overtaking(MutexMode::kHandOff, 2); }, {});
  only_explored([] { overtaking(MutexMode::kAny, 2); }, {"assertion-failed"});
  only_explored([] { overtaking(MutexMode::kBarging, 2); }, {"assertion-failed"});
}

/// One goroutine takes the lock again as soon as it has given it back; main needs it once.
void greedy(MutexMode mode) {
  Mutex mu(mode);
  std::atomic<int> work{0};
  WaitGroup group;
  group.go([&] {
    for (int i = 0; i < 20; ++i) {
      mu.lock();
      ++work;
      mu.unlock();
    }
  });
  mu.lock();
  mu.unlock();
  group.wait();
}

TEST(MutexMode, WhoeverMustComeByStarves) {
  only_explored([] { greedy(MutexMode::kBarging); }, {"starvation"});
  only_explored([] { greedy(MutexMode::kHandOff); }, {});
  only_explored([] { greedy(MutexMode::kAny); }, {});
}

}  // namespace
}  // namespace chicane::golang
