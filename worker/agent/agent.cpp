#include "worker/agent/agent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <random>
#include <utility>

#include "common/base/log.hpp"
#include "common/wire/codec.hpp"
#include "worker/agent/machine_facts.hpp"

namespace espalier::agent {
namespace asio = boost::asio;
namespace {

constexpr Duration kWatchInterval = std::chrono::milliseconds(200);
constexpr Duration kLongestSleep = std::chrono::seconds(5);
constexpr std::size_t kRememberedDone = 100'000;

std::string random_name() {
  std::random_device source;
  return fmt::format("{:08x}{:08x}", source(), source());
}

MonotonicTime clock_now() {
  return std::chrono::steady_clock::now();
}

Result<void> make_empty_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::remove_all(folder, failed);
  if (!failed) std::filesystem::create_directories(folder, failed);
  if (failed) return Error{ErrorKind::failed, folder.string() + " can't be made: " + failed.message(), ""};
  return {};
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::open(asio::io_context& io, AgentOptions options) {
  auto cache = artifact::ArtifactStore::open(options.cache / "artifacts");
  if (!cache) return cache.error();
  options.cache = std::filesystem::absolute(options.cache);
  for (const auto* folder : {"attempts", "runners"})
    if (auto made = make_empty_folder(options.cache / folder); !made) return made.error();
  auto socket = net::DealerSocket::connect(io, options.coordinator);
  if (!socket) return socket.error();
  return std::unique_ptr<Agent>(new Agent(io, std::move(options), std::move(*cache), std::move(*socket)));
}

Agent::Agent(asio::io_context& io, AgentOptions options, artifact::ArtifactStore cache,
             std::unique_ptr<net::DealerSocket> socket)
    : io_(io),
      options_(std::move(options)),
      session_name_(random_name()),
      session_(clock_now()),
      transfers_(io, disk_, std::move(cache)),
      runners_(io, options_.runner, options_.cache / "runners", options_.slots),
      workshop_{runners_,
                transfers_,
                disk_,
                options_.cache / "attempts",
                [this] { return session_.http(); },
                [this](wire::Progress progress) { report(std::move(progress)); }},
      socket_(std::move(socket)),
      pulse_timer_(io),
      end_signal_(io, asio::steady_timer::time_point::max()),
      tasks_(io.get_executor()) {}

void Agent::end_with(Result<void> outcome) {
  if (!outcome_) outcome_ = std::move(outcome);
  end_signal_.cancel();
}

void Agent::stop() {
  end_with({});
}

asio::awaitable<Result<void>> Agent::run() {
  tasks_.spawn("first runner", start_first_runner());
  while (!outcome_) {
    boost::system::error_code woken;
    co_await end_signal_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  if (session_.member()) say(wire::Goodbye{options_.name, session_name_});
  runners_.kill_all();
  socket_->close();
  tasks_.cancel();
  co_await tasks_.wait();
  co_return *outcome_;
}

asio::awaitable<void> Agent::start_first_runner() {
  const std::function<bool()> ending = [this] { return outcome_.has_value(); };
  const auto runner = co_await runners_.acquire(ending);
  if (!runner) co_return end_with(runner.error());
  if (*runner == nullptr || ending()) co_return;
  runners_.release(*runner);
  log::info("{} has {} slots on {}", options_.name, options_.slots, runners_.hello()->device_class);
  tasks_.spawn("receiving", receive());
  tasks_.spawn("pulse", pulse());
}

asio::awaitable<void> Agent::receive() {
  while (true) {
    const auto frame = co_await socket_->receive();
    const auto messages = wire::decode_all_to_worker(frame);
    if (!messages) {
      log::warn("from the coordinator: {}", messages.error().message);
      continue;
    }
    for (const auto& message : *messages) std::visit([this](const auto& said) { handle(said); }, message);
    pulse_timer_.cancel();
  }
}

asio::awaitable<void> Agent::pulse() {
  while (true) {
    const auto now = clock_now();
    do_what_is_due(now);
    pulse_timer_.expires_at(next_due(now));
    boost::system::error_code woken;
    co_await pulse_timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (outcome_) co_return;
  }
}

void Agent::do_what_is_due(MonotonicTime now) {
  const auto duties = session_.due(now);
  if (duties.stop_attempts) {
    log::warn("no answer from the coordinator for too long: {} attempts are stopped", attempts_.size());
    for (auto& [number, attempt] : attempts_) attempt->stop(StopCause::lease_lost);
  }
  if (duties.hello && say(hello())) session_.asked(*duties.hello, now);
  if (duties.beat && say(wire::Heartbeat{options_.name, session_name_, held_attempts(), *duties.beat}))
    session_.asked(*duties.beat, now);
  if (session_.member())
    for (const auto& message : outbox_.due(now)) say(message);
  for (auto& [number, attempt] : attempts_) attempt->watch(now);
}

MonotonicTime Agent::next_due(MonotonicTime now) const {
  auto due = std::min(session_.next_due(), now + kLongestSleep);
  if (session_.member()) due = std::min(due, outbox_.next_due().value_or(due));
  return attempts_.empty() ? due : std::min(due, now + kWatchInterval);
}

// ---- what the coordinator says ----

void Agent::handle(const wire::Welcome& message) {
  const bool was_member = session_.member();
  const auto earlier_epoch = session_.epoch();
  session_.welcome(message, clock_now());
  if (!session_.member() || (was_member && earlier_epoch == session_.epoch())) return;
  log::info("welcomed by the coordinator at {}, epoch {}", options_.coordinator, message.epoch);
  outbox_.send_all_again(clock_now());
}

void Agent::handle(const wire::Beat& message) {
  session_.beat(message, clock_now());
}

void Agent::handle(const wire::WhoAreYou&) {
  session_.who_are_you(clock_now());
}

void Agent::handle(const wire::Rejected& message) {
  end_with(Error{ErrorKind::busy,
                 "the coordinator refuses the worker " + options_.name + ": " + message.reason,
                 "start it under another --name, or with the coordinator's version"});
}

void Agent::handle(const wire::Assign& message) {
  const auto now = clock_now();
  if (outbox_.holds_end_of(message.attempt)) return outbox_.send_again(message.attempt, now);
  if (attempts_.contains(message.attempt) || done_.contains(message.attempt)) return;
  if (!session_.accepts(message.epoch, now)) {
    log::warn("attempt {} of epoch {} is not begun: this worker belongs to epoch {}", message.attempt,
              message.epoch, session_.epoch());
    return;
  }
  attempts_.emplace(message.attempt, std::make_unique<Attempt>(io_, message, workshop_));
  tasks_.spawn(fmt::format("attempt {}", message.attempt), carry_out(message.attempt));
}

void Agent::handle(const wire::Cancel& message) {
  const auto now = clock_now();
  if (const auto found = attempts_.find(message.attempt); found != attempts_.end())
    return found->second->stop(StopCause::cancelled);
  if (outbox_.holds_end_of(message.attempt)) return outbox_.send_again(message.attempt, now);
  if (done_.contains(message.attempt)) return;
  // Its Assign was lost or is late: it never starts here, and the coordinator isn't left waiting.
  remember_done(message.attempt);
  wire::Finished finished;
  finished.attempt = message.attempt;
  finished.seq = 1;
  finished.outcome = wire::Outcome::cancelled;
  finished.reason = "it was cancelled before it reached the worker";
  report(std::move(finished));
}

void Agent::handle(const wire::Acknowledge& message) {
  outbox_.acknowledge(message.attempt, message.seq);
}

// ---- what we say ----

bool Agent::say(const wire::ToCoordinator& message) {
  return socket_->send(wire::encode(message));
}

std::vector<std::int64_t> Agent::held_attempts() const {
  auto held = outbox_.ended_attempts();
  for (const auto& [number, attempt] : attempts_)
    if (!attempt->given_away()) held.push_back(number);
  return held;
}

wire::Hello Agent::hello() const {
  wire::Hello hello;
  hello.worker = options_.name;
  hello.session = session_name_;
  hello.slots = options_.slots;
  hello.device_class = runners_.hello()->device_class;
  hello.facts = machine_facts(*runners_.hello());
  hello.attempts = held_attempts();
  return hello;
}

void Agent::report(wire::Progress progress) {
  progress.worker = options_.name;
  // Only points are worth repeating; a fraction is stale when the next one comes.
  if (progress.points.empty())
    say(progress);
  else
    outbox_.add(std::move(progress), clock_now());
  pulse_timer_.cancel();
}

void Agent::report(wire::Finished finished) {
  finished.worker = options_.name;
  finished.device_class = runners_.hello()->device_class;
  outbox_.add(std::move(finished), clock_now());
  pulse_timer_.cancel();
}

void Agent::remember_done(std::int64_t attempt) {
  done_.insert(attempt);
  if (done_.size() > kRememberedDone) done_.erase(done_.begin());
}

asio::awaitable<void> Agent::carry_out(std::int64_t number) {
  auto* attempt = attempts_.at(number).get();
  std::optional<wire::Finished> finished;
  try {
    finished = co_await attempt->run();
  } catch (const boost::system::system_error&) {
    attempts_.erase(number);
    throw;
  } catch (const std::exception& defect) {
    log::error("attempt {}: {}", number, defect.what());
    finished.emplace();
    finished->attempt = number;
    finished->seq = std::numeric_limits<std::int32_t>::max();
    finished->outcome = wire::Outcome::crashed;
    finished->reason = std::string("the worker could not carry it out: ") + defect.what();
    finished->retryable = true;
  }
  attempts_.erase(number);
  remember_done(number);
  if (finished) report(std::move(*finished));
}

}  // namespace espalier::agent
