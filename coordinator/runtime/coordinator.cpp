#include "coordinator/runtime/coordinator.hpp"

#include <fmt/format.h>

#include <future>
#include <utility>

#include "common/base/hash.hpp"
#include "common/base/log.hpp"
#include "common/net/router_socket.hpp"
#include "common/net/task_group.hpp"
#include "coordinator/runtime/driver.hpp"
#include "coordinator/runtime/planner.hpp"
#include "coordinator/runtime/publisher.hpp"
#include "coordinator/runtime/store_thread.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPatienceAtTheEnd{5};

Error database_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const store::Unavailable& away) {
    return {ErrorKind::unavailable, std::string("the database can't be reached: ") + away.what(),
            "the coordinator goes on trying; ask again in a moment"};
  } catch (const store::Fenced& fenced) {
    return {ErrorKind::unavailable, fenced.what(), ""};
  } catch (const ErrorException& expected) {
    return expected.error();
  } catch (const boost::system::system_error&) {
    throw;  // a cancelled wait goes on being one
  } catch (const std::exception& other) {
    return {ErrorKind::internal, std::string("the database refused: ") + other.what(), ""};
  }
}

Error no_such_job(JobId job) {
  return {ErrorKind::not_found, "there is no job " + std::to_string(job.value), "`espalier jobs` lists them"};
}

Error wrong_state(const json::object& summary) {
  const std::string job = fmt::format("job {} ({})", summary.at("id").to_number<std::int64_t>(),
                                      std::string_view(summary.at("name").as_string()));
  const std::string_view state = summary.at("state").as_string();
  if (!summary.at("finished_at").is_string())
    return {ErrorKind::busy, job + " is still being submitted", "ask again in a moment"};
  return {ErrorKind::busy,
          fmt::format("{} has ended already: it {}{}", job, state == "cancelled" ? "was " : "", state), ""};
}

class RunningCoordinator final : public Coordinator {
 public:
  RunningCoordinator(asio::io_context& io, const CoordinatorOptions& options,
                     artifact::ArtifactStore artifacts, std::unique_ptr<net::RouterSocket> socket,
                     std::unique_ptr<store::Store> store)
      : artifacts_(std::move(artifacts)),
        socket_(std::move(socket)),
        store_(std::move(store), options.database, io.get_executor()),
        publisher_(store_, io.get_executor()),
        planner_(artifacts_, classes_, io.get_executor()),
        driver_({*socket_, store_, publisher_, classes_, options.on_fatal},
                {std::chrono::milliseconds(options.beat_ms), std::chrono::milliseconds(options.lease_ms)},
                io.get_executor()),
        work_(io.get_executor()) {
    driver_.set_http_address(options.http_address);
  }

  Result<void> begin() override {
    std::promise<core::Recovered> promise;  // the loop doesn't run yet: it may be waited for
    store_.ask(
        [&promise](store::Store& store) {
          try {
            promise.set_value(store.begin_epoch());
          } catch (...) {
            promise.set_exception(std::current_exception());
          }
        },
        [](const std::exception_ptr&) {});
    core::Recovered recovered;
    try {
      recovered = promise.get_future().get();
    } catch (...) {
      return database_error(std::current_exception());
    }
    log::info("epoch {}: {} unfinished jobs, {} attempts under way", recovered.epoch, recovered.jobs.size(),
              recovered.attempts.size());
    driver_.start(std::move(recovered));
    work_.spawn("hearing workers", driver_.hear_workers());
    work_.spawn("watching the time", driver_.watch_the_time());
    work_.spawn("live events", publisher_.run());
    return {};
  }

  std::string zmq_endpoint() const override { return socket_->endpoint(); }
  void set_http_address(std::string address) override { driver_.set_http_address(std::move(address)); }
  artifact::ArtifactStore& artifacts() override { return artifacts_; }
  std::shared_ptr<void> subscribe(Listener listener) override {
    return publisher_.subscribe(std::move(listener));
  }

  asio::awaitable<boost::system::result<json::object, SubmitFailure>> submit(std::string toml,
                                                                             std::string folder,
                                                                             bool replace) override {
    std::exception_ptr failure;
    try {
      job::Planned planned = co_await planner_.plan(toml, folder);
      if (!planned.plan) co_return invalid(std::move(planned.errors));
      auto plan =
          std::make_shared<const job::Plan>(std::move(*planned.plan));  // shared with the store's thread
      store::Submission submission{toml, sha256_hex(toml), replace};  // named: GCC 12 frees a temporary twice
      const JobId job = co_await submit_plan(std::move(plan), std::move(submission));
      auto summary = co_await summary_of(job);
      if (!summary) co_return SubmitFailure{summary.error(), {}};
      co_return std::move(*summary);
    } catch (...) {
      failure = std::current_exception();
    }
    co_return SubmitFailure{database_error(failure), {}};
  }

  asio::awaitable<Result<json::object>> cancel(JobId job) override {
    return change(job, core::JobCancelled{job}, "cancelled");
  }
  asio::awaitable<Result<json::object>> pause(JobId job) override {
    return change(job, core::JobPaused{job}, "paused");
  }
  asio::awaitable<Result<json::object>> resume(JobId job) override {
    return change(job, core::JobResumed{job}, "running");
  }

  asio::awaitable<Result<json::array>> job_summaries() override {
    return ask<json::array>([](store::Store& store) { return store.job_summaries(std::nullopt); });
  }

  asio::awaitable<Result<json::object>> job_summary(JobId job) override { return summary_of(job); }

  asio::awaitable<Result<json::object>> job_document(JobId job) override {
    std::function<std::optional<json::object>(store::Store&)> question = [job](store::Store& store) {
      return store.job_document(job);
    };
    Result<std::optional<json::object>> document = co_await ask(std::move(question));
    if (!document) co_return document.error();
    if (!*document) co_return no_such_job(job);
    co_return std::move(**document);
  }

  asio::awaitable<Result<json::array>> workers() override {
    return ask<json::array>([](store::Store& store) { return store.workers(); });
  }

  asio::awaitable<Result<void>> database_answers() override {
    std::function<bool(store::Store&)> question = [](store::Store& store) {
      store.job_exists(JobId{0});
      return true;
    };
    const Result<bool> answered = co_await ask(std::move(question));
    if (!answered) co_return answered.error();
    co_return Result<void>();
  }

  asio::awaitable<void> stop() override {
    work_.cancel();
    co_await work_.wait();
    co_await driver_.settle(kPatienceAtTheEnd);
    socket_->close();
    classes_.stop();
    store_.stop();
  }

 private:
  template <class T>
  asio::awaitable<Result<T>> ask(std::function<T(store::Store&)> question) {
    std::exception_ptr failure;
    try {
      co_return co_await store_.answer(std::move(question));
    } catch (...) {
      failure = std::current_exception();
    }
    co_return database_error(failure);
  }

  // Between begin and end the core forgets nothing, so that the rows read by the store can't be older than
  // what it knows; and what was decided before is committed before the store reads.
  asio::awaitable<JobId> submit_plan(std::shared_ptr<const job::Plan> plan, store::Submission submission) {
    driver_.happen(core::SubmissionBegun{});
    driver_.commit_now();
    std::function<store::Submitted(store::Store&)> work = [plan, submission](store::Store& store) {
      return store.submit(*plan, submission);
    };
    store::Submitted submitted;
    std::exception_ptr failure;
    try {
      submitted = co_await store_.result(std::move(work));
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      driver_.happen(core::SubmissionEnded{});
      std::rethrow_exception(failure);
    }
    for (const JobId paused : submitted.paused) driver_.happen(core::JobPaused{paused});
    const JobId job = submitted.job.id;
    driver_.happen(core::JobAdded{std::move(submitted.job)});
    driver_.happen(core::SubmissionEnded{});
    driver_.commit_now();
    co_return job;
  }

  // The core ignores what a job's state doesn't allow, so the state afterwards tells whether it was done.
  asio::awaitable<Result<json::object>> change(JobId job, core::Event event, std::string wanted_state) {
    driver_.happen(event);
    driver_.commit_now();
    auto summary = co_await summary_of(job);
    if (!summary || summary->at("state").as_string() == wanted_state) co_return summary;
    co_return wrong_state(*summary);
  }

  asio::awaitable<Result<json::object>> summary_of(JobId job) {
    std::function<json::array(store::Store&)> question = [job](store::Store& store) {
      return store.job_summaries(job);
    };
    const Result<json::array> summaries = co_await ask(std::move(question));
    if (!summaries) co_return summaries.error();
    if (summaries->empty()) co_return no_such_job(job);
    co_return summaries->front().as_object();
  }

  static SubmitFailure invalid(std::vector<job::Diagnostic> errors) {
    const std::string count = errors.size() == 1 ? "an error" : std::to_string(errors.size()) + " errors";
    return {{ErrorKind::invalid_job, "the job file has " + count, ""}, std::move(errors)};
  }

  artifact::ArtifactStore artifacts_;
  DeviceClasses classes_;
  std::unique_ptr<net::RouterSocket> socket_;
  StoreThread store_;
  Publisher publisher_;
  Planner planner_;
  Driver driver_;
  net::TaskGroup work_;
};

}  // namespace

Result<std::unique_ptr<Coordinator>> Coordinator::start(asio::io_context& io, CoordinatorOptions options) {
  auto artifacts = artifact::ArtifactStore::open(options.artifacts);
  if (!artifacts) return artifacts.error();
  auto socket = net::RouterSocket::bind(io, options.zmq);
  if (!socket) return socket.error();
  auto store = store::Store::open(options.database);
  if (!store) return store.error();
  return std::make_unique<RunningCoordinator>(io, options, std::move(*artifacts), std::move(*socket),
                                              std::move(*store));
}

}  // namespace espalier::runtime
