// A coordinator that remembers what it was asked and answers what it was told to.
#pragma once

#include <list>

#include "coordinator/runtime/coordinator.hpp"

namespace espalier::api::testing {

class FakeCoordinator : public runtime::Coordinator {
 public:
  explicit FakeCoordinator(artifact::ArtifactStore store) : store_(std::move(store)) {}

  struct Asked {
    std::string toml, folder;
    bool replace = false;
  };
  Asked asked;
  std::optional<runtime::SubmitFailure> refusal;
  std::string submitter;
  std::optional<Error> outage;
  std::string snapshot;  // data of the "job" event that every subscriber gets first
  std::list<Listener> listeners;

  std::string zmq_endpoint() const override { return ""; }
  void set_http_address(std::string) override {}
  artifact::ArtifactStore& artifacts() override { return store_; }

  boost::asio::awaitable<boost::system::result<json::object, runtime::SubmitFailure>> submit(
      std::string toml, std::string folder, bool replace, std::string user) override {
    submitter = std::move(user);
    asked = {std::move(toml), std::move(folder), replace};
    if (refusal) co_return *refusal;
    co_return json::object{{"id", 7}};
  }
  boost::asio::awaitable<Result<json::object>> cancel(JobId job) override { return change(job, "cancelled"); }
  boost::asio::awaitable<Result<json::object>> pause(JobId job) override { return change(job, "paused"); }
  boost::asio::awaitable<Result<json::object>> resume(JobId job) override { return change(job, "running"); }
  boost::asio::awaitable<Result<json::object>> retry(JobId job) override { return change(job, "retried"); }
  boost::asio::awaitable<boost::system::result<json::object, runtime::SubmitFailure>> extend(
      JobId job, std::string toml, std::string folder) override {
    asked = {std::move(toml), std::move(folder), false};
    if (refusal) co_return *refusal;
    co_return json::object{{"id", job.value}};
  }
  job::ComparisonWish compared;
  runtime::ComparisonOptions compared_how;
  boost::asio::awaitable<boost::system::result<json::object, runtime::SubmitFailure>> compare(
      job::ComparisonWish wish, runtime::ComparisonOptions options) override {
    compared = std::move(wish);
    compared_how = std::move(options);
    if (refusal) co_return *refusal;
    co_return json::object{{"id", 7}};
  }
  boost::asio::awaitable<Result<json::object>> comparisons(JobId job) override {
    if (job.value != 7) co_return Error{ErrorKind::not_found, "there is no such job", ""};
    co_return json::object{{"trials", json::array{}}, {"comparisons", json::array{}}};
  }
  boost::asio::awaitable<Result<json::array>> job_summaries() override {
    if (outage) co_return *outage;
    co_return json::array{json::object{{"id", 7}}};
  }
  boost::asio::awaitable<Result<json::object>> job_summary(JobId job) override {
    if (job.value != 7) co_return Error{ErrorKind::not_found, "there is no such job", ""};
    co_return json::object{{"id", 7}};
  }
  boost::asio::awaitable<Result<json::object>> job_document(JobId job) override {
    if (job.value == 8) throw std::runtime_error("a defect");
    if (job.value != 7) co_return Error{ErrorKind::not_found, "there is no such job", ""};
    co_return json::object{{"job", json::object{{"id", 7}}}, {"trials", json::array{}}};
  }
  boost::asio::awaitable<Result<json::array>> workers() override {
    co_return json::array{json::object{{"name", "w1"}}};
  }
  std::pair<std::string, runtime::Cordon> cordoned;
  boost::asio::awaitable<Result<json::object>> cordon(WorkerName worker, runtime::Cordon wish) override {
    cordoned = {worker.value, wish};
    co_return json::object{{"name", worker.value}};
  }
  boost::asio::awaitable<Result<json::array>> explain(std::string trial_or_task) override {
    if (trial_or_task != "12") co_return Error{ErrorKind::not_found, "there is no such trial", ""};
    co_return json::array{json::object{{"task", "3fa9c1"}}};
  }
  boost::asio::awaitable<Result<json::object>> attempts_of(std::string trial_or_task) override {
    if (trial_or_task != "12") co_return Error{ErrorKind::not_found, "there is no such trial", ""};
    co_return json::object{{"attempts", json::array{}}, {"ended", true}};
  }
  boost::asio::awaitable<Result<json::object>> attempt_log(AttemptId attempt, std::int64_t from) override {
    co_return json::object{{"attempt", attempt.value}, {"from", from}};
  }
  runtime::GarbageOptions garbage;
  boost::asio::awaitable<Result<json::object>> collect_garbage(runtime::GarbageOptions options) override {
    garbage = options;
    co_return json::object{{"count", 3}};
  }
  boost::asio::awaitable<Result<void>> database_answers() override {
    if (outage) co_return *outage;
    co_return Result<void>{};
  }
  std::shared_ptr<void> subscribe(Listener listener) override {
    const auto place = listeners.insert(listeners.end(), std::move(listener));
    if (!snapshot.empty()) (*place)("job", snapshot);
    return {nullptr, [this, place](std::nullptr_t) { listeners.erase(place); }};
  }
  boost::asio::awaitable<void> stop() override { co_return; }

 private:
  // Job 7 may be changed, job 6 has ended, and there is no other.
  static boost::asio::awaitable<Result<json::object>> change(JobId job, std::string state) {
    if (job.value == 6) co_return Error{ErrorKind::busy, "job 6 has ended already", ""};
    if (job.value != 7) co_return Error{ErrorKind::not_found, "there is no such job", ""};
    json::object summary{{"id", 7}, {"state", state}};
    co_return summary;
  }
  artifact::ArtifactStore store_;
};

}  // namespace espalier::api::testing
