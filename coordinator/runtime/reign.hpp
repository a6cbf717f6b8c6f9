// One coordinator reigns over a database at a time; others stand by.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "common/base/result.hpp"
#include "coordinator/store/reign_lock.hpp"

namespace espalier::runtime {

class Reign {
 public:
  // Waits until nobody else reigns, at most `patience` (unset: for ever). `interrupted` is asked now and
  // then. ErrorKind::busy when the patience is over, interrupted if it was; unavailable if there is no
  // database.
  static Result<std::unique_ptr<Reign>> wait_for(const std::string& database,
                                                 std::optional<std::chrono::seconds> patience,
                                                 const std::function<bool()>& interrupted);
  ~Reign();  // gives it up

  // From now on signs of life are shown. `on_lost` is called, from another thread, if another coordinator has
  // taken over.
  void keep(std::function<void(Error)> on_lost);

  // False if another coordinator may be at work by now, without our knowing it: one stands by, and we
  // couldn't show a sign of life for most of the time that it waits for one. Workers get no answer then, so
  // that their leases with us are over before it gives their tasks to others.
  [[nodiscard]] bool is_certain() const;

  [[nodiscard]] bool database_answers() const;                         // our signs of life are taken
  [[nodiscard]] bool another_stands_by() const { return contested_; }  // as of our last sign of life

  // Tells in the log when the database doesn't answer for long, and when it does again. Until it is
  // cancelled.
  boost::asio::awaitable<void> watch() const;

 private:
  using Clock = std::chrono::steady_clock;
  explicit Reign(std::unique_ptr<store::ReignLock> lock);
  void show_life(const std::function<void(Error)>& on_lost);

  [[nodiscard]] Clock::duration since_last_sign() const;

  std::unique_ptr<store::ReignLock> lock_;
  // Written by the thread, read by the loop.
  std::atomic<Clock::time_point> last_sign_;
  std::atomic<bool> contested_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace espalier::runtime
