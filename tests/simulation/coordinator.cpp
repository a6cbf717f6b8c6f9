#include "tests/simulation/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace espalier::simulation {

namespace {
constexpr std::chrono::milliseconds kRetry{200};
}  // namespace

void Coordinator::start() {
  boot();
  pending_ = {};
  commits_under_way_ = 0;
  alarm_at_ = MonotonicTime::max();
  work_.clear();
  core::Settings settings;
  if (chance_.one_in(2)) settings.slice = 1 + chance_.below(4);
  core_ = std::make_unique<core::Core>(settings);
  searches_ = std::make_unique<Searches>(*this, database_, judge_);
  const Store::Recovered recovered = database_.store.begin_epoch();
  epoch_ = recovered.started.epoch;
  welcomed_.clear();
  happen(recovered.started);
  happen(core::SubmissionBegun{});
  for (const core::JobRow& job : recovered.jobs) add_parts(job, false, false);
  happen(core::AttemptsFound{recovered.attempts});
  happen(core::SubmissionEnded{});
}

// Returns where the next part begins.
std::size_t Coordinator::add_part(const core::JobRow& row, std::size_t from, bool ask_again, bool by_search) {
  const std::size_t to = std::min(row.tasks.size(), from + 1 + chance_.below(5));
  core::JobAdded part{row, ask_again, to < row.tasks.size(), by_search};
  part.row.tasks.assign(row.tasks.begin() + static_cast<std::ptrdiff_t>(from),
                        row.tasks.begin() + static_cast<std::ptrdiff_t>(to));
  happen(part);
  return to;
}

void Coordinator::add_parts(const core::JobRow& row, bool ask_again, bool by_search) {
  std::size_t from = 0;
  do from = add_part(row, from, ask_again, by_search);
  while (from < row.tasks.size());
}

// Others get their turn between the parts, and may say something about the job.
void Coordinator::add_parts_in_turns(core::JobRow row, std::size_t from, std::int64_t ticket) {
  from = add_part(row, from, true, false);
  if (from >= row.tasks.size()) return end_submission(row.id, ticket);
  const auto most = std::chrono::milliseconds(chance_.one_in(4) ? 3000 : 10);
  later(chance_.between(std::chrono::milliseconds(0), most),
        [this, row = std::move(row), from, ticket] { add_parts_in_turns(row, from, ticket); });
}

void Coordinator::crash() {
  if (!work_.empty() && work_.front().tried && database_.coin()) perform(work_.front());
  if (runs()) searches_->crash();
  end();
}

void Coordinator::stop_for(Duration time) {
  if (!work_.empty() && work_.front().tried && database_.coin()) perform(work_.front());
  stop_until(clockwork_.now() + time);
}

// A worker that it knows is told in the same step what is taken from it; a later heartbeat would tell it too,
// but only once it has wasted its time.
void Coordinator::expect_told(const core::Event& event, const core::Actions& actions) {
  const auto* hello = std::get_if<core::WorkerHello>(&event);
  if (std::holds_alternative<core::AttemptFinished>(event)) return;
  std::set<std::int64_t> told;
  for (const core::Action& action : actions) {
    const auto* send = std::get_if<core::Send>(&action);
    if (send == nullptr) continue;
    if (const auto* cancel = std::get_if<wire::Cancel>(&send->message)) told.insert(cancel->attempt);
    if (hello != nullptr && std::holds_alternative<wire::Welcome>(send->message))
      welcomed_.insert(hello->message.worker);
  }
  for (const core::Action& action : actions) {
    const auto* write = std::get_if<core::Write>(&action);
    const auto* end = write == nullptr ? nullptr : std::get_if<core::EndAttempt>(write);
    if (end == nullptr || end->state != core::AttemptState::cancelled) continue;
    const auto known = database_.store.attempts().find(end->attempt.value);
    const bool could_hear =
        known != database_.store.attempts().end() && welcomed_.contains(known->second.worker.value);
    require(!could_hear || told.contains(end->attempt.value), "a worker is told what is taken from it");
  }
}

void Coordinator::happen(const core::Event& event) {
  core::Actions actions = core_->step(own_time(), event);
  expect_told(event, actions);
  take(std::move(actions));
  if (commits_under_way_ == 0) commit_now();
  set_alarm();
}

void Coordinator::take(core::Actions actions) {
  for (core::Action& action : actions) {
    if (auto* write = std::get_if<core::Write>(&action)) {
      pending_.writes.push_back(std::move(*write));
    } else if (core::may_overtake(action)) {
      const auto& send = std::get<core::Send>(action);
      send_(send.peer, {send.message});
    } else {
      pending_.others.push_back(std::move(action));
    }
  }
}

void Coordinator::commit_now() {
  if (pending_.empty()) return;
  ++commits_under_way_;
  work_.push_back({std::exchange(pending_, {}), std::nullopt, {}});
  if (work_.size() == 1) next_work();
}

void Coordinator::submit(core::JobRow job, std::optional<SearchText> search) {
  happen(core::SubmissionBegun{job.id});
  commit_now();
  work_.push_back({{}, Submission{std::move(job), search, database_.new_ticket()}, {}});
  if (work_.size() == 1) next_work();
}

void Coordinator::when_committed(std::function<void()> then) {
  commit_now();
  work_.push_back({{}, std::nullopt, std::move(then)});
  if (work_.size() == 1) next_work();
}

void Coordinator::take_up(const core::JobRow& row, std::int64_t ticket) {
  add_parts(row, true, true);
  end_submission(row.id, ticket);
}

void Coordinator::end_submission(JobId job, std::int64_t ticket) {
  happen(core::SubmissionEnded{job});
  pending_.learned.push_back(ticket);
  commit_now();
}

// ---- the store thread ----

void Coordinator::next_work() {
  if (work_.empty()) return;
  if (work_.front().then) {
    later(Duration::zero(), std::move(work_.front().then));
    work_.pop_front();
    return next_work();
  }
  work_.front().tried = true;
  later(database_.time_for_a_commit(), [this] { try_work(); });
}

void Coordinator::try_work() {
  if (database_.away()) return later(kRetry, [this] { try_work(); });
  if (database_.breaks()) {
    if (database_.coin() && !perform(work_.front())) return end();
    return later(kRetry, [this] { try_work(); });
  }
  if (!perform(work_.front())) return end();  // another coordinator has taken over
  const auto way = work_.front().submission
                       ? way_from_submitter()
                       : chance_.between(std::chrono::milliseconds(0), std::chrono::milliseconds(1));
  later(way, [this] { finish_work(); });
}

// The rows that a submission reads are older than what has happened by the time they arrive. One thread takes
// in submissions and asks for searches: its answers keep their order.
Duration Coordinator::way_from_submitter() {
  const auto arrival =
      clockwork_.now() + chance_.between(std::chrono::milliseconds(0), std::chrono::milliseconds(300));
  submitter_answered_ = std::max(submitter_answered_, arrival);
  return submitter_answered_ - clockwork_.now();
}

bool Coordinator::perform(Work& work) {
  if (!work.submission) {
    const bool again = std::exchange(work.batch.again, true);
    if (!database_.store.commit(work.batch.writes, epoch_, again)) return false;
    for (const auto ticket : std::exchange(work.batch.learned, {})) database_.store.learned(ticket);
    return true;
  }
  submitted_ = database_.store.submit(*work.submission, epoch_);
  return submitted_.has_value();
}

void Coordinator::finish_work() {
  const Work done = std::move(work_.front());
  work_.pop_front();
  next_work();
  if (done.submission) return add_parts_in_turns(*submitted_, 0, done.submission->ticket);
  --commits_under_way_;
  deliver(done.batch);
  if (commits_under_way_ == 0) commit_now();
}

// ---- the outside ----

void Coordinator::deliver(const Batch& batch) {
  std::map<std::string, std::vector<wire::ToWorker>> outgoing;
  core::AssignmentsSent sent;
  for (const core::Action& action : batch.others) {
    if (const auto* send = std::get_if<core::Send>(&action)) outgoing[send->peer].push_back(send->message);
    if (const auto* give = std::get_if<core::GiveOut>(&action)) {
      wire::Assign assign;
      assign.epoch = epoch_;
      assign.attempt = give->attempt.value;
      assign.task = database_.store.key_of(give->task);
      outgoing[give->peer].push_back(std::move(assign));
      sent.attempts.push_back(give->attempt);
    }
    const auto* job = std::get_if<core::PublishJob>(&action);
    if (job != nullptr && job->search) searches_->is_due(job->job);
    if (std::holds_alternative<core::PublishWorkers>(action)) searches_->workers_changed();
  }
  for (auto& [peer, messages] : outgoing) send_(peer, std::move(messages));
  if (!sent.attempts.empty()) happen(sent);
}

void Coordinator::hear(const std::string& peer, std::vector<wire::ToCoordinator> messages) {
  const bool full = database_.full();
  for (wire::ToCoordinator& message : messages) {
    if (!runs()) return;
    if (auto* hello = std::get_if<wire::Hello>(&message)) happen(core::WorkerHello{peer, std::move(*hello)});
    if (auto* beat = std::get_if<wire::Heartbeat>(&message))
      happen(core::WorkerHeartbeat{peer, std::move(*beat)});
    if (auto* goodbye = std::get_if<wire::Goodbye>(&message))
      happen(core::WorkerGoodbye{std::move(*goodbye)});
    if (full) continue;  // reports only: a frame is taken in as a whole or not at all
    if (auto* progress = std::get_if<wire::Progress>(&message))
      happen(core::AttemptProgress{peer, std::move(*progress)});
    if (auto* text = std::get_if<wire::LogText>(&message))
      happen(core::AttemptLogged{peer, std::move(*text)});
    if (auto* finished = std::get_if<wire::Finished>(&message))
      happen(core::AttemptFinished{peer, std::move(*finished)});
  }
}

void Coordinator::set_alarm() {
  const auto due = core_->next_deadline();
  if (!due || *due >= alarm_at_) return;
  alarm_at_ = *due;
  later(until(*due), [this, due] {
    if (*due != alarm_at_) return;  // set to an earlier time since
    alarm_at_ = MonotonicTime::max();
    happen(core::Tick{});
  });
}

}  // namespace espalier::simulation
