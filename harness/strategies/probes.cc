// SPDX-License-Identifier: Apache-2.0
#include "strategies/probes.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "strategies/spins.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using engine::Operation;
using engine::ThreadChoice;

}  // namespace

Probes::Probes(std::unique_ptr<Search> search, std::uint64_t seed)
    : search_(std::move(search)), seed_(seed) {}

void Probes::use_racy_sites(std::size_t count) {
  search_->use_racy_sites(count);
  if (count == racy_sites_) return;
  racy_sites_ = count;
  start_anew();
}

void Probes::start_anew() {
  probes_ = 0;
  own_ = all_ = {};
  largest_.clear();
  expected_.clear();
}

bool Probes::is_due() const {
  const std::uint64_t done = search_->executions();
  if (endless_ || done < kFirst || search_->ended()) return false;
  const bool some = all_.count >= kAtOnce;
  if (some && all_.error() <= kPrecise * all_.mean) return false;
  const bool vague = some && all_.count < kMostWhileVague && all_.error() > kVague * all_.mean;
  return probes_ < kAtOnce + kLearning + (done - kFirst) / (vague ? kEveryWhileVague : kEvery);
}

bool Probes::begin_run(std::uint64_t run) {
  if (probing_) {  // the process died in it
    if (!over_) trace_.end_dead_run();
    finish_probe();
  }
  if (!is_due()) return search_->begin_run(run);
  probing_ = true;
  over_ = false;
  random_.seed(seed_, probes_);
  trace_.truncate(0);
  trace_.begin_run();
  choices_.clear();
  private_steps_.clear();
  std::fill(made_.begin(), made_.end(), 0);
  log2_q_ = 0;
  return true;
}

unsigned Probes::pick_probe(const ThreadChoice& choice) {
  last_step_ = choice.step;
  if (over_) return Spins::pick_in_rest(choice);
  if (!trace_.look(choice)) {
    endless_ = true;
    return 0;
  }
  const Spins* spins = search_->spins();
  if (spins != nullptr && spins->holds_all(trace_, choice)) {
    over_ = true;
    trace_.end_run(engine::Engine::instance());
    return Spins::pick_in_rest(choice);
  }
  const int given = given_index(choice);
  const unsigned pick = given >= 0 ? static_cast<unsigned>(given) : draw(choice);
  note_choice(choice, pick);
  const bool silent = given >= 0 && is_silent(choice.enabled[pick]->pending());
  if (given >= 0 && !silent) private_steps_.push_back(trace_.size());
  trace_.begin_step(choice, pick, silent);
  return pick;
}

bool Probes::is_held(const engine::Thread& thread) const {
  const Spins* spins = search_->spins();
  return spins != nullptr && spins->holds(trace_, trace_.tid_of(thread.id()));
}

/// Where there are several alternatives: which one of them it is.
void Probes::note_choice(const ThreadChoice& choice, unsigned pick) {
  unsigned count = 0, before = 0;
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    if (is_held(*choice.enabled[i])) continue;
    ++count;
    if (i < pick) ++before;
  }
  if (count > 1) choices_.push_back(before);
}

/// Who goes on without being drawn; -1: nobody.
int Probes::given_index(const ThreadChoice& choice) const {
  if (announcing_ || !search_->counts_traces()) return -1;
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    if (is_held(*choice.enabled[i])) continue;
    if (is_silent(choice.enabled[i]->pending()) || is_private(*choice.enabled[i])) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

/// Whether what the thread is about to do touches one known object, on which no threads have met.
bool Probes::is_private(const engine::Thread& thread) const {
  const engine::Operation& pending = thread.pending();
  if (users_.empty() || !touches_one_object(pending)) return false;
  const auto found = users_.find(trace_.names().name(pending.object));
  return found != users_.end() && !found->second.meet();
}

void Probes::note_users() {
  for (std::uint32_t i = 0; i < trace_.size(); ++i) {
    const TraceStep& step = trace_.step(i);
    for (unsigned k = 0; k < step.footprint.size(); ++k) {
      Users& users = users_[step.footprint[k].object];
      const bool met = users.meet();
      users.several = users.several || (users.first != kNone && users.first != step.tid);
      users.first = step.tid;
      users.changed = users.changed || step.footprint[k].mode != Mode::kRead;
      if (users.meet() && !met) news_ = true;
    }
  }
}

unsigned Probes::draw(const ThreadChoice& choice) {
  weights_.clear();
  double all = 0;
  for (const engine::Thread* thread : choice.enabled) {
    const Tid tid = trace_.tid_of(thread->id());
    if (tid >= made_.size()) made_.resize(tid + 1, 0);
    const double expected = tid < expected_.size() ? expected_[tid] : 0;
    weights_.push_back(is_held(*thread) ? 0 : std::max(1.0, expected - made_[tid]));
    all += weights_.back();
  }
  constexpr double kRandom = 4294967296.0;  // 2^32
  double drawn = static_cast<double>(random_.next() >> 32) / kRandom * all;
  unsigned pick = 0;
  for (; pick + 1 < weights_.size() && drawn >= weights_[pick]; ++pick) drawn -= weights_[pick];
  while (pick > 0 && weights_[pick] <= 0) --pick;  // not all sums are exact
  log2_q_ += std::log2(weights_[pick] / all);
  ++made_[trace_.tid_of(choice.enabled[pick]->id())];
  return pick;
}

unsigned Probes::pick_outcome(const Operation& operation, unsigned count) {
  if (!probing_) return search_->pick_outcome(operation, count);
  if (over_) return 0;
  const unsigned pick = random_.below(count);
  log2_q_ -= std::log2(static_cast<double>(count));
  choices_.push_back(pick);
  trace_.add_outcome({pick, count});
  return pick;
}

void Probes::end_run(std::uint64_t steps) {
  if (!probing_) return search_->end_run(steps);
  endless_ = endless_ || (!over_ && steps > last_step_ + 1);
  if (!over_) trace_.end_run(engine::Engine::instance());
  finish_probe();
}

void Probes::finish_probe() {
  probing_ = false;
  ++probes_;
  if (endless_) return;
  if (search_->counts_traces() && !announcing_ && !trace_.was_silent()) {
    announcing_ = true;
    return start_anew();
  }
  news_ = false;
  note_users();
  // What was not drawn, as nobody met there, should have been.
  if (news_) return start_anew();
  for (const std::uint32_t step : private_steps_) trace_.step(step).silent = true;
  if (probes_ > kLearning) weigh();
  if (expected_.size() < made_.size()) expected_.resize(made_.size(), 0);
  for (Tid tid = 0; tid < made_.size(); ++tid) {
    expected_[tid] += (made_[tid] - expected_[tid]) / static_cast<double>(probes_);
  }
}

void Probes::weigh() {
  const double orders = search_->counts_traces() ? orders_.log2_count(trace_, &random_) : 0;
  constexpr double kMost = 400;  // its square is a number, too
  const double value = std::exp2(std::min(kMost, -log2_q_ - orders));
  all_.add(value);
  const bool owns = search_->owns(trace_, choices_);
  own_.add(owns ? value : 0);
  if (!owns || value <= 0) return;
  largest_.insert(std::upper_bound(largest_.begin(), largest_.end(), value, std::greater<>()),
                  value);
  if (largest_.size() > kMostOfTail) largest_.pop_back();
}

void Probes::Mean::add(double value) {
  ++count;
  const double difference = value - mean;
  mean += difference / static_cast<double>(count);
  squares += difference * (value - mean);
}

double Probes::Mean::error() const {
  if (count < 2) return mean;
  const auto of = static_cast<double>(count);
  // Of a normal distribution; and what has not come up in so many draws is, in nine cases of ten,
  // no larger a part than this.
  constexpr double kNineOfTen = 1.645, kUnseen = 2.303;
  return std::hypot(kNineOfTen * std::sqrt(squares / (of - 1) / of), mean * kUnseen / of);
}

/// What the mean may have in values that are larger than any that has come up. Where the largest
/// that have differ by factors, more such are to come, and their deviation tells nothing of these.
/// How they spread is their tail index k (Hill: "A simple general approach to inference about the
/// tail of a distribution", Annals of Statistics 3, 1975): the i-th largest of n is about as
/// (n / i)^k. Going on like this for as many draws again as kFurther times n, there is that much.
double Probes::beyond() const {
  constexpr double kNineOfTen = 1.645, kFurther = 100, kSteepest = 2;
  constexpr std::size_t kLeast = 5;
  const std::size_t tail =
      std::min(largest_.size(), std::max(kLeast, static_cast<std::size_t>(own_.count) / kLeast));
  if (tail < 2) return own_.mean;
  double k = 0;
  for (std::size_t i = 0; i + 1 < tail; ++i) k += std::log(largest_[i] / largest_[tail - 1]);
  k /= static_cast<double>(tail - 1);
  k += k * kNineOfTen / std::sqrt(static_cast<double>(tail - 1));  // so few tell it roughly
  k = std::min(k, kSteepest);
  const double power = k - 1;
  const double further =
      std::abs(power) < 1e-6 ? std::log(kFurther) : (std::pow(kFurther, power) - 1) / power;
  return largest_[0] / static_cast<double>(own_.count) * further;
}

bool Probes::statistics(engine::SearchStatistics* to) const {
  if (!search_->statistics(to)) return false;
  if (search_->ended() || own_.count < kFew || endless_) return true;
  const auto done = static_cast<double>(to->executions);
  const double error = std::hypot(own_.error(), beyond());
  // What is left is little, and the search knows it best.
  if (own_.mean + error <= done) return true;
  to->estimate = std::max(own_.mean, done);
  to->estimate_error = error;
  return true;
}

std::unique_ptr<engine::Strategy> make_probes(std::unique_ptr<Search> search, std::uint64_t seed) {
  return std::make_unique<Probes>(std::move(search), seed);
}

}  // namespace chicane::strategies
