#include "coordinator/runtime/driver.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <unordered_map>
#include <utility>

#include "common/base/log.hpp"
#include "common/wire/codec.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

// With more than this many writes waiting, reports are not taken in. Their senders keep and repeat them: they
// are slowed, and nothing is lost. Heartbeats are still heard.
constexpr std::size_t kMostPendingWrites = 50'000;
constexpr std::size_t kMessagesInAFrame = 200;
constexpr std::size_t kLongestReason = 500;  // bytes of a worker's words in a log line

Error to_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const store::Fenced& fenced) {
    return {ErrorKind::unavailable, fenced.what(), "use that one; a database has one coordinator at a time"};
  } catch (const store::Unavailable& away) {
    return {ErrorKind::unavailable, fmt::format("the database is away: {}", away.what()), ""};
  } catch (const std::exception& other) {
    return {ErrorKind::internal, fmt::format("the database refused a commit: {}", other.what()), ""};
  }
}

const std::string& sender_of(const wire::ToCoordinator& message) {
  return std::visit([](const auto& each) -> const std::string& { return each.worker; }, message);
}

}  // namespace

Driver::Driver(Parts parts, core::Settings settings, asio::any_io_executor executor)
    : parts_(std::move(parts)),
      core_(settings),
      alarm_(executor, asio::steady_timer::time_point::max()),
      settled_(executor, asio::steady_timer::time_point::max()) {}

void Driver::start(const store::Reign& reign) {
  epoch_ = reign.epoch;
  happen(core::Started{reign.epoch, reign.next_attempt, reign.cordoned, reign.paces});
}

void Driver::happen(const core::Event& event) {
  const auto begin = std::chrono::steady_clock::now();
  core::Actions actions = core_.step(begin, event);
  const Duration pass = std::chrono::steady_clock::now() - begin;
  longest_pass_ = std::max(longest_pass_, pass);
  parts_.metrics.count_pass(pass);
  counts_.add(event, actions);
  take(std::move(actions));
  commit_if_idle();
  set_alarm();
}

void Driver::take(core::Actions actions) {
  for (core::Action& action : actions) {
    if (auto* write = std::get_if<core::Write>(&action)) {
      if (const auto* worker = std::get_if<core::SeeWorker>(write)) parts_.classes.see(*worker);
      tell(*write);
      pending_->writes.push_back(std::move(*write));
    } else if (core::may_overtake(action)) {
      auto& beat = std::get<core::Send>(action);
      send(beat.peer, {wire::encode(beat.message)});
    } else {
      pending_->others.push_back(std::move(action));
    }
  }
}

// What an operator wants to find again: workers that were lost, and attempts that didn't succeed.
void Driver::tell(const core::Write& write) {
  if (const auto* seen = std::get_if<core::SeeWorker>(&write); seen != nullptr && !seen->alive) {
    log_about({{"worker", seen->name.value}, {"epoch", epoch_}}, log::level::info, "worker {} is gone",
              seen->name.value);
  }
  const auto* end = std::get_if<core::EndAttempt>(&write);
  // What comes late may be a repetition: see MessageCounts.
  if (end == nullptr || end->state == core::AttemptState::superseded) return;
  parts_.metrics.count_end(end->state);
  if (end->state == core::AttemptState::succeeded) return;
  const auto* outcome = boost::describe::enum_to_string(end->state, "ended");
  log_about({{"attempt", end->attempt.value},
             {"worker", end->worker.value},
             {"outcome", outcome},
             {"epoch", epoch_}},
            log::level::info, "attempt {} by {}: {}: {}", end->attempt.value, end->worker.value, outcome,
            end->reason.substr(0, kLongestReason));
}

void Driver::commit_if_idle() {
  if (commits_under_way_ == 0) commit_now();
}

void Driver::commit_now() {
  if (broken_ || (pending_->writes.empty() && pending_->others.empty())) return;
  ++commits_under_way_;
  commit_began_ = std::chrono::steady_clock::now();
  // Shared: the store thread fills it in, the loop delivers it.
  const std::shared_ptr<Batch> batch = std::exchange(pending_, std::make_unique<Batch>());
  parts_.store.must(
      [batch, epoch = epoch_](store::Store& store) {
        if (!batch->writes.empty()) batch->assignments = store.commit(batch->writes, epoch);
      },
      [this, batch, begin = commit_began_, rows = batch->writes.size()](const std::exception_ptr& error) {
        if (error)
          parts_.metrics.count_failed_commit();
        else if (rows > 0)
          parts_.metrics.count_commit(std::chrono::steady_clock::now() - begin, rows);
        committed(*batch, error);
      });
}

void Driver::committed(const Batch& batch, const std::exception_ptr& error) {
  --commits_under_way_;
  if (error) {
    if (!std::exchange(broken_, true)) parts_.on_fatal(to_error(error));
    settled_.cancel();
    return;
  }
  if (broken_) return;
  commit_if_idle();  // first: the database works while we deliver
  deliver(batch);
  if (commits_under_way_ == 0) settled_.cancel();
}

void Driver::deliver(const Batch& batch) {
  std::unordered_map<std::int64_t, const store::Assignment*> assignments;
  for (const store::Assignment& assignment : batch.assignments)
    assignments[assignment.attempt.value] = &assignment;
  std::map<std::string, std::vector<std::string>> outgoing;  // encoded, by peer
  core::AssignmentsSent sent;
  for (const core::Action& action : batch.others) {
    if (const auto* message = std::get_if<core::Send>(&action)) {
      wire::ToWorker copy = message->message;
      if (auto* welcome = std::get_if<wire::Welcome>(&copy)) {
        welcome->http = http_address_;
        welcome->http_token = http_token_;
        welcome->http_certificate = http_certificate_;
      }
      outgoing[message->peer].push_back(wire::encode(copy));
    } else if (const auto* give = std::get_if<core::GiveOut>(&action)) {
      sent.attempts.push_back(give->attempt);
      const auto found = assignments.find(give->attempt.value);
      if (found == assignments.end()) {
        log_about({{"attempt", give->attempt.value}, {"epoch", epoch_}}, log::level::err,
                  "the store knows no specification of attempt {}", give->attempt.value);
        continue;
      }
      const wire::Assign assign{
          epoch_,          give->attempt.value, found->second->task.value, {}, found->second->inputs,
          give->timeout_s, give->memory_bytes};
      outgoing[give->peer].push_back(wire::encode(assign, found->second->spec));
    } else if (const auto* job = std::get_if<core::PublishJob>(&action)) {
      parts_.publisher.job_changed(job->job);
      if (job->search) follower_.search_is_due(job->job);
    } else if (std::holds_alternative<core::PublishWorkers>(action)) {
      parts_.publisher.workers_changed();
      follower_.workers_changed();
    }
  }
  for (const auto& [peer, messages] : outgoing) send(peer, messages);
  if (!sent.attempts.empty()) happen(sent);
}

// What can't be sent is lost, as it could be on the way: the leases and the repetitions see to it.
void Driver::send(const std::string& peer, const std::vector<std::string>& messages) {
  if (!parts_.reign.is_certain()) return;
  for (std::size_t from = 0; from < messages.size(); from += kMessagesInAFrame) {
    const auto begin = messages.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end =
        messages.begin() + static_cast<std::ptrdiff_t>(std::min(messages.size(), from + kMessagesInAFrame));
    if (!parts_.socket.send(peer, wire::frame_of(std::vector<std::string>(begin, end)))) {
      log::debug("a worker couldn't be reached");
    }
  }
}

asio::awaitable<void> Driver::hear_workers() {
  for (;;) {
    const net::Incoming incoming = co_await parts_.socket.receive();
    hear(incoming);
  }
}

void Driver::hear(const net::Incoming& incoming) {
  if (incoming.bytes.size() > net::kLargestMessage) {
    ++counts_.oversized;
    log::warn("a message of {} bytes was dropped: it is too large", incoming.bytes.size());
    return;
  }
  auto messages = wire::decode_all_to_coordinator(incoming.bytes);
  if (!messages) {
    ++counts_.undecodable;
    log::warn("a message that can't be understood was dropped: {}", messages.error().message);
    return;
  }
  if (incoming.name && !std::all_of(messages->begin(), messages->end(), [&](const auto& message) {
        return sender_of(message) == *incoming.name;
      })) {
    ++counts_.other_name;
    log::warn("a message in the name of another worker was dropped: it came with the key of {}",
              *incoming.name);
    return;
  }
  // A frame's reports are taken in as a whole or not at all: an end never without the points before it.
  const bool full = is_full();
  for (wire::ToCoordinator& message : *messages) hear(incoming.peer, std::move(message), full);
}

void Driver::hear(const std::string& peer, wire::ToCoordinator message, bool full) {
  if (broken_) return;
  if (auto* hello = std::get_if<wire::Hello>(&message))
    return happen(core::WorkerHello{peer, std::move(*hello)});
  if (auto* beat = std::get_if<wire::Heartbeat>(&message)) {
    return happen(core::WorkerHeartbeat{peer, std::move(*beat)});
  }
  if (auto* goodbye = std::get_if<wire::Goodbye>(&message))
    return happen(core::WorkerGoodbye{std::move(*goodbye)});
  if (full) {
    ++counts_.put_off;
    return;
  }
  if (auto* progress = std::get_if<wire::Progress>(&message)) {
    return happen(core::AttemptProgress{peer, std::move(*progress)});
  }
  if (auto* text = std::get_if<wire::LogText>(&message)) {
    return happen(core::AttemptLogged{peer, std::move(*text)});
  }
  if (auto* finished = std::get_if<wire::Finished>(&message)) {
    return happen(core::AttemptFinished{peer, std::move(*finished)});
  }
}

void Driver::describe(Metrics::Present& present) const {
  present.core = core_.counts();
  present.epoch = epoch_;
  present.pending_writes = pending_->writes.size();
  if (commits_under_way_ > 0) present.commit_under_way = std::chrono::steady_clock::now() - commit_began_;
  present.longest_pass = longest_pass_;
}

bool Driver::is_full() const {
  return pending_->writes.size() > kMostPendingWrites;
}

void Driver::set_alarm() {
  const auto due = core_.next_deadline().value_or(MonotonicTime::max());
  if (due < alarm_.expiry()) alarm_.expires_at(due);  // wakes `watch_the_time`, which waits anew
}

asio::awaitable<void> Driver::watch_the_time() {
  for (;;) {
    boost::system::error_code woken;
    co_await alarm_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (woken) continue;  // set to an earlier time
    alarm_.expires_at(MonotonicTime::max());
    happen(core::Tick{});
  }
}

asio::awaitable<void> Driver::settle(std::chrono::milliseconds limit) {
  commit_now();
  const auto end = std::chrono::steady_clock::now() + limit;
  while (commits_under_way_ > 0 && !broken_ && std::chrono::steady_clock::now() < end) {
    boost::system::error_code woken;
    settled_.expires_at(end);
    co_await settled_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

}  // namespace espalier::runtime
