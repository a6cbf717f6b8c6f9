#include "tests/simulation/worker.hpp"

#include <fmt/format.h>

#include <utility>

#include "tests/simulation/experiment.hpp"

namespace espalier::simulation {

using std::chrono::milliseconds;

namespace {
constexpr std::size_t kFrame = 5;  // small, so that frames are cut where it matters
}  // namespace

void Worker::start(int session) {
  boot();
  attempts_.clear();
  reported_.clear();
  switched_off_.clear();
  loop_free_at_ = {};
  alarm_at_ = MonotonicTime::max();
  coordinator = -1;
  agent::Identity identity{
      name_, fmt::format("s{}", session), slots_, "cpu|of " + host_, {{"host", host_}, {"cores", slots_}}};
  core_ = std::make_unique<agent::AgentCore>(std::move(identity), own_time(), kFrame);
  later(milliseconds(1), [this] { speak(); });
}

void Worker::crash() {
  for (const auto& [number, attempt] : attempts_) judge_.ceases(number);
  end();
}

void Worker::leave() {
  feed(agent::Leave{});
  crash();
}

void Worker::stop_for(Duration time) {
  stop_until(clockwork_.now() + time);
}

// ---- the link's thread ----

void Worker::hear(std::vector<wire::ToWorker> messages) {
  for (auto& message : messages) {
    if (!runs()) return;
    if (const auto* acknowledge = std::get_if<wire::Acknowledge>(&message)) {
      const auto found = reported_.find(acknowledge->attempt);
      if (found != reported_.end() && found->second.seq == acknowledge->seq)
        judge_.acknowledged(found->second);
    }
    feed(agent::Heard{std::move(message)});
  }
  if (runs()) speak();
}

void Worker::speak() {
  if (core_->next_deadline() <= own_time()) feed(agent::Tick{});
  set_alarm();
}

void Worker::set_alarm() {
  const auto due = core_->next_deadline();
  if (due >= alarm_at_) return;
  alarm_at_ = due;
  later(until(due), [this, due] {
    if (due != alarm_at_) return;  // set to an earlier time since
    alarm_at_ = MonotonicTime::max();
    speak();
  });
}

void Worker::feed(agent::Event event) {
  for (auto& action : core_->step(own_time(), std::move(event))) carry_out(action);
}

void Worker::carry_out(agent::Action& action) {
  if (auto* say = std::get_if<agent::Say>(&action)) {
    const bool asks = std::holds_alternative<wire::Hello>(say->messages.front()) ||
                      std::holds_alternative<wire::Heartbeat>(say->messages.front());
    if (!send_(*this, std::move(say->messages)) && asks) feed(agent::NotSent{});
  } else if (const auto* start = std::get_if<agent::StartAttempt>(&action)) {
    judge_.starts(start->assign.attempt, name_);
    require(start->assign.epoch == core_->epoch(), "an attempt starts in its own epoch");
    on_loop(milliseconds(0),
            [this, number = start->assign.attempt, task = start->assign.task] { begin(number, task); });
  } else if (const auto* stop_it = std::get_if<agent::StopAttempt>(&action)) {
    // The kill switch works at once, the loop hears of it later.
    switched_off_.insert(stop_it->attempt);
    judge_.ceases(stop_it->attempt);
    on_loop(milliseconds(0),
            [this, number = stop_it->attempt, cause = stop_it->cause] { stop(number, cause); });
  } else if (std::holds_alternative<agent::EndAgent>(action)) {
    crash();
  }
}

// ---- the main loop, which may be busy ----

void Worker::on_loop(Duration delay, Clockwork::Work work) {
  later(delay, [this, task = std::move(work)]() mutable {
    if (clockwork_.now() >= loop_free_at_) return task();
    on_loop(loop_free_at_ - clockwork_.now(), std::move(task));
  });
}

void Worker::begin(std::int64_t number, const std::string& task) {
  require(!attempts_.contains(number), "an attempt is started once");
  attempts_[number].task = task;
  attempts_[number].finished.attempt = number;
  on_loop(chance_.between(milliseconds(1), milliseconds(400)), [this, number] { compute(number); });
}

void Worker::compute(std::int64_t number) {
  const auto found = attempts_.find(number);
  if (found == attempts_.end() || found->second.phase != Phase::fetching) return;
  found->second.phase = Phase::computing;
  if (switched_off_.contains(number)) return;  // its runner dies at once, and the loop hears why
  judge_.computes(number, [this](std::int64_t epoch) {
    return core_->holds_lease(own_time()) && core_->epoch() == epoch;
  });
  for (auto points = chance_.below(4); points > 0; --points)
    on_loop(chance_.between(milliseconds(1), milliseconds(6'000)), [this, number] { draw_points(number); });
  const auto most = chance_.one_in(4) ? milliseconds(20'000) : milliseconds(3'000);
  // The runner is a process of its own: it goes on while its agent is stopped.
  clockwork_.in(chance_.between(milliseconds(1), most), [this, number, life = life()] {
    if (life == this->life()) judge_.ceases(number);
    later(milliseconds(0),
          [this, number] { on_loop(milliseconds(0), [this, number] { computed(number); }); });
  });
}

void Worker::draw_points(std::int64_t number) {
  const auto found = attempts_.find(number);
  if (found == attempts_.end() || found->second.phase != Phase::computing) return;
  wire::Progress progress;
  progress.attempt = number;
  progress.seq = ++found->second.seq;
  progress.fraction = 0.5;
  if (!chance_.one_in(4)) {
    progress.points.push_back({"loss", static_cast<double>(progress.seq), 0.1});
    judge_.draws_point(number, progress.seq);
  }
  feed(agent::AttemptProgressed{std::move(progress)});
  speak();
}

void Worker::computed(std::int64_t number) {
  const auto found = attempts_.find(number);
  if (found == attempts_.end() || found->second.phase != Phase::computing) return;
  auto& finished = found->second.finished;
  const auto luck = chance_.below(20);
  finished.outcome = luck == 0   ? wire::Outcome::crashed
                     : luck == 1 ? wire::Outcome::failed
                     : luck == 2 ? wire::Outcome::timed_out
                                 : wire::Outcome::succeeded;
  finished.retryable = luck == 0 || (luck == 1 && chance_.one_in(2));
  if (luck < 3) finished.reason = "bad luck";
  if (luck >= 3 && is_hopeless(found->second.task)) {
    finished.outcome = wire::Outcome::failed;
    finished.reason = "a bad point";
  }
  if (finished.outcome == wire::Outcome::succeeded) finished.metrics = metrics_of(found->second.task);
  found->second.phase = Phase::storing;
  feed(agent::AttemptComputed{number});
  speak();
  on_loop(chance_.between(milliseconds(1), milliseconds(800)), [this, number] { stored(number); });
}

void Worker::stored(std::int64_t number) {
  const auto found = attempts_.find(number);
  if (found != attempts_.end() && found->second.phase == Phase::storing) finish(number, true);
}

void Worker::stop(std::int64_t number, agent::StopCause cause) {
  const auto found = attempts_.find(number);
  if (found == attempts_.end() || found->second.phase == Phase::ending) return;
  const bool lost = cause == agent::StopCause::lease_lost;
  if (lost && found->second.phase == Phase::storing) return;
  found->second.phase = Phase::ending;
  found->second.finished.outcome = wire::Outcome::cancelled;
  judge_.ceases(number);
  on_loop(chance_.between(milliseconds(1), milliseconds(300)),
          [this, number, lost] { finish(number, !lost); });
}

void Worker::finish(std::int64_t number, bool reports) {
  const auto found = attempts_.find(number);
  std::optional<wire::Finished> finished;
  if (reports) {
    found->second.finished.seq = ++found->second.seq;
    finished = reported_[number] = found->second.finished;
    judge_.reports(*finished);
  }
  attempts_.erase(found);
  feed(agent::AttemptEnded{number, std::move(finished)});
  speak();
}

}  // namespace espalier::simulation
