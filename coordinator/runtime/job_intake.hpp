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
  JobIntake(Driver& driver, StoreThread& store, Submitter& submitter, boost::asio::any_io_executor executor);
  ~JobIntake() { *alive_ = false; }
  JobIntake(const JobIntake&) = delete;
  JobIntake& operator=(const JobIntake&) = delete;

  // Begins an epoch and waits for the store: only before the loop runs. Throws what the store throws, as all
  // do.
  void recover(const std::function<void()>& on_step);
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }

  // What can't be told for a broken connection is tried once more.
  boost::asio::awaitable<SubmitOutcome> submit(JobText text);
  // Of the job's tasks those that failed or were cancelled; returns how many there were.
  boost::asio::awaitable<std::size_t> retry(JobId job);
  // What a search may have added to the job without our hearing of it.
  boost::asio::awaitable<void> read_again(JobId job);
  // Reads what is unfinished again whenever a submission can't tell whether it was written. Until it is
  // cancelled.
  boost::asio::awaitable<void> find_lost();
  boost::asio::awaitable<void> committed();  // all that was decided until now is on record

 private:
  template <class T>
  T now(std::function<T(store::Store&)> question);
  boost::asio::awaitable<SubmitOutcome> write(const JobText& text);
  void doubt();
  boost::asio::awaitable<core::JobRow> row_of(JobId job);
  boost::asio::awaitable<void> add_parts(core::JobRow row, bool by_search);
  boost::asio::awaitable<void> add_pages(core::JobRow row, bool ask_again, bool by_search = false);

  Driver& driver_;
  StoreThread& store_;
  Submitter& submitter_;
  std::int64_t epoch_ = 0;
  bool may_have_lost_ = false;          // something that is written
  boost::asio::steady_timer doubtful_;  // never expires; cancelled when that is so
  // Shared with submissions under way: one that doesn't end in time at the program's end is destroyed after
  // this.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace espalier::runtime
