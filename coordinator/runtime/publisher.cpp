#include "coordinator/runtime/publisher.hpp"

#include <boost/system/system_error.hpp>
#include <chrono>
#include <utility>

#include "common/base/log.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kBetweenRounds{250};
constexpr int kShareOfTime = 4;  // a round that takes long is followed by a pause of so many times its length

bool is_unfinished(const json::object& summary) {
  const json::value* state = summary.if_contains("state");
  return state != nullptr && state->is_string() &&
         (state->as_string() == "running" || state->as_string() == "paused");
}

json::object trial_event(std::int64_t job, const json::value& trial) {
  return {{"job", job}, {"trial", trial}};
}

}  // namespace

Publisher::Publisher(StoreThread& store, asio::any_io_executor executor)
    : store_(store), pause_(executor), woken_(executor, asio::steady_timer::time_point::max()) {}

std::shared_ptr<void> Publisher::subscribe(Listener listener) {
  // Shared: the token keeps it alive, this object only looks whether it still is.
  auto subscription = std::make_shared<Subscription>();
  subscription->listener = std::move(listener);
  subscriptions_.push_back(subscription);
  newcomers_ = true;
  wake();
  return subscription;
}

void Publisher::job_changed(JobId job) {
  if (!somebody_listens()) return;
  changed_jobs_.insert(job);
  wake();
}

void Publisher::workers_changed() {
  if (!somebody_listens()) return;
  workers_changed_ = true;
  wake();
}

void Publisher::wake() {
  woken_.cancel();
}

bool Publisher::somebody_listens() {
  std::erase_if(subscriptions_, [](const auto& subscription) { return subscription.expired(); });
  return !subscriptions_.empty();
}

asio::awaitable<void> Publisher::run() {
  for (;;) {
    while (!newcomers_ && changed_jobs_.empty() && !workers_changed_) {
      co_await woken_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    const auto begin = std::chrono::steady_clock::now();
    try {
      co_await publish_round();
    } catch (const store::Unavailable&) {
      log::debug("no live events: the database is away");
    } catch (const boost::system::system_error&) {
      throw;  // cancelled
    } catch (const std::exception& failure) {
      log::error("no live events: {}", failure.what());
    }
    const auto taken = std::chrono::steady_clock::now() - begin;
    pause_.expires_after(std::max<asio::steady_timer::duration>(kBetweenRounds, taken * kShareOfTime));
    co_await pause_.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> Publisher::publish_round() {
  if (newcomers_) co_await tell_present();
  // What changes meanwhile waits for the next round.
  std::set<JobId> jobs = std::exchange(changed_jobs_, {});
  while (!jobs.empty()) {
    const JobId job = *jobs.begin();
    const std::int64_t watermark = watermarks_[job];
    std::function<JobNews(store::Store&)> question = [job, watermark](store::Store& store) {
      return read_news(store, job, watermark);
    };
    JobNews news;
    try {
      news = co_await store_.answer(std::move(question));
    } catch (const store::Unavailable&) {
      changed_jobs_.merge(jobs);
      throw;
    }
    jobs.erase(job);
    watermarks_[job] = news.watermark;
    for (const json::value& trial : news.trials) emit("trial", trial_event(job.value, trial));
    for (const json::value& summary : news.summaries) emit("job", summary);
  }
  if (!workers_changed_) co_return;
  workers_changed_ = false;
  std::function<json::array(store::Store&)> question = [](store::Store& store) { return store.workers(); };
  const json::array workers = co_await store_.answer(std::move(question));
  emit("workers", json::object{{"workers", workers}});
}

// Newcomers hear of changes only after the present: answers come in the order of the questions.
asio::awaitable<void> Publisher::tell_present() {
  std::vector<std::weak_ptr<Subscription>> newcomers;
  for (const auto& weak : subscriptions_) {
    const auto subscription = weak.lock();
    if (subscription && !subscription->told_present) newcomers.push_back(weak);
  }
  std::function<Present(store::Store&)> question = read_present;
  const Present present = co_await store_.answer(std::move(question));
  newcomers_ = false;
  for (const auto& weak : subscriptions_) {
    const auto other = weak.lock();
    newcomers_ = newcomers_ || (other && !other->told_present);
  }
  for (const auto& weak : newcomers) {
    const auto subscription = weak.lock();
    if (!subscription) continue;
    subscription->told_present = true;
    const Listener listener = subscription->listener;  // it may end the subscription
    for (const json::value& summary : present.summaries) listener("job", json::serialize(summary));
    for (const auto& [job, trials] : present.trials) {
      for (const json::value& trial : trials) listener("trial", json::serialize(trial_event(job, trial)));
    }
    listener("workers", json::serialize(json::object{{"workers", present.workers}}));
  }
}

Publisher::Present Publisher::read_present(store::Store& store) {
  Present present;
  present.summaries = store.job_summaries(std::nullopt);
  for (const json::value& summary : present.summaries) {
    if (!is_unfinished(summary.as_object())) continue;
    const std::int64_t job = summary.at("id").to_number<std::int64_t>();
    std::int64_t watermark = 0;
    present.trials[job] = store.trials_changed_since(JobId{job}, watermark);
  }
  present.workers = store.workers();
  return present;
}

Publisher::JobNews Publisher::read_news(store::Store& store, JobId job, std::int64_t watermark) {
  JobNews news;
  news.watermark = watermark;
  news.trials = store.trials_changed_since(job, news.watermark);
  news.summaries = store.job_summaries(job);
  return news;
}

void Publisher::emit(const std::string& event, const json::value& data) {
  const std::string text = json::serialize(data);
  for (const auto& weak : std::vector(subscriptions_)) {
    const auto subscription = weak.lock();
    if (subscription && subscription->told_present) subscription->listener(event, text);
  }
}

}  // namespace espalier::runtime
