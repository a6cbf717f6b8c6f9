#include "coordinator/runtime/questions.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "common/job/trial_model.hpp"
#include "coordinator/runtime/errors.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPatienceOfAProbe{2};

// Throws what is wrong with either trial as ErrorException: it is said of the trial before it could be said
// of a job file.
std::string text_of_comparison(store::Store& store, job::ComparisonWish wish, bool again) {
  const auto first = store.trial_model(wish.trial).value();
  const auto second = store.trial_model(wish.against).value();
  const auto name = [](TrialId trial) { return fmt::format("trial {}", trial.value); };
  job::check_comparable(name(wish.trial), first, name(wish.against), second).value();
  if (again)
    wish.seed = std::chrono::duration_cast<std::chrono::milliseconds>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  return job::comparison_job(wish, first);
}

}  // namespace

template <class T>
asio::awaitable<Result<T>> Questions::ask(std::function<T(store::Store&)> question,
                                          std::optional<std::chrono::seconds> limit) {
  std::exception_ptr failure;
  try {
    if (limit) co_return co_await reader_.answer(std::move(question), *limit);
    co_return co_await reader_.answer(std::move(question));
  } catch (...) {
    failure = std::current_exception();
  }
  co_return database_error(failure);
}

asio::awaitable<Result<json::object>> Questions::ask_for_one(
    std::function<std::optional<json::object>(store::Store&)> question, Error missing) {
  Result<std::optional<json::object>> found = co_await ask(std::move(question));
  if (!found) co_return found.error();
  if (!*found) co_return missing;
  co_return std::move(**found);
}

asio::awaitable<Result<json::array>> Questions::job_summaries() {
  return ask<json::array>([](store::Store& store) { return store.job_summaries(std::nullopt); });
}

asio::awaitable<Result<json::object>> Questions::job_summary(JobId job, bool is_untouched) {
  return ask_for_one(
      [job, is_untouched](store::Store& store) -> std::optional<json::object> {
        if (is_untouched) return store.untouched_summary(job);
        const auto summaries = store.job_summaries(job);
        if (summaries.empty()) return std::nullopt;
        return summaries.front().as_object();
      },
      no_such_job(job));
}

asio::awaitable<Result<json::object>> Questions::job_document(JobId job) {
  return ask_for_one([job](store::Store& store) { return store.job_document(job); }, no_such_job(job));
}

asio::awaitable<Result<json::object>> Questions::comparisons(JobId job) {
  return ask_for_one([job](store::Store& store) { return store.comparisons(job); }, no_such_job(job));
}

asio::awaitable<Result<std::string>> Questions::comparison_text(job::ComparisonWish wish, bool again) {
  return ask<std::string>(
      [wish, again](store::Store& store) { return text_of_comparison(store, wish, again); });
}

asio::awaitable<Result<json::array>> Questions::workers() {
  return ask<json::array>([](store::Store& store) { return store.workers_with_facts(); });
}

asio::awaitable<Result<bool>> Questions::worker_exists(WorkerName worker) {
  return ask<bool>([worker](store::Store& store) { return store.worker_exists(worker); });
}

asio::awaitable<Result<std::vector<store::TaskToExplain>>> Questions::tasks_to_explain(
    std::string trial_or_task) {
  return ask<std::vector<store::TaskToExplain>>(
      [trial_or_task](store::Store& store) { return store.tasks_to_explain(trial_or_task); });
}

asio::awaitable<Result<json::object>> Questions::attempts_of(std::string trial_or_task) {
  return ask_for_one([trial_or_task](store::Store& store) { return store.attempts_of(trial_or_task); },
                     no_such_trial_or_task(trial_or_task));
}

asio::awaitable<Result<json::object>> Questions::attempt_log(AttemptId attempt, std::int64_t from) {
  return ask_for_one([attempt, from](store::Store& store) { return store.attempt_log(attempt, from); },
                     {ErrorKind::not_found, fmt::format("there is no attempt {}", attempt.value), ""});
}

asio::awaitable<Result<void>> Questions::database_answers() {
  std::function<bool(store::Store&)> question = [](store::Store& store) {
    store.job_exists(JobId{0});
    return true;
  };
  const Result<bool> answered = co_await ask(std::move(question), kPatienceOfAProbe);
  if (!answered) co_return answered.error();
  co_return Result<void>();
}

}  // namespace espalier::runtime
