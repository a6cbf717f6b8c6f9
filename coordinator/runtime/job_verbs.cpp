#include "coordinator/runtime/job_verbs.hpp"

#include <utility>

#include "coordinator/runtime/errors.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

SubmitFailure invalid(std::vector<job::Diagnostic> errors) {
  const std::string count = errors.size() == 1 ? "an error" : std::to_string(errors.size()) + " errors";
  return {{ErrorKind::invalid_job, "the job file has " + count, ""}, std::move(errors)};
}

}  // namespace

asio::awaitable<boost::system::result<json::object, SubmitFailure>> JobVerbs::take_in(JobText text) {
  std::exception_ptr failure;
  try {
    SubmitOutcome outcome = co_await intake_.submit(std::move(text));
    if (!outcome.submitted) co_return invalid(std::move(outcome.errors));
    auto summary = co_await summary_after(outcome.submitted->job.id, outcome.submitted->is_untouched);
    if (!summary) co_return SubmitFailure{summary.error(), {}};
    co_return std::move(*summary);
  } catch (...) {
    failure = std::current_exception();
  }
  co_return SubmitFailure{database_error(failure), {}};
}

asio::awaitable<Result<json::object>> JobVerbs::retry(JobId job) {
  auto before = co_await questions_.job_summary(job, false);
  if (!before) co_return before;
  std::exception_ptr failure;
  std::size_t asked = 0;
  try {
    asked = co_await intake_.retry(job);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) co_return database_error(failure);
  auto after = co_await summary_after(job, false);
  // Where an answer was lost, what was asked for the first time shows in the state alone.
  if (after && asked == 0 && after->at("state") == before->at("state")) co_return nothing_failed(*before);
  co_return after;
}

asio::awaitable<Result<json::object>> JobVerbs::change(JobId job, core::Event event,
                                                       std::string wanted_state) {
  driver_.happen(event);
  auto summary = co_await summary_after(job, false);
  if (!summary || summary->at("state").as_string() == wanted_state) co_return summary;
  co_return wrong_state(*summary);
}

asio::awaitable<Result<void>> JobVerbs::committed() {
  std::exception_ptr failure;
  try {
    co_await intake_.committed();
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) co_return database_error(failure);
  co_return Result<void>();
}

asio::awaitable<Result<json::object>> JobVerbs::summary_after(JobId job, bool is_untouched) {
  const Result<void> on_record = co_await committed();
  if (!on_record) co_return on_record.error();
  co_return co_await questions_.job_summary(job, is_untouched);
}

}  // namespace espalier::runtime
