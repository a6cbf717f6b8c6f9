#include "coordinator/runtime/reign.hpp"

#include <chrono>
#include <utility>

#include "common/base/log.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::runtime {

namespace {

constexpr std::chrono::milliseconds kBetweenSigns{1000};
constexpr std::chrono::milliseconds kBetweenTries{200};
constexpr std::chrono::milliseconds kDeadAfter{4000};

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
    try {
      if (!lock_->keep()) {
        return on_lost({ErrorKind::unavailable, "another coordinator has taken over this database",
                        "it goes on with the work; this one may be started again to stand by"});
      }
    } catch (const store::Unavailable& away) {
      log::debug("no sign of life: {}", away.what());
    } catch (const std::exception& failure) {
      log::warn("no sign of life: {}", failure.what());
    }
    std::unique_lock guard(mutex_);
    if (woken_.wait_for(guard, kBetweenSigns, [this] { return stopping_; })) return;
  }
}

}  // namespace espalier::runtime
