// Brings jobs into the core: new ones, further trials, what is to be tried again, and after a restart what
// was unfinished. In parts, so that no step of the core takes long. Lives on the coordinator's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "coordinator/runtime/driver.hpp"
#include "coordinator/runtime/store_thread.hpp"
#include "coordinator/runtime/submitter.hpp"

namespace espalier::runtime {

class JobIntake {
 public:
  JobIntake(Driver& driver, StoreThread& store, Submitter& submitter)
      : driver_(driver), store_(store), submitter_(submitter) {}
  ~JobIntake() { *alive_ = false; }
  JobIntake(const JobIntake&) = delete;
  JobIntake& operator=(const JobIntake&) = delete;

  // Begins an epoch and waits for the store: only before the loop runs. Throws what the store throws, as all
  // do.
  void recover(const std::function<void()>& on_step);
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }

  boost::asio::awaitable<SubmitOutcome> submit(JobText text);
  // Of the job's tasks those that failed or were cancelled; returns how many there were.
  boost::asio::awaitable<std::size_t> retry(JobId job);
  // What a search may have added to the job without our hearing of it.
  boost::asio::awaitable<void> read_again(JobId job);
  boost::asio::awaitable<void> committed();  // all that was decided until now is on record

 private:
  template <class T>
  T now(std::function<T(store::Store&)> question);
  boost::asio::awaitable<void> add_parts(core::JobRow row, bool by_search);
  boost::asio::awaitable<void> add_pages(core::JobRow row, bool by_search);

  Driver& driver_;
  StoreThread& store_;
  Submitter& submitter_;
  std::int64_t epoch_ = 0;
  // Shared with submissions under way: one that doesn't end in time at the program's end is destroyed after
  // this.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace espalier::runtime
