#include "tests/simulation/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/describe/enum_to_string.hpp>
#include <set>

namespace espalier::simulation {

namespace {

constexpr std::chrono::seconds kStorm{90};
constexpr std::chrono::seconds kPatience{900};
constexpr std::uint64_t kTasks = 14;
constexpr std::uint64_t kMostTrials = 8;  // that a search begins with

core::TaskId id(std::uint64_t number) {
  return {static_cast<std::int64_t>(number) + 1};
}

std::vector<std::uint64_t> inputs(std::uint64_t number) {
  std::vector<std::uint64_t> of;
  if (number >= 3) of.push_back(number / 2);
  if (number >= 6) of.push_back(number / 3);
  return of;
}

const char* name_of(core::TaskState state) {
  return boost::describe::enum_to_string(state, "?");
}

core::TaskRow task(std::uint64_t number) {
  core::TaskRow row;
  row.id = id(number);
  row.state = number < 3 ? core::TaskState::ready : core::TaskState::waiting;
  row.exclusive = number % 4 == 3;
  row.preemptible = number % 4 == 1;
  row.kind = number % 3;
  row.work = 1 + static_cast<double>(number % 2);
  for (const auto input : inputs(number)) row.inputs.push_back(id(input));
  return row;
}

}  // namespace

World::World(std::uint64_t seed)
    : chance_(seed),
      weather_(Weather::draw(chance_)),
      network_(clockwork_, chance_, weather_),
      database_(clockwork_, chance_, weather_, trace_),
      judge_(database_.store),
      search_judge_(database_.store),
      calm_from_(clockwork_.now() + kStorm) {
  start_coordinator();
  for (std::uint64_t i = 0, count = 1 + chance_.below(4); i < count; ++i) add_worker(fmt::format("w{}", i));
}

void World::add_worker(std::string name) {
  const std::string host = fmt::format("h{}", name.back() % 2);  // a namesake is on the same
  const int slots = 1 + static_cast<int>(chance_.below(3));
  workers_.push_back(
      std::make_unique<Worker>(std::move(name), slots, host, clockwork_, chance_, judge_,
                               [this](Worker& from, std::vector<wire::ToCoordinator> messages) {
                                 return send_up(from, std::move(messages));
                               }));
  workers_.back()->start(next_session_++);
}

void World::start_coordinator() {
  const auto index = coordinators_.size();
  coordinators_.push_back(std::make_unique<Coordinator>(
      clockwork_, chance_, database_, search_judge_,
      [this, index](const std::string& peer, std::vector<wire::ToWorker> messages) {
        send_down(index, peer, std::move(messages));
      }));
  leader().start();
}

void World::run() {
  submit();
  clockwork_.in(std::chrono::seconds(1), [this] { second(); });
  MonotonicTime over{};
  int at_once = 0;
  // Some more time after the end, so that the last acknowledgements arrive.
  while (over == MonotonicTime{} || clockwork_.now() < over + std::chrono::seconds(60)) {
    const auto before = clockwork_.now();
    clockwork_.run_next();
    at_once = clockwork_.now() == before ? at_once + 1 : 0;
    require(at_once < 100'000, "time goes on");
    trace_.note(clockwork_.now().time_since_epoch().count());
    judge_.look_at_leases();
    if (over == MonotonicTime{} && all_over()) over = clockwork_.now();
    if (clockwork_.now() > calm_from_ + kPatience)
      throw Broken("everything comes to its end:\n" + database_.store.describe());
  }
  require(leader().core().counts().attempts == 0, "no attempt outlives its job");
  for (const auto& worker : workers_)
    require(worker->owes_nothing(), "what a worker reports is acknowledged");
  database_.store.at_the_end();
  judge_.at_the_end();
  search_judge_.at_the_end();
}

bool World::all_over() const {
  return calm_ && coordinators_.back()->idle() && database_.store.unfinished_jobs().empty();
}

// Once a second: misfortune, what users do, and what is always true.
void World::second() {
  clockwork_.in(std::chrono::seconds(1), [this] { second(); });
  if (!calm_ && clockwork_.now() >= calm_from_) calm_down();
  if (!calm_) misfortune();
  connect();
  check_agreement();
  check_cancelled();
  if (!calm_) return;
  for (const auto& worker : workers_)
    if (!worker->runs() && once(12)) worker->start(next_session_++);
  for (const auto& worker : database_.store.cordoned())
    leader().happen(core::WorkerCordoned{worker, false, false});
  for (const JobId job : database_.store.unfinished_jobs())
    if (database_.store.state_of(job) == core::JobState::paused) leader().happen(core::JobResumed{job});
}

void World::submit() {
  core::JobRow job;
  const auto known = static_cast<std::uint64_t>(next_job_ - 1);
  const bool is_new = known == 0 || !once(4);
  job.id = {is_new ? next_job_++ : 1 + static_cast<std::int64_t>(chance_.below(known))};
  job.priority = static_cast<std::int64_t>(chance_.below(3));
  job.retries = static_cast<int>(chance_.below(3));
  job.user = fmt::format("u{}", chance_.below(3));
  job.max_parallel = once(4) ? 1 + static_cast<std::int64_t>(chance_.below(3)) : 0;
  if (once(2)) job.targets = {{"", {"cores >= 3", "cores >= 1"}}};  // there is always somebody
  const auto known_search = searches_.find(job.id);
  if (known_search != searches_.end()) {  // again, or for more trials than before
    if (known_search->second.trials < kMostTrials && once(2)) ++known_search->second.trials;
    return hand_in(std::move(job), known_search->second);
  }
  if (is_new && once(2)) {
    const SearchText text = draw_search();
    searches_[job.id] = text;
    return hand_in(std::move(job), text);
  }
  std::set<std::uint64_t> needed;
  for (std::uint64_t i = 0, count = 1 + chance_.below(4); i < count; ++i) {
    std::vector<std::uint64_t> open{chance_.below(kTasks)};
    while (!open.empty()) {
      const auto number = open.back();
      open.pop_back();
      if (!needed.insert(number).second) continue;
      for (const auto input : inputs(number)) open.push_back(input);
    }
  }
  for (const auto number : needed) job.tasks.push_back(task(number));
  hand_in(std::move(job));
}

void World::hand_in(core::JobRow job, std::optional<SearchText> search) {
  ++times_submitted_[job.id];
  leader().submit(std::move(job), search);
}

// Whoever cancels a job is told, once that is on record, what has become of it.
void World::cancel(JobId job) {
  leader().happen(core::JobCancelled{job});
  leader().when_committed([this, job, times = times_submitted_[job]] {
    if (times == times_submitted_[job] && database_.store.knows(job) &&
        database_.store.state_of(job) == core::JobState::cancelled)
      cancelled_[job] = times;
  });
}

void World::check_cancelled() const {
  for (const auto& [job, times] : cancelled_)
    require(times != times_submitted_.at(job) || database_.store.state_of(job) == core::JobState::cancelled,
            fmt::format("job {} stays cancelled, as its user was told", job.value));
}

SearchText World::draw_search() {
  SearchText text;
  text.strategy = static_cast<SearchText::Strategy>(chance_.below(3));
  text.space = chance_.below(10);
  text.trials = 2 + chance_.below(kMostTrials - 1);
  return text;
}

// Once all that was decided is committed, what the core holds live is what the store holds live.
void World::check_agreement() {
  const Coordinator& now = leader();
  if (!now.runs() || now.epoch() != database_.store.epoch() || !now.idle()) return;
  const auto live = now.core().counts().attempts;
  const auto open = database_.store.open_attempts();
  require(live == open, fmt::format("store and core agree: {} open attempts, {} live ones", open, live));
  for (const JobId job : database_.store.unfinished_jobs()) {
    if (database_.store.is_news(job.value)) continue;
    for (const core::TaskRow& task : database_.store.job(job).tasks) {
      auto known = now.core().state_of(task.id);
      if (!known && task.state == core::TaskState::succeeded) continue;
      if (known && core::is_held(*known)) known = core::TaskState::ready;
      require(known == task.state, fmt::format("store and core agree: task {} is {}, not {}", task.id.value,
                                               name_of(task.state), known ? name_of(*known) : "forgotten"));
    }
  }
}

}  // namespace espalier::simulation
