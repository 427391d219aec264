// SPDX-License-Identifier: Apache-2.0
//
// Go's rules for time, context, errgroup and os/signal, on native threads and under the engine.
#include "chicane/golang.h"
#include "golang/both_ways.h"

namespace chicane::golang {
namespace {

TEST(Time, SleepPassesTime) {
  both_ways([] {
    const TimePoint start = now();
    sleep(2ms);
    must(since(start) >= 2ms);
    sleep(0ns);
  });
}

TEST(Time, TimersFireInTheOrderOfTheirDeadlines) {
  both_ways([] {
    Timer late(1h), early(1ms);
    int first = 0;
    select(on_recv(late.channel(), [&] { first = 2; }),
           on_recv(early.channel(), [&] { first = 1; }));
    must(first == 1);
    must(late.reset(1ms));
    must(late.channel().recv().has_value());
    must(!late.channel().try_recv().has_value());
  });
}

TEST(Time, AStoppedTimerNeverFires) {
  both_ways([] {
    Timer timer(1h);
    must(timer.stop());
    must(!timer.stop());
    must(!timer.reset(1ms));
    must(timer.channel().recv().has_value());
    timer.reset(1ms);
    if (timer.stop()) {  // else it has fired before
      sleep(2ms);
      must(!timer.channel().try_recv().has_value());
    } else {
      must(timer.channel().recv().has_value());
    }
  });
  only_explored(
      [] {
        Timer timer(1ms);
        timer.stop();
        timer.channel().recv();
      },
      {"deadlock"});
}

TEST(Time, ResetReachesAWaitingReceiver) {
  both_ways([] {
    Timer timer(1h);
    go([timer] { timer.reset(1ms); });
    must(timer.channel().recv().has_value());
  });
}

TEST(Time, ATickerDropsWhatNobodyTakes) {
  both_ways([] {
    Ticker ticker(1ms);
    sleep(5ms);
    must(ticker.channel().recv().has_value());
    must(ticker.channel().size() <= 1);
    must(ticker.channel().recv().has_value());
    ticker.stop();
    must(panic_kind([] { Ticker zero(0ns); }) == "");
  });
}

TEST(Time, AfterIsATimeout) {
  both_ways([] {
    Chan<int> never;
    bool timed_out = false;
    select(on_recv(never, [] { must(false); }), on_recv(after(1ms), [&] { timed_out = true; }));
    must(timed_out);
  });
}

TEST(Context, CancelReachesEveryDescendant) {
  both_ways([] {
    auto [root, cancel_root] = with_cancel(Context::background());
    auto [child, cancel_child] = with_cancel(root);
    auto [grandchild, cancel_grandchild] = with_timeout(with_value(child, "k", 1), 1h);
    must(!grandchild.err() && !grandchild.done().try_recv().has_value());
    cancel_child();
    must(child.err() == canceled() && grandchild.err() == canceled());
    must(!root.err());
    must(!grandchild.done().recv().has_value());
    cancel_child();
    cancel_root();
    must(root.err().message() == "context canceled");
    auto [late, cancel_late] = with_cancel(root);
    must(late.err() == canceled());
  });
}

TEST(Context, CancelWakesWhoWaits) {
  both_ways([] {
    auto [ctx, cancel] = with_cancel(Context::background());
    int written = 0;
    go([&written, cancel = cancel] {
      written = 1;
      cancel();
    });
    ctx.done().recv();
    must(written == 1);
  });
}

TEST(Context, DeadlinePasses) {
  both_ways([] {
    auto [parent, cancel_parent] = with_timeout(Context::background(), 1ms);
    auto [child, cancel] = with_timeout(parent, 1h);
    must(child.deadline() == parent.deadline());
    child.done().recv();
    must(child.err() == deadline_exceeded() && parent.err() == deadline_exceeded());
    cancel();
    must(child.err().message() == "context deadline exceeded");
  });
}

TEST(Context, ValuesAreFoundGoingUp) {
  both_ways([] {
    Context ctx = with_value(Context::background(), "a", std::string("one"));
    auto [child, cancel] = with_cancel(ctx);
    Context inner = with_value(child, "b", 2);
    must(inner.value<std::string>("a") == "one");
    must(inner.value<int>("b") == 2);
    must(!inner.value<int>("a").has_value());
    must(!ctx.value<int>("b").has_value());
    must(!Context::background().err() && Context::background().done().is_nil());
  });
}

TEST(ErrGroup, FirstErrorWinsAndCancels) {
  both_ways([] {
    auto [group, ctx] = ErrGroup::with_context(Context::background());
    group.go([]() -> Error { return Error("broken"); });
    group.go([ctx = ctx]() -> Error {
      ctx.done().recv();
      return Error("a consequence");
    });
    must(group.wait() == Error("broken"));
    must(ctx.err() == canceled());
  });
}

TEST(ErrGroup, KeepsItsLimit) {
  both_ways([] {
    ErrGroup group;
    group.set_limit(2);
    Atomic<int> running = 0;
    for (int i = 0; i < 4; ++i) {
      group.go([&]() -> Error {
        must(running.add(1) <= 2);
        running.add(-1);
        return {};
      });
    }
    must(!group.wait());
    Chan<Unit> hold;
    group.set_limit(1);
    group.go([hold]() -> Error {
      hold.recv();
      return {};
    });
    must(!group.try_go([]() -> Error { return {}; }));
    hold.send({});
    must(!group.wait());
  });
}

TEST(Signal, NotifyNeverBlocksAndDrops) {
  both_ways([] {
    Chan<int> buffered(1), unbuffered, other(1);
    notify_signal(buffered, {SIGINT});
    notify_signal(unbuffered, {SIGINT});
    notify_signal(other, {SIGTERM});
    must(raise_signal(SIGINT) == 1);
    must(raise_signal(SIGINT) == 0);
    must(buffered.recv() == SIGINT && buffered.size() == 0 && other.size() == 0);
    stop_signal(buffered);
    must(raise_signal(SIGINT) == 0);
  });
}

}  // namespace
}  // namespace chicane::golang
