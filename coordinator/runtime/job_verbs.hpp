// What is done to jobs from outside. Each verb returns the JobSummary once the change is committed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "coordinator/runtime/coordinator.hpp"
#include "coordinator/runtime/driver.hpp"
#include "coordinator/runtime/job_intake.hpp"
#include "coordinator/runtime/questions.hpp"

namespace espalier::runtime {

class JobVerbs {
 public:
  JobVerbs(Driver& driver, JobIntake& intake, Questions& questions)
      : driver_(driver), intake_(intake), questions_(questions) {}

  boost::asio::awaitable<boost::system::result<json::object, SubmitFailure>> take_in(JobText text);
  boost::asio::awaitable<Result<json::object>> retry(JobId job);
  // The core ignores what a job's state doesn't allow, so the state afterwards tells whether it was done.
  boost::asio::awaitable<Result<json::object>> change(JobId job, core::Event event, std::string wanted_state);
  boost::asio::awaitable<Result<void>> committed();  // all that was decided until now

 private:
  boost::asio::awaitable<Result<json::object>> summary_after(JobId job, bool is_untouched);

  Driver& driver_;
  JobIntake& intake_;
  Questions& questions_;
};

}  // namespace espalier::runtime
