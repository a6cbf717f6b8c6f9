// The agent's core, its socket and its clock on a thread of their own: nothing that the agent does with
// files, processes or artifacts can delay a heartbeat or the end of a lease.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/result.hpp"
#include "common/net/dealer_socket.hpp"
#include "common/net/task_group.hpp"
#include "worker/agent/core/agent_core.hpp"
#include "worker/agent/kill_switch.hpp"

namespace espalier::agent {

class CoordinatorLink {
 public:
  using Act = std::function<void(Action)>;  // called on the owner's loop, in order

  // ErrorKind::usage if the endpoint is none. Several have commas between them: coordinators that stand in
  // for each other. All of them that can be reached are told everything, since one that can't be any more
  // may seem connected for long; the key is for all of them. Silent until `begin`. The owner outlives the
  // link.
  static Result<std::unique_ptr<CoordinatorLink>> open(boost::asio::any_io_executor owner,
                                                       const std::string& endpoints,
                                                       const std::optional<net::WorkerKey>& key, Act act,
                                                       KillSwitch& kill_switch);
  ~CoordinatorLink();

  void begin(Identity identity);
  void happen(Event event);  // from any thread
  // From any thread. False while so many points aren't acknowledged that whoever makes more has to wait.
  [[nodiscard]] bool takes_points() const;

  void leave();  // says goodbye and ends the thread
  // On the owner's loop: until the thread has ended and the last action is carried out.
  boost::asio::awaitable<void> ended();

 private:
  CoordinatorLink(boost::asio::any_io_executor owner, Act act, KillSwitch& kill_switch);
  void work();

  // All of these on the thread.
  boost::asio::awaitable<void> receive(net::DealerSocket* socket);
  boost::asio::awaitable<void> pulse();
  void take_events();
  void feed(Event event);
  void speak();  // after everything that came at once was fed
  void send(const std::vector<wire::ToCoordinator>& messages);
  void close();

  boost::asio::any_io_executor owner_;
  Act act_;
  KillSwitch& kill_switch_;
  boost::asio::steady_timer ended_signal_;  // the owner's; never expires; cancelled when the thread ends
  bool has_ended_ = false;                  // the owner's
  std::mutex mutex_;
  std::vector<Event> events_;  // told by the owner and not taken yet; guarded by mutex_

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  std::vector<std::unique_ptr<net::DealerSocket>> sockets_;  // never empty
  boost::asio::steady_timer pulse_timer_;
  std::optional<AgentCore> core_;
  // Of curves, all so far. What was told and isn't settled is on its way or unacknowledged.
  std::atomic<std::size_t> told_points_ = 0, settled_points_ = 0;
  std::size_t taken_points_ = 0;  // by the core
  net::TaskGroup tasks_;
  std::thread thread_;
};

}  // namespace espalier::agent
