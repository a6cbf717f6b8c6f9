#include "worker/agent/core/agent_core.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace espalier::agent {
namespace {
constexpr std::size_t kRememberedDone = 100'000;

// 0: of no attempt.
std::int64_t attempt_of(const wire::ToCoordinator& message) {
  if (const auto* progress = std::get_if<wire::Progress>(&message)) return progress->attempt;
  if (const auto* text = std::get_if<wire::LogText>(&message)) return text->attempt;
  if (const auto* finished = std::get_if<wire::Finished>(&message)) return finished->attempt;
  return 0;
}

}  // namespace

Actions AgentCore::step(MonotonicTime now, Event event) {
  ESPALIER_ASSERT(now >= now_);
  now_ = now;
  actions_.clear();
  if (over_) return {};
  if (session_.expire(now_)) give_away_attempts();
  std::visit([this](auto& it) { handle(it); }, event);
  return std::exchange(actions_, {});
}

MonotonicTime AgentCore::next_deadline() const {
  if (over_) return MonotonicTime::max();
  auto due = session_.next_due();
  if (!session_.member()) return due;
  if (!passing_.empty()) return now_;
  return std::min(due, outbox_.next_due().value_or(due));
}

std::vector<std::int64_t> AgentCore::held_attempts() const {
  auto held = outbox_.ended_attempts();
  for (const auto& [attempt, stage] : attempts_)
    if (stage != Stage::given_away) held.push_back(attempt);
  return held;
}

// What a result is there for is kept: it is handed in late, and the coordinator judges it.
void AgentCore::give_away_attempts() {
  for (auto& [attempt, stage] : attempts_) {
    if (stage != Stage::computing) continue;
    stage = Stage::given_away;
    actions_.emplace_back(StopAttempt{attempt, StopCause::lease_lost});
  }
}

// ---- what the workshop tells ----

void AgentCore::handle(AttemptProgressed& event) {
  event.progress.worker = identity_.worker;
  if (event.progress.points.empty() && !event.progress.checkpoint)
    passing_.insert_or_assign(event.progress.attempt, std::move(event.progress));
  else
    outbox_.add(std::move(event.progress), now_);
}

void AgentCore::handle(AttemptLogged& event) {
  event.text.worker = identity_.worker;
  outbox_.add(std::move(event.text), now_);
}

void AgentCore::handle(AttemptComputed& event) {
  // Its result may have come while the order to stop was on its way: then there is one all the same.
  const auto found = attempts_.find(event.attempt);
  if (found != attempts_.end()) found->second = Stage::computed;
}

void AgentCore::handle(AttemptEnded& event) {
  if (attempts_.erase(event.attempt) == 0) return;
  remember_done(event.attempt);
  if (event.finished)
    report(std::move(*event.finished));
  else
    outbox_.drop(event.attempt);
}

void AgentCore::report(wire::Finished finished) {
  finished.worker = identity_.worker;
  finished.device_class = identity_.device_class;
  outbox_.add(std::move(finished), now_);
}

void AgentCore::remember_done(std::int64_t attempt) {
  done_.insert(attempt);
  if (done_.size() > kRememberedDone) done_.erase(done_.begin());
}

// ---- what we say ----

void AgentCore::handle(FactsChanged& event) {
  changing_facts_ = std::move(event.facts);
  facts_are_news_ = true;
  facts_told_from_.reset();
}

void AgentCore::facts_answered(std::int64_t beat) {
  if (!facts_told_from_ || beat < *facts_told_from_) return;
  facts_are_news_ = false;
  facts_told_from_.reset();
}

void AgentCore::handle(NotSent&) {
  session_.not_asked();
}

void AgentCore::handle(Leave&) {
  if (session_.member()) {
    auto messages = due_messages();
    messages.emplace_back(wire::Goodbye{identity_.worker, identity_.session});
    say(std::move(messages));
  }
  over_ = true;
}

void AgentCore::handle(Tick&) {
  std::vector<wire::ToCoordinator> messages;
  const auto duties = session_.due(now_);
  if (duties.hello) messages.emplace_back(hello(*duties.hello));
  if (duties.beat) messages.emplace_back(heartbeat(*duties.beat));
  if (session_.member()) {
    auto due = due_messages();
    std::move(due.begin(), due.end(), std::back_inserter(messages));
  }
  say(std::move(messages));
}

std::vector<wire::ToCoordinator> AgentCore::due_messages() {
  std::vector<wire::ToCoordinator> messages;
  for (auto& [attempt, progress] : std::exchange(passing_, {})) messages.emplace_back(std::move(progress));
  auto due = outbox_.due(now_, frame_);
  std::move(due.begin(), due.end(), std::back_inserter(messages));
  return messages;
}

// An attempt's points and its end, which follows them, stay in one frame: either both arrive or none.
void AgentCore::say(std::vector<wire::ToCoordinator> messages) {
  Say frame;
  for (std::size_t from = 0; from < messages.size();) {
    const auto attempt = attempt_of(messages[from]);
    std::size_t to = from + 1;
    while (attempt != 0 && to < messages.size() && attempt_of(messages[to]) == attempt) ++to;
    const bool fits = frame.messages.size() + (to - from) <= frame_;
    if (!fits && !frame.messages.empty()) actions_.emplace_back(std::exchange(frame, {}));
    for (to = std::min(to, from + frame_); from < to; ++from)
      frame.messages.push_back(std::move(messages[from]));
  }
  if (!frame.messages.empty()) actions_.emplace_back(std::move(frame));
}

wire::Heartbeat AgentCore::heartbeat(std::int64_t beat) {
  wire::Heartbeat heartbeat{identity_.worker, identity_.session, held_attempts(), beat};
  if (facts_are_news_) {
    heartbeat.facts = changing_facts_;
    if (!facts_told_from_) facts_told_from_ = beat;
  }
  return heartbeat;
}

wire::Hello AgentCore::hello(std::int64_t beat) {
  wire::Hello hello;
  hello.worker = identity_.worker;
  hello.session = identity_.session;
  hello.slots = identity_.slots;
  hello.device_class = identity_.device_class;
  hello.facts = identity_.facts;
  for (const auto& [name, fact] : changing_facts_) hello.facts[name] = fact;
  if (facts_are_news_ && !facts_told_from_) facts_told_from_ = beat;
  hello.attempts = held_attempts();
  hello.beat = beat;
  hello.epoch = session_.epoch();
  return hello;
}

}  // namespace espalier::agent
