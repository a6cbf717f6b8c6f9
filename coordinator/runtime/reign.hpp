// One coordinator reigns over a database at a time; others stand by.
#pragma once

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

 private:
  explicit Reign(std::unique_ptr<store::ReignLock> lock) : lock_(std::move(lock)) {}
  void show_life(const std::function<void(Error)>& on_lost);

  std::unique_ptr<store::ReignLock> lock_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace espalier::runtime
