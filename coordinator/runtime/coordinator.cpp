#include "coordinator/runtime/coordinator.hpp"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/base/log.hpp"
#include "common/net/router_socket.hpp"
#include "common/net/task_group.hpp"
#include "coordinator/runtime/driver.hpp"
#include "coordinator/runtime/errors.hpp"
#include "coordinator/runtime/explanation.hpp"
#include "coordinator/runtime/job_intake.hpp"
#include "coordinator/runtime/job_verbs.hpp"
#include "coordinator/runtime/publisher.hpp"
#include "coordinator/runtime/questions.hpp"
#include "coordinator/runtime/searches.hpp"
#include "coordinator/runtime/store_thread.hpp"
#include "coordinator/runtime/submitter.hpp"
#include "coordinator/runtime/worker_keys.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPatienceAtTheEnd{5};

core::Settings settings_of(const CoordinatorOptions& options) {
  core::Settings settings;
  settings.beat = std::chrono::milliseconds(options.beat_ms);
  settings.lease = std::chrono::milliseconds(options.lease_ms);
  settings.weights = options.shares;
  return settings;
}

class RunningCoordinator final : public Coordinator {
 public:
  RunningCoordinator(asio::io_context& io, const Reign& reign, const CoordinatorOptions& options,
                     artifact::ArtifactStore artifacts, std::unique_ptr<net::RouterSocket> socket,
                     std::unique_ptr<store::Store> store, std::unique_ptr<store::Store> reader,
                     const std::vector<store::LivingToken>& tokens)
      : reign_(reign),
        reads_tokens_(options.reads_tokens),
        artifacts_(std::move(artifacts)),
        socket_(std::move(socket)),
        store_(std::move(store), options.database, io.get_executor()),
        reader_(std::move(reader), options.database, io.get_executor()),
        publisher_(reader_, io.get_executor()),
        tokens_(reader_, io.get_executor()),
        submitter_(artifacts_, classes_, options.database, options.job_files, io.get_executor()),
        garbage_(artifacts_, store_, reader_),
        driver_({*socket_, reign, store_, publisher_, classes_, metrics_, options.on_fatal},
                settings_of(options), io.get_executor()),
        intake_(driver_, store_, submitter_, io.get_executor()),
        searches_(driver_, intake_, submitter_, io.get_executor()),
        on_beat_(options.on_beat),
        work_(io.get_executor()) {
    driver_.set_http_address(options.http_address);
    tokens_.know(tokens);
    if (!options.keys.empty())
      keys_.emplace(net::KeyFolder(options.keys), *socket_, driver_, io.get_executor());
  }

  Result<void> begin() override {
    try {
      intake_.recover(on_beat_);
    } catch (...) {
      return database_error(std::current_exception());
    }
    work_.spawn("hearing workers", driver_.hear_workers());
    work_.spawn("watching the time", driver_.watch_the_time());
    work_.spawn("live events", publisher_.run());
    work_.spawn("searches", searches_.run());
    work_.spawn("finding lost jobs", intake_.find_lost());
    work_.spawn("watching the database", reign_.watch());
    if (reads_tokens_) work_.spawn("reading tokens", tokens_.follow());
    if (keys_) work_.spawn("watching the keys", keys_->watch());
    work_.spawn("watching the loop", watch_the_loop());
    recovered_ = true;
    return {};
  }

  std::string zmq_endpoint() const override { return socket_->endpoint(); }
  void set_http_address(std::string address) override { driver_.set_http_address(std::move(address)); }
  void set_http_access(std::optional<std::string> token, std::optional<std::string> certificate) override {
    driver_.set_http_access(std::move(token), std::move(certificate));
  }
  asio::awaitable<std::optional<TokenHolder>> holder_of(std::string hash) override {
    return tokens_.find_or_wait(std::move(hash));
  }
  bool holds(const std::string& hash) const override { return tokens_.find(hash).has_value(); }
  artifact::ArtifactStore& artifacts() override { return artifacts_; }
  std::shared_ptr<void> subscribe(Listener listener) override {
    return publisher_.subscribe(std::move(listener));
  }

  asio::awaitable<boost::system::result<json::object, SubmitFailure>> submit(std::string toml,
                                                                             std::string folder, bool replace,
                                                                             std::string user) override {
    JobText job{std::move(toml), std::move(folder), replace, std::nullopt, std::move(user)};
    return verbs_.take_in(std::move(job));
  }
  asio::awaitable<boost::system::result<json::object, SubmitFailure>> extend(JobId job, std::string toml,
                                                                             std::string folder) override {
    JobText text{std::move(toml), std::move(folder), false, job, {}};
    return verbs_.take_in(std::move(text));
  }
  asio::awaitable<Result<json::object>> retry(JobId job) override { return verbs_.retry(job); }
  asio::awaitable<Result<json::object>> cancel(JobId job) override {
    return verbs_.change(job, core::JobCancelled{job}, "cancelled");
  }
  asio::awaitable<Result<json::object>> pause(JobId job) override {
    return verbs_.change(job, core::JobPaused{job}, "paused");
  }
  asio::awaitable<Result<json::object>> resume(JobId job) override {
    return verbs_.change(job, core::JobResumed{job}, "running");
  }

  asio::awaitable<boost::system::result<json::object, SubmitFailure>> compare(
      job::ComparisonWish wish, ComparisonOptions options) override {
    const Result<std::string> text = co_await questions_.comparison_text(wish, options.again);
    if (!text) co_return SubmitFailure{text.error(), {}};
    JobText job{*text, "/", options.replace, std::nullopt, std::move(options.user)};
    co_return co_await verbs_.take_in(std::move(job));
  }

  asio::awaitable<Result<json::object>> comparisons(JobId job) override {
    return questions_.comparisons(job);
  }
  asio::awaitable<Result<json::array>> job_summaries() override { return questions_.job_summaries(); }
  asio::awaitable<Result<json::object>> job_summary(JobId job) override {
    return questions_.job_summary(job, false);
  }
  asio::awaitable<Result<json::object>> job_document(JobId job) override {
    return questions_.job_document(job);
  }
  asio::awaitable<Result<json::array>> workers() override { return questions_.workers(); }

  asio::awaitable<Result<json::object>> cordon(WorkerName worker, Cordon wish) override {
    const Result<bool> exists = co_await questions_.worker_exists(worker);
    if (!exists) co_return exists.error();
    if (!*exists)
      co_return Error{ErrorKind::not_found, fmt::format("there never was a worker \"{}\"", worker.value),
                      "`espalier workers` lists them"};
    driver_.happen(core::WorkerCordoned{worker, wish != Cordon::lift, wish == Cordon::drain});
    const Result<void> on_record = co_await verbs_.committed();
    if (!on_record) co_return on_record.error();
    const Result<json::array> all = co_await workers();
    if (!all) co_return all.error();
    for (const auto& each : *all) {
      if (each.at("name").as_string() == worker.value) co_return each.as_object();
    }
    co_return Error{ErrorKind::internal, "the worker is gone", ""};
  }

  asio::awaitable<Result<json::array>> explain(std::string trial_or_task) override {
    const Result<std::vector<store::TaskToExplain>> tasks =
        co_await questions_.tasks_to_explain(trial_or_task);
    if (!tasks) co_return tasks.error();
    if (tasks->empty()) co_return no_such_trial_or_task(trial_or_task);
    const Result<json::array> all = co_await workers();
    if (!all) co_return all.error();
    json::array explanations;
    for (const auto& task : *tasks)
      explanations.push_back(explanation_of(task, driver_.explain(task.id), *all));
    co_return explanations;
  }

  asio::awaitable<Result<json::object>> attempts_of(std::string trial_or_task) override {
    return questions_.attempts_of(std::move(trial_or_task));
  }
  asio::awaitable<Result<json::object>> attempt_log(AttemptId attempt, std::int64_t from) override {
    return questions_.attempt_log(attempt, from);
  }

  asio::awaitable<Result<json::object>> collect_garbage(GarbageOptions options) override {
    std::exception_ptr failure;
    try {
      co_return co_await garbage_.collect(options, intake_.epoch());
    } catch (...) {
      failure = std::current_exception();
    }
    co_return database_error(failure);
  }

  std::string metrics() override {
    Metrics::Present present;
    driver_.describe(present);
    present.database_answers = reign_.database_answers();
    present.another_stands_by = reign_.another_stands_by();
    return to_prometheus(driver_.message_counts()) + to_prometheus(socket_->refusals()) +
           metrics_.text(present);
  }

  Result<void> is_at_work() const override {
    if (!recovered_)
      return Error{ErrorKind::unavailable, "what was unfinished is being read", "ask again in a moment"};
    if (!reign_.is_certain())
      return Error{ErrorKind::unavailable, "another coordinator may have taken over",
                   "ask the one that stood by"};
    return {};
  }

  asio::awaitable<Result<void>> database_answers() override { return questions_.database_answers(); }

  asio::awaitable<void> stop() override {
    work_.cancel();
    co_await work_.wait();
    co_await driver_.settle(kPatienceAtTheEnd);
    socket_->close();
    classes_.stop();
    store_.stop();
    reader_.stop();
  }

 private:
  asio::awaitable<void> watch_the_loop() {
    constexpr std::chrono::milliseconds kBetweenBeats{500};
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (;;) {
      timer.expires_after(kBetweenBeats);
      co_await timer.async_wait(asio::use_awaitable);
      metrics_.count_lag(std::chrono::steady_clock::now() - timer.expiry());
      on_beat_();
    }
  }

  const Reign& reign_;
  bool reads_tokens_;
  artifact::ArtifactStore artifacts_;
  DeviceClasses classes_;
  Metrics metrics_;
  std::unique_ptr<net::RouterSocket> socket_;
  StoreThread store_;   // writes, and reads what depends on their order
  StoreThread reader_;  // answers questions, so that no commit waits for one
  Publisher publisher_;
  Tokens tokens_;
  Submitter submitter_;
  Garbage garbage_;
  Driver driver_;
  JobIntake intake_;
  Questions questions_{reader_};
  JobVerbs verbs_{driver_, intake_, questions_};
  Searches searches_;
  std::optional<WorkerKeys> keys_;
  std::function<void()> on_beat_;
  bool recovered_ = false;
  net::TaskGroup work_;
};

Result<std::unique_ptr<net::RouterSocket>> bind_for_workers(asio::io_context& io,
                                                            const CoordinatorOptions& options) {
  if (options.keys.empty()) return net::RouterSocket::bind(io, options.zmq);
  auto keys = read_server_keys(net::KeyFolder(options.keys));
  if (!keys) return keys.error();
  return net::RouterSocket::bind(io, options.zmq, std::move(*keys));
}

}  // namespace

Result<std::unique_ptr<Coordinator>> Coordinator::start(asio::io_context& io, const Reign& reign,
                                                        CoordinatorOptions options) {
  auto artifacts = artifact::ArtifactStore::open(options.artifacts);
  if (!artifacts) return artifacts.error();
  auto socket = bind_for_workers(io, options);
  if (!socket) return socket.error();
  auto store = store::Store::open(options.database);
  if (!store) return store.error();
  auto reader = store::Store::open(options.database);
  if (!reader) return reader.error();
  std::vector<store::LivingToken> tokens;
  try {
    if (options.reads_tokens) tokens = (*reader)->living_tokens();
  } catch (const std::exception&) {
    return database_error(std::current_exception());
  }
  return std::make_unique<RunningCoordinator>(io, reign, options, std::move(*artifacts), std::move(*socket),
                                              std::move(*store), std::move(*reader), tokens);
}

}  // namespace espalier::runtime
