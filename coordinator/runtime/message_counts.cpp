#include "coordinator/runtime/message_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace espalier::runtime {
namespace {

template <class Message>
bool says(const core::Actions& actions) {
  return std::any_of(actions.begin(), actions.end(), [](const core::Action& action) {
    const auto* send = std::get_if<core::Send>(&action);
    return send != nullptr && std::holds_alternative<Message>(send->message);
  });
}

bool acknowledges(const core::Actions& actions, std::int64_t attempt) {
  return std::any_of(actions.begin(), actions.end(), [&](const core::Action& action) {
    const auto* send = std::get_if<core::Send>(&action);
    const auto* message = send != nullptr ? std::get_if<wire::Acknowledge>(&send->message) : nullptr;
    return message != nullptr && message->attempt == attempt;
  });
}

// Whether something about this attempt goes on record, but for its having come too late.
bool records(const core::Actions& actions, std::int64_t attempt) {
  return std::any_of(actions.begin(), actions.end(), [&](const core::Action& action) {
    const auto* write = std::get_if<core::Write>(&action);
    if (write == nullptr) return false;
    if (const auto* end = std::get_if<core::EndAttempt>(write))
      return end->attempt.value == attempt && end->state != core::AttemptState::superseded;
    if (const auto* points = std::get_if<core::AddPoints>(write)) return points->attempt.value == attempt;
    if (const auto* log = std::get_if<core::AddLog>(write)) return log->attempt.value == attempt;
    if (const auto* saved = std::get_if<core::SaveCheckpoint>(write)) return saved->attempt.value == attempt;
    if (const auto* progress = std::get_if<core::SetProgress>(write))
      return progress->attempt.value == attempt;
    return false;
  });
}

bool loses_a_worker(const core::Actions& actions) {
  return std::any_of(actions.begin(), actions.end(), [](const core::Action& action) {
    const auto* write = std::get_if<core::Write>(&action);
    return write != nullptr && std::holds_alternative<core::SeeWorker>(*write);
  });
}

}  // namespace

void MessageCounts::add(const core::Event& event, const core::Actions& actions) {
  const auto report = [&](std::int64_t attempt) {
    ++understood;
    if (!acknowledges(actions, attempt))
      ++forged;
    else if (!records(actions, attempt))
      ++late;
  };
  if (std::holds_alternative<core::WorkerHello>(event)) {
    ++understood;
    if (says<wire::Rejected>(actions)) ++refused_workers;
  } else if (std::holds_alternative<core::WorkerHeartbeat>(event)) {
    ++understood;
    if (says<wire::WhoAreYou>(actions)) ++unknown_workers;
  } else if (std::holds_alternative<core::WorkerGoodbye>(event)) {
    ++understood;
    if (!loses_a_worker(actions)) ++unknown_workers;
  } else if (const auto* progress = std::get_if<core::AttemptProgress>(&event)) {
    report(progress->message.attempt);
  } else if (const auto* text = std::get_if<core::AttemptLogged>(&event)) {
    report(text->message.attempt);
  } else if (const auto* finished = std::get_if<core::AttemptFinished>(&event)) {
    report(finished->message.attempt);
  }
}

std::string to_prometheus(const MessageCounts& counts) {
  const std::pair<const char*, std::uint64_t> ignored[] = {
      {"undecodable", counts.undecodable},
      {"oversized", counts.oversized},
      {"refused_worker", counts.refused_workers},
      {"unknown_worker", counts.unknown_workers},
      {"forged", counts.forged},
      {"late", counts.late},
      {"put_off", counts.put_off},
      {"other_name", counts.other_name},
  };
  std::string text = fmt::format(
      "# HELP espalier_worker_messages_total Messages that came from workers and could be read.\n"
      "# TYPE espalier_worker_messages_total counter\n"
      "espalier_worker_messages_total {}\n"
      "# HELP espalier_worker_messages_ignored_total What came from workers and changed nothing, by reason.\n"
      "# TYPE espalier_worker_messages_ignored_total counter\n",
      counts.understood);
  for (const auto& [reason, count] : ignored)
    text += fmt::format("espalier_worker_messages_ignored_total{{reason=\"{}\"}} {}\n", reason, count);
  return text;
}

std::string to_prometheus(const net::Refusals& refusals) {
  std::string text =
      "# HELP espalier_handshakes_refused_total Connections to the workers' port that weren't let in, or not "
      "any more.\n"
      "# TYPE espalier_handshakes_refused_total counter\n";
  for (const auto reason : net::kRefusals)
    text += fmt::format("espalier_handshakes_refused_total{{reason=\"{}\"}} {}\n", net::to_string(reason),
                        refusals.of(reason));
  return text;
}

}  // namespace espalier::runtime
