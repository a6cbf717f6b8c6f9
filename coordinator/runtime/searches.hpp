// Lets the searches of jobs go on: whenever a task of one has ended, what it asks for next is planned and
// added to the job. One look at a time; what changes meanwhile is looked at again. Lives on the coordinator's
// loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <set>
#include <string>

#include "common/base/ids.hpp"
#include "coordinator/runtime/driver.hpp"
#include "coordinator/runtime/job_intake.hpp"
#include "coordinator/runtime/submitter.hpp"

namespace espalier::runtime {

class Searches {
 public:
  Searches(Driver& driver, JobIntake& intake, Submitter& submitter, boost::asio::any_io_executor executor);
  boost::asio::awaitable<void> run();  // until it is cancelled

 private:
  void is_due(JobId job);
  void workers_changed();
  boost::asio::awaitable<void> look(JobId job);
  boost::asio::awaitable<std::string> add(JobId job, SearchAdvice advice);

  Driver& driver_;
  JobIntake& intake_;
  Submitter& submitter_;
  std::set<JobId> due_;
  std::set<JobId> waiting_;          // for trials that haven't ended
  std::set<JobId> doubtful_;         // what was added last may be on record without our knowing
  std::size_t slots_ = 1;            // that the searches reckon with
  boost::asio::steady_timer woken_;  // never expires; cancelled when a job is due
  boost::asio::steady_timer pause_;
};

}  // namespace espalier::runtime
