#include "coordinator/runtime/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>
#include <chrono>

namespace espalier::runtime {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

double in_seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

const Buckets kShortTimes{0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1};
const Buckets kTimes{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30};
const Buckets kRows{1, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000};

constexpr std::size_t kAttemptStates = 9;

// A metric for each enumerator, by its number. `what` is the label's name.
template <class Enum, class Metric, std::size_t Size>
std::array<Metric*, Size> by_state(prometheus::Family<Metric>& family, const char* what) {
  std::array<Metric*, Size> all{};
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto each) {
    all.at(static_cast<std::size_t>(each.value)) = &family.Add({{what, each.name}});
  });
  return all;
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;

  prometheus::Family<Gauge>& gauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  Gauge& gauge(const char* name, const char* help) { return gauges(name, help).Add({}); }
  Histogram& histogram(const char* name, const char* help, const Buckets& buckets) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
  }
  prometheus::Family<Counter>& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }

  std::array<Gauge*, core::kTaskStates> tasks = by_state<core::TaskState, Gauge, core::kTaskStates>(
      gauges("espalier_tasks", "Tasks of unfinished jobs, by state."), "state");
  std::array<Gauge*, core::kJobStates> jobs = by_state<core::JobState, Gauge, core::kJobStates>(
      gauges("espalier_jobs",
             "Jobs that are at work, by state; ended ones until all of their tasks are let go."),
      "state");
  std::array<Counter*, kAttemptStates> ended = by_state<core::AttemptState, Counter, kAttemptStates>(
      counters("espalier_attempts_ended_total",
               "Attempts that have ended since this coordinator began, by outcome."),
      "outcome");
  Gauge& queue =
      gauge("espalier_queue_depth", "Tasks that could run at once if there were workers for them.");
  Gauge& attempts =
      gauge("espalier_attempts_under_way", "Attempts that workers have been given and that haven't ended.");
  prometheus::Family<Gauge>& workers =
      gauges("espalier_workers",
             "Workers by state: taking tasks, cordoned, or awaited since the coordinator was restarted.");
  Gauge& alive = workers.Add({{"state", "alive"}});
  Gauge& cordoned = workers.Add({{"state", "cordoned"}});
  Gauge& awaited = workers.Add({{"state", "awaited"}});
  Gauge& slots = gauge("espalier_slots", "Runners that the workers that are here may have at work at once.");
  Histogram& commits = histogram("espalier_commit_duration_seconds",
                                 "How long commits took, with the way to the database and back.", kTimes);
  Histogram& rows = histogram("espalier_commit_rows", "What was written by a commit.", kRows);
  Counter& failed_commits = counters("espalier_commits_failed_total",
                                     "Commits that were refused for good; the coordinator ends then.")
                                .Add({});
  Histogram& passes =
      histogram("espalier_pass_duration_seconds", "How long the scheduler took for an event.", kShortTimes);
  Histogram& lag =
      histogram("espalier_loop_lag_seconds", "How late a timer of the coordinator's loop fired.", kTimes);
  Gauge& pending = gauge("espalier_pending_writes", "What is decided and waits for the commit before it.");
  Gauge& under_way = gauge("espalier_commit_under_way_seconds",
                           "For how long the present commit has been under way; 0 if none is.");
  Gauge& last_commit = gauge("espalier_last_commit_timestamp_seconds",
                             "When something was last committed, in seconds since 1970; 0: not yet.");
  Gauge& database =
      gauge("espalier_database_up", "Whether the database has taken a sign of life of the last 5 s.");
  Gauge& epoch = gauge("espalier_epoch", "Number of this coordinator's reign.");
  Gauge& stands_by = gauge("espalier_another_stands_by", "Whether another coordinator waits to take over.");
  Gauge& longest_pass =
      gauge("espalier_longest_pass_seconds", "Longest that the scheduler took for one event.");
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::count_pass(Duration time) {
  state_->passes.Observe(in_seconds(time));
}

void Metrics::count_commit(Duration time, std::size_t rows) {
  state_->commits.Observe(in_seconds(time));
  state_->rows.Observe(static_cast<double>(rows));
  state_->last_commit.SetToCurrentTime();
}

void Metrics::count_failed_commit() {
  state_->failed_commits.Increment();
}

void Metrics::count_end(core::AttemptState outcome) {
  state_->ended.at(static_cast<std::size_t>(outcome))->Increment();
}

void Metrics::count_lag(Duration late) {
  state_->lag.Observe(in_seconds(late));
}

std::string Metrics::text(const Present& present) {
  State& state = *state_;
  const auto set = [](Gauge& gauge, std::size_t count) { gauge.Set(static_cast<double>(count)); };
  for (std::size_t i = 0; i < core::kTaskStates; ++i) set(*state.tasks[i], present.core.tasks_by_state[i]);
  for (std::size_t i = 0; i < core::kJobStates; ++i) set(*state.jobs[i], present.core.jobs_by_state[i]);
  set(state.queue, present.core.tasks_by_state[static_cast<std::size_t>(core::TaskState::ready)]);
  set(state.attempts, present.core.attempts);
  set(state.alive, present.core.live_workers - present.core.cordoned_workers);
  set(state.cordoned, present.core.cordoned_workers);
  set(state.awaited, present.core.awaited_workers);
  set(state.slots, present.core.slots);
  set(state.pending, present.pending_writes);
  state.under_way.Set(in_seconds(present.commit_under_way));
  state.database.Set(present.database_answers ? 1 : 0);
  state.epoch.Set(static_cast<double>(present.epoch));
  state.stands_by.Set(present.another_stands_by ? 1 : 0);
  state.longest_pass.Set(in_seconds(present.longest_pass));
  return prometheus::TextSerializer().Serialize(state.registry.Collect());
}

}  // namespace espalier::runtime
