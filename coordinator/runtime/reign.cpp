#include "coordinator/runtime/reign.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "common/base/log.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::runtime {

namespace {

constexpr std::chrono::milliseconds kBetweenSigns{1000};
constexpr std::chrono::milliseconds kBetweenTries{200};
constexpr std::chrono::milliseconds kDeadAfter{4000};
// Ours counts from before a sign was shown, another's from after it saw it: it always waits longer.
constexpr std::chrono::milliseconds kUncertainAfter{3000};
constexpr std::chrono::milliseconds kToldAfter{5000};

}  // namespace

Result<std::unique_ptr<Reign>> Reign::wait_for(const std::string& database,
                                               std::optional<std::chrono::seconds> patience,
                                               const std::function<bool()>& interrupted) {
  // The schema has to be there before its locks can be read.
  if (auto migrated = store::Store::open(database); !migrated) return migrated.error();
  auto lock = std::make_unique<store::ReignLock>(database);
  const auto begin = std::chrono::steady_clock::now();
  bool told = false;
  for (;;) {
    try {
      if (lock->try_take(kDeadAfter)) {
        if (told) log::info("the other coordinator is gone: taking over");
        return std::unique_ptr<Reign>(new Reign(std::move(lock)));
      }
      if (!std::exchange(told, true))
        log::info("standing by: another coordinator is at work on this database");
    } catch (const store::Unavailable& away) {
      log::warn("standing by: the database is away: {}", away.what());
    }
    if (interrupted()) return Error{ErrorKind::interrupted, "stopped while standing by", ""};
    if (patience && std::chrono::steady_clock::now() - begin > *patience) {
      return Error{ErrorKind::busy, "another coordinator is at work on this database",
                   "stop that one, or give this one a database of its own"};
    }
    const timespec pause{0, std::chrono::nanoseconds(kBetweenTries).count()};
    ::nanosleep(&pause, nullptr);
  }
}

Reign::Reign(std::unique_ptr<store::ReignLock> lock)
    : lock_(std::move(lock)), last_sign_(Clock::now()), contested_(lock_->is_contested()) {}

Reign::~Reign() {
  {
    const std::lock_guard guard(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reign::keep(std::function<void(Error)> on_lost) {
  thread_ = std::thread([this, on_lost = std::move(on_lost)] { show_life(on_lost); });
}

void Reign::show_life(const std::function<void(Error)>& on_lost) {
  for (;;) {
    const auto begin = Clock::now();
    try {
      if (!lock_->keep()) {
        return on_lost({ErrorKind::unavailable, "another coordinator has taken over this database",
                        "it goes on with the work; this one may be started again to stand by"});
      }
      contested_ = lock_->is_contested();
      last_sign_ = begin;
    } catch (const store::Unavailable& away) {
      log::debug("no sign of life: {}", away.what());
    } catch (const std::exception& failure) {
      log::warn("no sign of life: {}", failure.what());
    }
    std::unique_lock guard(mutex_);
    if (woken_.wait_for(guard, kBetweenSigns, [this] { return stopping_; })) return;
  }
}

Reign::Clock::duration Reign::since_last_sign() const {
  return Clock::now() - last_sign_.load();
}

bool Reign::is_certain() const {
  return !contested_ || since_last_sign() < kUncertainAfter;
}

bool Reign::database_answers() const {
  return since_last_sign() < kToldAfter;
}

boost::asio::awaitable<void> Reign::watch() const {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  for (bool told = false;;) {
    timer.expires_after(kBetweenSigns);
    co_await timer.async_wait(boost::asio::use_awaitable);
    if (Clock::now() - timer.expiry() > kBetweenSigns) continue;  // it was us who were stopped
    const bool away = since_last_sign() > kToldAfter;
    if (away && !told)
      log::warn("the database does not answer: {}",
                contested_ ? "since another coordinator stands by, workers get no answer until it does"
                           : "workers go on, and what they report goes on record when it does");
    if (!away && told) log::info("the database answers again");
    told = away;
  }
}

}  // namespace espalier::runtime
