#include "tests/simulation/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace espalier::simulation {

namespace {

constexpr std::chrono::milliseconds kStep{250};
constexpr std::chrono::seconds kStorm{60};
constexpr std::chrono::seconds kPatience{1500};
constexpr int kTasks = 14;

core::TaskRow task(int number) {
  core::TaskRow row;
  row.id = {number + 1};
  row.state = number < 3 ? core::TaskState::ready : core::TaskState::waiting;
  row.exclusive = number % 4 == 3;
  if (number >= 3) row.inputs.push_back({number / 2 + 1});
  if (number >= 6) row.inputs.push_back({number / 3 + 1});
  return row;
}

}  // namespace

World::World(std::uint64_t seed) : chance_(seed), calm_from_(now_ + kStorm) {
  const auto count = 1 + chance_() % 3;
  for (std::uint64_t i = 0; i < count; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(fmt::format("w{}", i), 1 + static_cast<int>(chance_() % 3), chance_));
    workers_.back()->start(next_session_++);
  }
  restart_coordinator();
}

void World::run() {
  submit_something();
  while (now_ < calm_from_ || !store_.all_ended() || !uncommitted_.empty()) {
    advance();
    if (now_ > calm_from_ + kPatience) throw Broken(fmt::format("everything ends:\n{}", store_.describe()));
  }
  if (core_->counts().attempts > 0 && store_.all_ended()) throw Broken("no attempt outlives its job");
}

void World::advance() {
  now_ += kStep;
  if (now_ < calm_from_) misfortune();
  if (now_ >= calm_from_) {
    for (const auto& worker : workers_) {
      if (!worker->runs()) worker->start(next_session_++);
    }
    for (const JobId job : store_.unfinished_jobs()) {
      if (store_.state_of(job) == core::JobState::paused) happen(core::JobResumed{job});
    }
  }
  while (!mail_.empty() && mail_.begin()->first <= now_) {
    const Letter letter = std::move(mail_.extract(mail_.begin()).mapped());
    deliver(letter);
  }
  for (const auto& worker : workers_) {
    if (!worker->runs()) continue;
    for (wire::ToCoordinator& word : worker->act(now_)) post({worker->peer(), "", std::move(word), {}});
  }
  for (int ticks = 0; core_->next_deadline() && *core_->next_deadline() <= now_; ++ticks) {
    if (ticks > 1000) throw Broken("a tick does what was due");
    happen(core::Tick{});
  }
  while (!uncommitted_.empty() && (now_ >= calm_from_ || !one_in(4))) commit();
  check_leases();
}

void World::misfortune() {
  const auto victim = chance_() % workers_.size();
  if (one_in(60)) submit_something();
  if (one_in(120)) restart_coordinator();
  Worker& worker = *workers_[victim];
  if (worker.runs() && one_in(80)) worker.crash();
  if (worker.runs() && one_in(200)) {
    for (wire::ToCoordinator& word : worker.leave()) post({worker.peer(), "", std::move(word), {}});
  }
  if (!worker.runs() && one_in(20)) worker.start(next_session_++);
  const JobId job{1 + static_cast<std::int64_t>(chance_() % static_cast<std::uint64_t>(next_job_))};
  if (one_in(150)) happen(core::JobCancelled{job});
  if (one_in(100)) happen(core::JobPaused{job});
  if (one_in(50)) happen(core::JobResumed{job});
}

// As the runtime does it: what was decided before is committed, then the store reads.
void World::submit_something() {
  core::JobRow job;
  job.id = {one_in(4) && next_job_ > 1
                ? 1 + static_cast<std::int64_t>(chance_() % static_cast<std::uint64_t>(next_job_ - 1))
                : next_job_++};
  job.priority = static_cast<std::int64_t>(chance_() % 3);
  job.retries = static_cast<int>(chance_() % 3);
  std::set<int> needed;
  for (std::uint64_t i = 0, count = 1 + chance_() % 4; i < count; ++i) {
    std::vector<int> open{static_cast<int>(chance_() % kTasks)};
    while (!open.empty()) {
      const int number = open.back();
      open.pop_back();
      if (!needed.insert(number).second) continue;
      if (number >= 3) open.push_back(number / 2);
      if (number >= 6) open.push_back(number / 3);
    }
  }
  for (const int number : needed) job.tasks.push_back(task(number));
  happen(core::SubmissionBegun{});
  while (!uncommitted_.empty()) commit();
  core::JobRow row = store_.submit(std::move(job));
  // Meanwhile the core goes on.
  while (!mail_.empty() && !one_in(8)) {
    const Letter letter = std::move(mail_.extract(mail_.begin()).mapped());
    deliver(letter);
  }
  add_in_parts(row, true);
  happen(core::SubmissionEnded{});
}

void World::add_in_parts(const core::JobRow& row, bool ask_again) {
  std::size_t from = 0;
  do {
    const std::size_t to = std::min(row.tasks.size(), from + 1 + static_cast<std::size_t>(chance_() % 5));
    core::JobAdded part{row, ask_again, to < row.tasks.size()};
    part.row.tasks.assign(row.tasks.begin() + static_cast<std::ptrdiff_t>(from),
                          row.tasks.begin() + static_cast<std::ptrdiff_t>(to));
    happen(part);
    from = to;
  } while (from < row.tasks.size());
}

// The old one dies with all that it hadn't committed.
void World::restart_coordinator() {
  uncommitted_.clear();
  core_ = std::make_unique<core::Core>(core::Settings{});
  const Store::Recovered recovered = store_.begin_epoch();
  epoch_ = recovered.started.epoch;
  happen(recovered.started);
  happen(core::SubmissionBegun{});
  for (const core::JobRow& job : recovered.jobs) add_in_parts(job, false);
  happen(core::AttemptsFound{recovered.attempts});
  happen(core::SubmissionEnded{});
}

void World::happen(const core::Event& event) {
  Batch batch;
  for (core::Action& action : core_->step(now_, event)) {
    if (auto* write = std::get_if<core::Write>(&action)) {
      batch.writes.push_back(std::move(*write));
    } else {
      const auto* send = std::get_if<core::Send>(&action);
      if (send != nullptr && std::holds_alternative<wire::Beat>(send->message)) {
        post({"", send->peer, {}, send->message});
      } else {
        batch.others.push_back(std::move(action));
      }
    }
  }
  if (!batch.writes.empty() || !batch.others.empty()) uncommitted_.push_back(std::move(batch));
}

void World::commit() {
  const Batch batch = std::move(uncommitted_.front());
  uncommitted_.pop_front();
  store_.commit(batch.writes, epoch_);
  core::AssignmentsSent sent;
  for (const core::Action& action : batch.others) {
    if (const auto* send = std::get_if<core::Send>(&action)) post({"", send->peer, {}, send->message});
    if (const auto* give = std::get_if<core::GiveOut>(&action)) {
      wire::Assign assign;
      assign.epoch = epoch_;
      assign.attempt = give->attempt.value;
      assign.task = fmt::format("{}", give->task.value);
      post({"", give->peer, {}, assign});
      sent.attempts.push_back(give->attempt);
    }
  }
  if (!sent.attempts.empty()) happen(sent);
}

void World::post(Letter letter) {
  const bool storm = now_ < calm_from_;
  const auto times = storm && one_in(12) ? 0 : storm && one_in(12) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    const auto delay = std::chrono::milliseconds(storm ? chance_() % (one_in(10) ? 9000 : 700) : 10);
    mail_.emplace(now_ + delay, letter);
  }
}

void World::deliver(const Letter& letter) {
  if (!letter.to.empty()) {
    for (const auto& worker : workers_) {
      if (worker->runs() && worker->peer() == letter.to) worker->hear(now_, letter.down);
    }
    return;
  }
  if (const auto* hello = std::get_if<wire::Hello>(&letter.up))
    happen(core::WorkerHello{letter.from, *hello});
  if (const auto* beat = std::get_if<wire::Heartbeat>(&letter.up))
    happen(core::WorkerHeartbeat{letter.from, *beat});
  if (const auto* goodbye = std::get_if<wire::Goodbye>(&letter.up)) happen(core::WorkerGoodbye{*goodbye});
  if (const auto* progress = std::get_if<wire::Progress>(&letter.up)) {
    happen(core::AttemptProgress{letter.from, *progress});
  }
  if (const auto* finished = std::get_if<wire::Finished>(&letter.up)) {
    happen(core::AttemptFinished{letter.from, *finished});
  }
}

// What the core holds live is what the store holds live, once everything decided is committed.
void World::check_leases() {
  if (!uncommitted_.empty()) return;
  const core::Core::Counts counts = core_->counts();
  const std::size_t open = store_.open_attempts();
  if (open != counts.attempts) {
    throw Broken(fmt::format("store and core agree: {} open attempts, {} live ones", open, counts.attempts));
  }
}

}  // namespace espalier::simulation
