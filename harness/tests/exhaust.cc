// SPDX-License-Identifier: Apache-2.0
#include "tests/exhaust.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "engine/engine.h"
#include "engine/journal.h"
#include "monitors/monitors.h"
#include "strategies/dpor.h"
#include "strategies/search.h"
#include "strategies/spins.h"
#include "strategies/strategies.h"
#include "strategies/trace.h"

namespace chicane::tests {
namespace {

using engine::RunEnd;

constexpr std::uint64_t kMostRuns = 1 << 21;

/// What the children leave.
struct Log {
  struct Run {
    std::uint64_t trace, loud_trace, state;
    int end;
    bool given_up, over;
  };
  std::uint64_t state;
  std::uint64_t count;
  std::size_t most_memory;
  bool done;
  std::uint64_t counted;  // by the search: executions, and what was given up
  std::size_t judged;     // places, by the search
  bool heeds_all;
  Run runs[kMostRuns];
};
Log* g_log = nullptr;

/// Passes everything on, and keeps the trace.
class Tracing final : public engine::Strategy {
 public:
  Tracing(std::unique_ptr<engine::Strategy> inner, const strategies::Dpor* dpor,
          const strategies::Search* search, bool tells)
      : inner_(std::move(inner)), dpor_(dpor), search_(search), tells_(tells) {}
  const char* name() const override { return inner_->name(); }
  bool begin_run(std::uint64_t run) override {
    over_ = false;
    trace_.truncate(0);
    trace_.begin_run(search_->spins() != nullptr && search_->spins()->needs_writes());
    return inner_->begin_run(run);
  }
  bool wants_every_step() const override { return true; }
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    if (over_) return inner_->pick_thread(choice);
    trace_.look(choice);
    over_ = search_->spins() != nullptr && search_->spins()->holds_all(trace_, choice);
    if (over_) {
      trace_.end_run(engine::Engine::instance());
      return inner_->pick_thread(choice);
    }
    unsigned pick = 0;
    if (choice.enabled.size() > 1 || inner_->wants_every_step()) pick = inner_->pick_thread(choice);
    trace_.begin_step(choice, pick);
    return pick;
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
    const unsigned pick = inner_->pick_outcome(operation, count);
    if (!over_) trace_.add_outcome({pick, count});
    return pick;
  }
  void on_event(const engine::Event& event) override {
    if (!over_) trace_.on_event(event);
    if (inner_->wants(event)) inner_->on_event(event);
  }
  bool wants_memory() const override { return true; }
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override {
    trace_.on_allocate(thread, start, size);
    if (inner_->wants_memory()) inner_->on_allocate(thread, start, size);
  }
  void end_run(std::uint64_t steps) override {
    if (!over_) trace_.end_run(engine::Engine::instance());
    inner_->end_run(steps);
  }
  std::uint64_t identity(bool silent) const { return trace_.identity(silent); }
  engine::SearchStatistics so_far() const {
    engine::SearchStatistics statistics;
    inner_->statistics(&statistics);
    return statistics;
  }
  /// Or repeated, as far as the search tells.
  bool gave_up(const engine::SearchStatistics& before) const {
    const engine::SearchStatistics after = so_far();
    return after.blocked > before.blocked || (tells_ && after.executions == before.executions);
  }
  std::size_t judged() const {
    return search_->spins() != nullptr ? search_->spins()->judged() : 0;
  }
  bool was_over() const { return over_; }
  bool heeds_all() const { return dpor_ == nullptr || dpor_->heeds_all(); }

 private:
  std::unique_ptr<engine::Strategy> inner_;
  const strategies::Dpor* dpor_;  // null: another search
  const strategies::Search* search_;
  bool tells_;         // of each run what it was
  bool over_ = false;  // for the search, but for threads that are held
  strategies::Trace trace_;
};

std::unique_ptr<Tracing> make(const Exhaustion& with) {
  std::unique_ptr<strategies::Search> search;
  const strategies::Dpor* reduction = nullptr;
  if (with.strategy == "dfs") {
    search = with.fair ? strategies::make_held(&strategies::make_dfs, with.shard, with.shards)
                       : strategies::make_dfs(with.shard, with.shards);
  } else {
    auto dpor = std::make_unique<strategies::Dpor>(with.shard, with.shards);
    dpor->remember(with.remembered);
    reduction = dpor.get();
    search = std::move(dpor);
  }
  const strategies::Search* bare = search.get();
  std::unique_ptr<engine::Strategy> strategy;
  if (with.probe_seed != 0) {
    strategy = strategies::make_probes(std::move(search), with.probe_seed);
  } else {
    strategy = std::move(search);
  }
  if (with.fair) strategy = strategies::make_fair_order(std::move(strategy));
  return std::make_unique<Tracing>(std::move(strategy), reduction, bare, with.probe_seed == 0);
}

/// Runs until one ends badly.
void run_in_child(const std::function<void()>& program, Tracing& strategy, engine::SharedHeap& heap,
                  engine::Journal& journal, std::uint64_t limit) {
  RunEnd end = RunEnd::kFinished;
  while (end == RunEnd::kFinished && g_log->count < std::min(limit, kMostRuns)) {
    if (!strategy.begin_run(g_log->count)) {
      g_log->done = true;
      return;
    }
    g_log->state = 0;
    const engine::SearchStatistics before = strategy.so_far();
    // It has begun anew: what was before is not part of it.
    if (before.executions + before.blocked < g_log->counted) g_log->count = 0;
    if (strategy.judged() != g_log->judged) g_log->count = 0;
    g_log->judged = strategy.judged();
    g_log->counted = before.executions + before.blocked;
    journal.begin_run(g_log->count);
    end = engine::Engine::instance().run(program, strategy, {}, journal, {});
    const bool given_up = strategy.gave_up(before);
    g_log->runs[g_log->count++] = {strategy.identity(true),
                                   strategy.identity(false),
                                   g_log->state,
                                   static_cast<int>(end),
                                   given_up,
                                   strategy.was_over()};
    g_log->heeds_all = strategy.heeds_all();
    g_log->most_memory = std::max(g_log->most_memory, heap.in_use());
  }
}

}  // namespace

void report_state(std::uint64_t state) {
  if (g_log != nullptr) g_log->state = state;
}

void fail_run() { engine::Engine::instance().end_run(RunEnd::kFatal); }

Exhausted exhaust(const std::function<void()>& program, const Exhaustion& with,
                  std::uint64_t limit) {
  void* memory = mmap(nullptr, sizeof(Log), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_log = static_cast<Log*>(memory);
  engine::Journal* journal = engine::Journal::create();
  engine::SharedHeap* heap = engine::SharedHeap::create();
  engine::SharedHeap* before = engine::SharedHeap::use(heap);
  auto tracing = make(with);
  engine::Engine::instance().set_racy_sites(with.racy_sites);
  while (!g_log->done && g_log->count < limit) {
    const pid_t child = fork();
    if (child == 0) {
      run_in_child(program, *tracing, *heap, *journal, limit);
      syscall(SYS_exit_group, 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status)) break;
  }
  Exhausted result;
  result.done = g_log->done;
  result.most_memory = g_log->most_memory;
  result.heeds_all = g_log->heeds_all;
  const engine::SearchStatistics statistics = tracing->so_far();
  result.incomplete = statistics.incomplete;
  result.estimate = statistics.estimate;
  result.estimate_error = statistics.estimate_error;
  for (std::uint64_t i = 0; i < g_log->count; ++i) {
    const Log::Run& run = g_log->runs[i];
    result.given_up += run.given_up ? 1 : 0;
    if (!run.given_up) result.traces.push_back(run.trace);
    if (!run.given_up) result.loud_traces.push_back(run.loud_trace);
    if (!run.given_up) result.ends.insert({run.end, run.state});
    if (!run.given_up && !run.over) result.searched_ends.insert({run.end, run.state});
  }
  tracing.reset();
  engine::SharedHeap::use(before);
  heap->destroy();
  journal->destroy();
  munmap(memory, sizeof(Log));
  g_log = nullptr;
  return result;
}

Independent::Independent(unsigned a, unsigned b) : a_(a), b_(b) {
  strategies::g_conflicts[a] &= static_cast<std::uint8_t>(~(1U << b));
  strategies::g_conflicts[b] &= static_cast<std::uint8_t>(~(1U << a));
}

Independent::~Independent() {
  strategies::g_conflicts[a_] |= static_cast<std::uint8_t>(1U << b_);
  strategies::g_conflicts[b_] |= static_cast<std::uint8_t>(1U << a_);
}

std::vector<std::uint64_t> find_races(const std::function<void()>& program) {
  constexpr std::uint64_t kRuns = 40;
  engine::Journal* journal = engine::Journal::create();
  for (std::uint64_t run = 0; run < kRuns;) {
    const pid_t child = fork();
    if (child == 0) {
      const auto random = strategies::make_random(1);
      const auto races = monitors::make_race_monitor();
      engine::Monitor* const monitors[] = {races.get()};
      RunEnd end = RunEnd::kFinished;
      for (; run < kRuns && end == RunEnd::kFinished; ++run) {
        random->begin_run(run);
        journal->begin_run(run);
        end = engine::Engine::instance().run(program, *random, monitors, *journal, {});
        journal->end_run(end, 0);
      }
      syscall(SYS_exit_group, 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    run = journal->counters().run + 1;
  }
  for (const engine::Finding& finding : journal->findings()) {
    for (const engine::FindingSite& site : journal->sites(finding)) {
      if (site.stack.depth > 0) journal->add_racy_site(site.stack.pcs[0]);
    }
  }
  const auto sites = journal->racy_sites();
  std::vector<std::uint64_t> result(sites.begin(), sites.end());
  journal->destroy();
  return result;
}

}  // namespace chicane::tests
