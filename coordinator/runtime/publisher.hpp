// Live events: each change of a job, at most four times a second, to whoever listens. Nobody listens: nothing
// is asked of the store.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "coordinator/runtime/store_thread.hpp"

namespace espalier::runtime {

class Publisher {
 public:
  using Listener = std::function<void(const std::string& event, const std::string& data)>;

  Publisher(StoreThread& store, boost::asio::any_io_executor executor);

  // The token's end is the subscription's. First come events that describe the present.
  std::shared_ptr<void> subscribe(Listener listener);
  void job_changed(JobId job);
  void workers_changed();
  boost::asio::awaitable<void> run();  // until it is cancelled

 private:
  struct Subscription {
    Listener listener;
    bool told_present = false;
  };
  // What the listeners are told of one job; read on the store's thread.
  struct JobNews {
    json::array summaries;
    json::array trials;
    std::int64_t watermark = 0;
  };
  struct Present {
    json::array summaries;
    std::map<std::int64_t, json::array> trials;  // of unfinished jobs
    json::array workers;
  };
  void wake();
  bool somebody_listens();
  void emit(const std::string& event, const json::value& data);
  static Present read_present(store::Store& store);
  static JobNews read_news(store::Store& store, JobId job, std::int64_t watermark);
  boost::asio::awaitable<void> publish_round();
  boost::asio::awaitable<void> tell_present();

  StoreThread& store_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer woken_;  // never expires; cancelled when there is something to tell
  std::vector<std::weak_ptr<Subscription>> subscriptions_;
  std::set<JobId> changed_jobs_;
  std::map<JobId, std::int64_t> watermarks_;
  bool workers_changed_ = false;
  bool newcomers_ = false;
};

}  // namespace espalier::runtime
