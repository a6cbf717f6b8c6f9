#include "worker/agent/agent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <limits>
#include <random>
#include <utility>

#include "common/base/log.hpp"
#include "worker/agent/facts/changing_facts.hpp"
#include "worker/confinement/protection.hpp"

namespace espalier::agent {
namespace asio = boost::asio;
namespace {

constexpr Duration kWatchInterval = std::chrono::milliseconds(200);
constexpr Duration kLongestSleep = std::chrono::seconds(5);
constexpr Duration kBetweenBeats = std::chrono::milliseconds(500);
constexpr Duration kBetweenSamples = std::chrono::seconds(2);  // as between heartbeats

struct Sample {
  SystemFiles system;
  std::filesystem::path cache;
  std::optional<std::int64_t> throttle_count;
  ChangingFacts operator()() const { return sample(system, cache, throttle_count); }
};

RunnerPlan plan_of(const AgentOptions& options) {
  RunnerPlan plan;
  plan.command = options.runner;
  plan.folder = options.cache / "runners";
  plan.slots = options.slots;
  plan.readable = options.readable;
  plan.file_bytes = options.bounds.disk_bytes;
  plan.memory_bytes = options.bounds.memory_bytes;
  plan.processors = places(nodes_of(options.system), static_cast<std::size_t>(std::max(options.slots, 1)));
  return plan;
}

std::string random_name() {
  std::random_device source;
  return fmt::format("{:08x}{:08x}", source(), source());
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
  auto cache = Cache::open(options.cache / "artifacts", options.cache_bytes);
  if (!cache) return cache.error();
  options.cache = std::filesystem::absolute(options.cache);
  std::signal(SIGIO, SIG_IGN);  // what a lease on a file (see handover) would say to us
  for (const auto* folder : {"made", "runners"})
    if (auto made = make_empty_folder(options.cache / folder); !made) return made.error();
  std::unique_ptr<Agent> agent(
      new Agent(io, std::move(options), std::move(*cache), confinement::Groups::open()));
  auto link = CoordinatorLink::open(
      io.get_executor(), agent->options_.coordinator, agent->options_.key,
      [raw = agent.get()](Action action) { raw->act(std::move(action)); }, agent->kill_switch_);
  if (!link) return link.error();
  agent->link_ = std::move(*link);
  return agent;
}

Agent::Agent(asio::io_context& io, AgentOptions options, Cache cache, Result<confinement::Groups> groups)
    : io_(io),
      options_(std::move(options)),
      has_groups_(groups.has_value()),
      transfers_(io, disk_, std::move(cache)),
      runners_(io, plan_of(options_),
               groups ? std::optional(std::move(*groups)) : std::optional<confinement::Groups>()),
      workshop_{runners_,
                transfers_,
                disk_,
                kill_switch_,
                options_.cache / "made",
                options_.bounds,
                [this] { return http_; },
                [this](wire::Progress progress) { link_->happen(AttemptProgressed{std::move(progress)}); },
                [this](wire::LogText text) { link_->happen(AttemptLogged{std::move(text)}); },
                [this](std::int64_t attempt) { link_->happen(AttemptComputed{attempt}); },
                [this] { return link_->takes_points(); }},
      watch_timer_(io),
      machine_timer_(io),
      beat_timer_(io),
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
  tasks_.spawn("showing life", show_life());
  while (!outcome_) {
    boost::system::error_code woken;
    co_await end_signal_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  link_->leave();
  runners_.kill_all();
  tasks_.cancel();
  co_await tasks_.wait();
  co_await link_->ended();
  co_return *outcome_;
}

asio::awaitable<void> Agent::start_first_runner() {
  const std::function<bool()> ending = [this] { return outcome_.has_value(); };
  const std::filesystem::path no_data;
  const auto runner = co_await runners_.acquire(no_data, ending);
  if (!runner) co_return end_with(runner.error());
  if (*runner == nullptr || ending()) co_return;
  runners_.release(*runner);
  const auto hello = hello_with_groups();
  if (!hello) co_return end_with(hello.error());
  log_about({{"worker", options_.name}, {"slots", options_.slots}}, log::level::info, "{} has {} slots on {}",
            options_.name, options_.slots, hello->device_class);
  link_->begin({options_.name, random_name(), options_.slots, hello->device_class,
                static_facts(options_.system, *hello, options_.labels, options_.cache)});
  tasks_.spawn("watching attempts", watch_attempts());
  tasks_.spawn("watching the machine", watch_machine());
}

// What the runner says it has, and what only we can give it.
Result<RunnerHello> Agent::hello_with_groups() const {
  auto hello = *runners_.hello();
  auto active = hello.confinement.value_or(std::vector<std::string>{});
  if (has_groups_) active.emplace_back(meaning_of(confinement::Kind::cgroup).name);
  for (const auto& required : options_.required_confinement)
    if (std::find(active.begin(), active.end(), required) == active.end())
      return Error{ErrorKind::missing_dependency,
                   "runners don't have the protection \"" + required + "\" here",
                   "`espalier-worker doctor` says what to do about it"};
  hello.confinement = std::move(active);
  return hello;
}

asio::awaitable<void> Agent::show_life() {
  while (!outcome_) {
    options_.on_beat();
    beat_timer_.expires_after(kBetweenBeats);
    boost::system::error_code woken;
    co_await beat_timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

asio::awaitable<void> Agent::watch_machine() {
  std::optional<ChangingFacts> told;
  std::optional<std::int64_t> throttle_count;
  while (!outcome_) {
    Sample next{options_.system, options_.cache, throttle_count};
    auto now = co_await disk_.run(std::move(next));
    throttle_count = now.throttle_count;
    if (!told || differ_materially(*told, now)) {
      link_->happen(FactsChanged{to_json(now)});
      told = std::move(now);
    }
    machine_timer_.expires_after(kBetweenSamples);
    boost::system::error_code woken;
    co_await machine_timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

asio::awaitable<void> Agent::watch_attempts() {
  while (!outcome_) {
    // Without attempts it sleeps until the next one starts.
    watch_timer_.expires_after(attempts_.empty() ? kLongestSleep : kWatchInterval);
    boost::system::error_code woken;
    co_await watch_timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto now = std::chrono::steady_clock::now();
    for (auto& [number, attempt] : attempts_) attempt->watch(now);
  }
}

// ---- what the core decides ----

void Agent::act(Action action) {
  if (outcome_) return;
  std::visit([this](auto& it) { handle(it); }, action);
}

void Agent::handle(const Say&) {}  // the link's affair

void Agent::handle(Welcomed& action) {
  log_about({{"worker", options_.name}, {"peer", options_.coordinator}, {"epoch", action.epoch}},
            log::level::info, "welcomed by the coordinator at {}, epoch {}", options_.coordinator,
            action.epoch);
  options_.on_status(
      fmt::format("at work for the coordinator at {}, epoch {}", options_.coordinator, action.epoch));
  http_ = std::move(action.http);
  if (auto set = transfers_.set_access(action.http_token, action.http_certificate); !set)
    log::error("the coordinator's certificate can't be used: {}", set.error().message);
}

void Agent::handle(StartAttempt& action) {
  const auto number = action.assign.attempt;
  attempts_.emplace(number, std::make_unique<Attempt>(io_, std::move(action.assign), workshop_));
  tasks_.spawn(fmt::format("attempt {}", number), carry_out(number));
  if (attempts_.size() == 1) watch_timer_.cancel();
}

void Agent::handle(const StopAttempt& action) {
  const auto found = attempts_.find(action.attempt);
  if (found == attempts_.end()) return;
  if (action.cause == StopCause::lease_lost)
    log_about({{"worker", options_.name}, {"attempt", action.attempt}}, log::level::warn,
              "no answer from the coordinator for too long: attempt {} is stopped", action.attempt);
  found->second->stop(action.cause);
}

void Agent::handle(EndAgent& action) {
  end_with(std::move(action.error));
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
    log_about({{"worker", options_.name}, {"attempt", number}}, log::level::err, "attempt {}: {}", number,
              defect.what());
    finished.emplace();
    finished->attempt = number;
    finished->seq = std::numeric_limits<std::int32_t>::max();
    finished->outcome = wire::Outcome::crashed;
    finished->reason = std::string("the worker could not carry it out: ") + defect.what();
    finished->retryable = true;
  }
  attempts_.erase(number);
  kill_switch_.forget(number);
  link_->happen(AttemptEnded{number, std::move(finished)});
}

}  // namespace espalier::agent
