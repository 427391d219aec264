// SPDX-License-Identifier: Apache-2.0
//
// Go's rules for channels and select, on native threads and under the engine.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "chicane/golang.h"
#include "golang/both_ways.h"

namespace chicane::golang {
namespace {

TEST(Channel, DrainsThenSaysClosed) {
  both_ways([] {
    Chan<int> ch(3);
    ch.send(1);
    ch.send(2);
    ch.close();
    must(ch.size() == 2 && ch.capacity() == 3);
    must(ch.recv() == 1);
    must(ch.try_recv() == 2);
    must(!ch.recv().has_value());
    must(!ch.recv().has_value());
    must(!ch.try_recv().has_value());
  });
}

TEST(Channel, HandlesReferToTheSameChannel) {
  both_ways([] {
    Chan<int> ch(1);
    Chan<int> copy = ch;
    SendChan<int> out = ch;
    RecvChan<int> in = copy;
    out.send(5);
    must(in.recv() == 5);
    must(ch == copy);
    must(Chan<int>::nil().is_nil());
  });
}

TEST(Channel, RendezvousInEitherOrder) {
  both_ways([] {
    Chan<int> ch;
    go([ch] { ch.send(7); });
    must(ch.recv() == 7);
    go([ch] {
      must(ch.recv() == 8);
      ch.send(9);
    });
    ch.send(8);
    must(ch.recv() == 9);
  });
}

TEST(Channel, RangeEndsAtClose) {
  both_ways([] {
    Chan<int> ch;
    go([ch] {
      for (int i = 1; i <= 3; ++i) ch.send(i);
      ch.close();
    });
    int sum = 0;
    for (int value : ch) sum = 10 * sum + value;
    must(sum == 123);
  });
}

TEST(Channel, CloseWakesEveryReceiver) {
  both_ways([] {
    Chan<int> ch;
    WaitGroup group;
    for (int i = 0; i < 3; ++i) {
      group.go([ch] { must(!ch.recv().has_value()); });
    }
    ch.close();
    group.wait();
  });
}

TEST(Channel, CloseMakesAWaitingSenderPanic) {
  both_ways(
      [] {
        Chan<int> ch;
        Chan<std::string> kinds(1);
        go([=] {
          try {
            ch.send(1);
            kinds.send("sent");
          } catch (const Panic& panic) {
            kinds.send(panic.kind());
          }
        });
        ch.close();
        must(kinds.recv() == "send-on-closed");
      },
      {"send-on-closed"});
}

TEST(Channel, MisusePanics) {
  both_ways(
      [] {
        Chan<int> ch(1);
        ch.close();
        must(panic_kind([&] { ch.send(1); }) == "send-on-closed");
        must(panic_kind([&] { ch.try_send(1); }) == "send-on-closed");
        must(panic_kind([&] { ch.close(); }) == "close-of-closed");
        must(panic_kind([&] { Chan<int>::nil().close(); }) == "close-of-nil");
        must(panic_kind([&] { select(on_send(ch, 1, [] {}), otherwise([] {})); }) ==
             "send-on-closed");
      },
      {"send-on-closed", "close-of-closed", "close-of-nil"});
}

TEST(Channel, TriesDoNotWait) {
  both_ways([] {
    Chan<int> buffered(1), unbuffered;
    must(!buffered.try_recv().has_value());
    must(buffered.try_send(1));
    must(!buffered.try_send(2));
    must(!unbuffered.try_send(1));
    must(!unbuffered.try_recv().has_value());
    must(!Chan<int>::nil().try_send(1));
    must(!Chan<int>::nil().try_recv().has_value());
  });
}

TEST(Channel, NilBlocksForEver) {
  only_explored([] { Chan<int>::nil().send(1); }, {"deadlock"});
  only_explored([] { Chan<int>::nil().recv(); }, {"deadlock"});
  only_explored([] { select(); }, {"deadlock"});
  only_explored(
      [] {
        Chan<int> ch;
        ch.send(1);
      },
      {"deadlock"});
}

TEST(Channel, CarriesMoveOnlyValuesAndFreesWhatIsLeft) {
  both_ways([] {
    auto alive = std::make_shared<int>(1);
    {
      Chan<std::unique_ptr<std::shared_ptr<int>>> ch(2);
      ch.send(std::make_unique<std::shared_ptr<int>>(alive));
      ch.send(std::make_unique<std::shared_ptr<int>>(alive));
      must(**ch.recv().value() == 1);
    }
    must(alive.use_count() == 1);
  });
}

TEST(Select, OtherwiseOnlyWhenNothingIsReady) {
  both_ways([] {
    Chan<int> ch(1);
    int taken = 0;
    select(on_recv(ch, [&](std::optional<int>) { taken = 1; }), otherwise([&] { taken = 2; }));
    must(taken == 2);
    ch.send(5);
    select(on_recv(ch, [&](std::optional<int> v) { taken = *v; }), otherwise([&] { taken = 2; }));
    must(taken == 5);
  });
}

TEST(Select, ChoosesAmongReadyCases) {
  bool seen[2] = {false, false};
  for (int i = 0; i < 200 && !(seen[0] && seen[1]); ++i) {
    Chan<int> a(1), b(1);
    a.send(0);
    b.send(0);
    select(on_recv(a, [&] { seen[0] = true; }), on_recv(b, [&] { seen[1] = true; }));
  }
  EXPECT_TRUE(seen[0] && seen[1]);
  for (int wanted = 0; wanted < 2; ++wanted) {
    only_explored(
        [wanted] {
          Chan<int> a(1), b(1);
          a.send(0);
          b.send(0);
          int chosen = -1;
          select(on_recv(a, [&] { chosen = 0; }), on_recv(b, [&] { chosen = 1; }));
          must(chosen != wanted);
        },
        {"assertion-failed"});
  }
}

TEST(Select, NilCasesNeverRunAndSendCasesDo) {
  both_ways([] {
    Chan<int> nil = Chan<int>::nil(), ch(1);
    bool sent = false;
    select(on_recv(nil, [] { must(false); }), on_send(nil, 1, [] { must(false); }),
           on_send(ch, 4, [&] { sent = true; }));
    must(sent && ch.recv() == 4);
  });
}

TEST(Select, TwoSelectsMeet) {
  both_ways([] {
    Chan<int> ch, other;
    Chan<int> got(1);
    go([=] {
      select(on_recv(ch, [&](std::optional<int> v) { got.send(*v); }),
             on_recv(other, [&](std::optional<int> v) { got.send(*v + 100); }));
    });
    int sent = 0;
    select(on_send(ch, 1, [&] { sent = 1; }), on_send(other, 2, [&] { sent = 102; }));
    must(got.recv() == sent);
  });
}

TEST(Select, DoesNotMeetItself) {
  only_explored(
      [] {
        Chan<int> ch;
        select(on_send(ch, 1, [] {}), on_recv(ch, [] {}));
      },
      {"deadlock"});
}

}  // namespace
}  // namespace chicane::golang
