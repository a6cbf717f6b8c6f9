// What the coordinator says.
#include <fmt/format.h>

#include <utility>

#include "worker/agent/core/agent_core.hpp"

namespace espalier::agent {

void AgentCore::handle(Heard& event) {
  std::visit([this](auto& message) { hear(message); }, event.message);
}

void AgentCore::hear(wire::Welcome& message) {
  const bool was_member = session_.member();
  const auto earlier_epoch = session_.epoch();
  session_.welcome(message, now_);
  facts_answered(message.beat);
  if (!session_.member() || (was_member && earlier_epoch == session_.epoch())) return;
  actions_.emplace_back(Welcomed{session_.epoch(), session_.http(), std::move(message.http_token),
                                 std::move(message.http_certificate)});
  outbox_.send_all_again(now_);
}

void AgentCore::hear(wire::Beat& message) {
  session_.beat(message, now_);
  facts_answered(message.beat);
}

void AgentCore::hear(wire::WhoAreYou& message) {
  session_.who_are_you(message, now_);
}

void AgentCore::hear(wire::Rejected& message) {
  over_ = true;
  actions_.emplace_back(
      EndAgent{{ErrorKind::busy,
                fmt::format("the coordinator refuses the worker {}: {}", identity_.worker, message.reason),
                "start it under another --name, or with the coordinator's version"}});
}

void AgentCore::hear(wire::Assign& message) {
  if (outbox_.holds_end_of(message.attempt)) return outbox_.send_again(message.attempt, now_);
  if (attempts_.contains(message.attempt) || done_.contains(message.attempt)) return;
  if (!session_.accepts(message.epoch, message.attempt, now_)) return;
  attempts_.emplace(message.attempt, Stage::computing);
  actions_.emplace_back(StartAttempt{std::move(message)});
}

void AgentCore::hear(wire::Cancel& message) {
  if (attempts_.contains(message.attempt)) {
    actions_.emplace_back(StopAttempt{message.attempt, StopCause::cancelled});
    return;
  }
  if (outbox_.holds_end_of(message.attempt)) return outbox_.send_again(message.attempt, now_);
  // Its Assign was lost or is late, or we gave it up with our lease: it never starts here, and the
  // coordinator isn't left waiting.
  remember_done(message.attempt);
  wire::Finished finished;
  finished.attempt = message.attempt;
  finished.seq = 1;
  finished.outcome = wire::Outcome::cancelled;
  finished.reason = "the worker doesn't have it";
  report(std::move(finished));
}

void AgentCore::hear(wire::Acknowledge& message) {
  outbox_.acknowledge(message.attempt, message.seq);
}

}  // namespace espalier::agent
