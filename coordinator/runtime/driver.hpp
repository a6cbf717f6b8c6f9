// Executes what the core decides. Feeds it events, commits its writes in groups, and lets nothing but beats
// out of the process before the commit of what it rests on. While one commit is under way, decisions pile up
// for the next.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/router_socket.hpp"
#include "coordinator/core/core.hpp"
#include "coordinator/runtime/device_classes.hpp"
#include "coordinator/runtime/message_counts.hpp"
#include "coordinator/runtime/metrics.hpp"
#include "coordinator/runtime/publisher.hpp"
#include "coordinator/runtime/reign.hpp"
#include "coordinator/runtime/store_thread.hpp"

namespace espalier::runtime {

class Driver {
 public:
  struct Parts {  // all of them outlive the driver
    net::RouterSocket& socket;
    const Reign& reign;
    StoreThread& store;
    Publisher& publisher;
    DeviceClasses& classes;
    Metrics& metrics;
    std::function<void(Error)> on_fatal;  // nothing can be put on record any more
  };
  Driver(Parts parts, core::Settings settings, boost::asio::any_io_executor executor);

  void start(const store::Reign& reign);
  void happen(const core::Event& event);
  [[nodiscard]] const MessageCounts& message_counts() const { return counts_; }
  void set_http_address(std::string address) { http_address_ = std::move(address); }
  void set_http_access(std::optional<std::string> token, std::optional<std::string> certificate) {
    http_token_ = std::move(token);
    http_certificate_ = std::move(certificate);
  }

  // Also told, once it is on record: that a job's search may have more to ask for, and that something of the
  // workers has changed.
  struct Follower {
    std::function<void(JobId)> search_is_due;
    std::function<void()> workers_changed;
  };
  void set_follower(Follower follower) { follower_ = std::move(follower); }
  [[nodiscard]] std::size_t slots() const { return core_.counts().slots; }  // of live workers

  // Gives everything decided until now to the store thread: whatever is asked of that afterwards sees it.
  void commit_now();

  [[nodiscard]] std::optional<core::Core::Explanation> explain(core::TaskId task) const {
    return core_.explain(task);
  }
  void describe(Metrics::Present& present) const;  // what the driver knows of it

  boost::asio::awaitable<void> hear_workers();    // until the socket is closed
  boost::asio::awaitable<void> watch_the_time();  // until it is cancelled
  boost::asio::awaitable<void> settle(
      std::chrono::milliseconds limit);  // until all is committed, or no longer

 private:
  struct Batch {
    std::vector<core::Write> writes;
    core::Actions others;                        // in their order
    std::vector<store::Assignment> assignments;  // filled in by the commit
  };
  void take(core::Actions actions);
  void tell(const core::Write& write);
  void commit_if_idle();
  void committed(const Batch& batch, const std::exception_ptr& error);
  void deliver(const Batch& batch);
  void hear(const net::Incoming& incoming);
  void hear(const std::string& peer, wire::ToCoordinator message, bool full);
  [[nodiscard]] bool is_full() const;
  void send(const std::string& peer, const std::vector<std::string>& messages);
  void set_alarm();

  Parts parts_;
  core::Core core_;
  Follower follower_{[](JobId) {}, [] {}};
  std::int64_t epoch_ = 0;
  std::string http_address_;
  std::optional<std::string> http_token_;  // a secret
  std::optional<std::string> http_certificate_;
  std::unique_ptr<Batch> pending_ = std::make_unique<Batch>();
  std::size_t commits_under_way_ = 0;
  MonotonicTime commit_began_;  // the latest
  bool broken_ = false;
  MessageCounts counts_;
  Duration longest_pass_{};
  boost::asio::steady_timer alarm_;
  boost::asio::steady_timer settled_;
};

}  // namespace espalier::runtime
