#include "tests/simulation/worker.hpp"

namespace espalier::simulation {

namespace {
constexpr std::chrono::seconds kBeat{2};
constexpr std::chrono::seconds kOwnLease{8};  // ends before the coordinator's
}  // namespace

void Worker::start(int session) {
  session_ = std::to_string(session);
  running_process_ = true;
  welcomed_ = false;
  epoch_ = 0;
  beat_ = 0;
  beats_sent_.clear();
  attempts_.clear();
  next_word_ = {};
}

std::vector<std::int64_t> Worker::attempts() const {
  std::vector<std::int64_t> held;
  for (const auto& [id, attempt] : attempts_) held.push_back(id);
  return held;
}

wire::Hello Worker::hello() {
  wire::Hello message;
  message.worker = name_;
  message.session = session_;
  message.slots = slots_;
  message.attempts = attempts();
  return message;
}

void Worker::hear(MonotonicTime now, const wire::ToWorker& message) {
  if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
    if (welcome->epoch < epoch_) return;
    epoch_ = welcome->epoch;
    welcomed_ = true;
    beats_sent_.clear();
    lease_end_ = now;  // no lease before the first answered beat
    next_word_ = now;
  } else if (const auto* beat = std::get_if<wire::Beat>(&message)) {
    if (beat->epoch > epoch_) {  // another coordinator knows us, but its Welcome got lost
      welcomed_ = false;
      next_word_ = now;
      return;
    }
    const auto sent = beats_sent_.find(beat->beat);
    if (beat->epoch != epoch_ || sent == beats_sent_.end()) return;
    lease_end_ = std::max(lease_end_, sent->second + kOwnLease);
    beats_sent_.erase(beats_sent_.begin(), std::next(sent));
  } else if (const auto* assign = std::get_if<wire::Assign>(&message)) {
    accept(now, *assign);
  } else if (const auto* cancel = std::get_if<wire::Cancel>(&message)) {
    const auto found = attempts_.find(cancel->attempt);
    if (found != attempts_.end() && !found->second.ended) attempts_.erase(found);
  } else if (const auto* acknowledge = std::get_if<wire::Acknowledge>(&message)) {
    const auto found = attempts_.find(acknowledge->attempt);
    if (found != attempts_.end() && found->second.ended && acknowledge->seq == 2) attempts_.erase(found);
  } else if (std::holds_alternative<wire::WhoAreYou>(message)) {
    welcomed_ = false;
    next_word_ = now;
  }
}

void Worker::accept(MonotonicTime now, const wire::Assign& assign) {
  if (!welcomed_ || assign.epoch != epoch_ || attempts_.contains(assign.attempt)) return;
  Attempt attempt;
  attempt.ends = now + std::chrono::milliseconds(draw(6000));
  attempt.report.worker = name_;
  attempt.report.attempt = assign.attempt;
  attempt.report.seq = 2;
  const auto luck = draw(20);
  attempt.report.outcome = luck == 0   ? wire::Outcome::crashed
                           : luck == 1 ? wire::Outcome::failed
                                       : wire::Outcome::succeeded;
  attempt.report.retryable = luck == 0;
  if (luck < 2) attempt.report.reason = "bad luck";
  attempts_[assign.attempt] = attempt;
}

std::vector<wire::ToCoordinator> Worker::act(MonotonicTime now) {
  std::vector<wire::ToCoordinator> words;
  if (!welcomed_) {
    if (now < next_word_) return words;
    next_word_ = now + std::chrono::seconds(1);
    words.emplace_back(hello());
    return words;
  }
  if (now >= lease_end_ && lease_end_ != MonotonicTime{}) {
    std::erase_if(attempts_, [](const auto& entry) { return !entry.second.ended; });
  }
  for (auto& [id, attempt] : attempts_) {
    if (!attempt.ended && now >= attempt.ends) attempt.ended = true;
  }
  if (now < next_word_) return words;
  next_word_ = now + kBeat;
  beats_sent_[++beat_] = now;
  words.emplace_back(wire::Heartbeat{name_, session_, attempts(), beat_});
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.ended) {
      words.emplace_back(attempt.report);
    } else {
      wire::Progress progress;
      progress.worker = name_;
      progress.attempt = id;
      progress.seq = 1;
      words.emplace_back(progress);
    }
  }
  return words;
}

std::vector<wire::ToCoordinator> Worker::leave() {
  crash();
  return {wire::Goodbye{name_, session_}};
}

}  // namespace espalier::simulation
