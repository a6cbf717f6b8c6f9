// What the API asks the database, each question with its answer or the error that a user is told. Lives on
// the coordinator's loop; the reader's thread does the work.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/job/comparison.hpp"
#include "coordinator/runtime/store_thread.hpp"

namespace espalier::runtime {

class Questions {
 public:
  explicit Questions(StoreThread& reader) : reader_(reader) {}

  boost::asio::awaitable<Result<json::array>> job_summaries();
  // `is_untouched`: nothing has been done since it was submitted, which is answered sooner.
  boost::asio::awaitable<Result<json::object>> job_summary(JobId job, bool is_untouched);
  boost::asio::awaitable<Result<json::object>> job_document(JobId job);
  boost::asio::awaitable<Result<json::object>> comparisons(JobId job);
  // The job file that compares two trials; `again`: with a seed that no other has.
  boost::asio::awaitable<Result<std::string>> comparison_text(job::ComparisonWish wish, bool again);
  boost::asio::awaitable<Result<json::array>> workers();
  boost::asio::awaitable<Result<bool>> worker_exists(WorkerName worker);
  boost::asio::awaitable<Result<std::vector<store::TaskToExplain>>> tasks_to_explain(
      std::string trial_or_task);
  boost::asio::awaitable<Result<json::object>> attempts_of(std::string trial_or_task);
  boost::asio::awaitable<Result<json::object>> attempt_log(AttemptId attempt, std::int64_t from);
  boost::asio::awaitable<Result<void>> database_answers();

 private:
  template <class T>
  boost::asio::awaitable<Result<T>> ask(std::function<T(store::Store&)> question,
                                        std::optional<std::chrono::seconds> limit = {});
  // `missing`: that there is none.
  boost::asio::awaitable<Result<json::object>> ask_for_one(
      std::function<std::optional<json::object>(store::Store&)> question, Error missing);

  StoreThread& reader_;
};

}  // namespace espalier::runtime
