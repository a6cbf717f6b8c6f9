// Coroutines that belong to an object. Make the group its owner's last member, and before the owner goes:
// `cancel()`, then `co_await wait()` (or run the loop until `empty()`).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

namespace espalier::net {

class TaskGroup {
 public:
  explicit TaskGroup(boost::asio::any_io_executor executor);
  ~TaskGroup();  // cancels what is left; tasks must not touch their owner once it is gone
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Starts `task` on the group's executor. An exception that leaves it is logged with `name`, but for the one
  // that a cancellation causes.
  void spawn(std::string name, boost::asio::awaitable<void> task);

  void cancel();  // every pending wait of every task throws operation_aborted; tasks spawned later run
  [[nodiscard]] bool empty() const;
  boost::asio::awaitable<void> wait();  // until every task has ended

 private:
  struct State;
  // Shared with the completion handlers, which may run after the group is gone.
  std::shared_ptr<State> state_;
};

}  // namespace espalier::net
