#include "common/net/task_group.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "common/base/log.hpp"

namespace espalier::net {
namespace asio = boost::asio;
namespace {

struct Task {
  std::string name;
  asio::cancellation_signal cancellation;
  bool is_cancelled = false;
};

void report(const std::string& name, const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) log::error("{} ended: {}", name, error.what());
  } catch (const std::exception& error) {
    log::error("{} ended: {}", name, error.what());
  }
}

}  // namespace

struct TaskGroup::State {
  explicit State(asio::any_io_executor loop) : executor(std::move(loop)), empty_signal(executor) {
    empty_signal.expires_at(asio::steady_timer::time_point::max());
  }
  asio::any_io_executor executor;
  asio::steady_timer empty_signal;           // never expires; cancelled when the last task has ended
  std::vector<std::shared_ptr<Task>> tasks;  // shared with each task's completion handler

  void ended(const std::shared_ptr<Task>& task) {
    std::erase(tasks, task);
    if (tasks.empty()) empty_signal.cancel();
  }
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
TaskGroup::~TaskGroup() {
  cancel();
}

void TaskGroup::spawn(std::string name, asio::awaitable<void> task) {
  auto entry = std::make_shared<Task>();
  entry->name = std::move(name);
  state_->tasks.push_back(entry);
  auto on_end = [state = state_, entry](const std::exception_ptr& failure) {
    report(entry->name, failure);
    state->ended(entry);
  };
  asio::co_spawn(state_->executor, std::move(task),
                 asio::bind_cancellation_slot(entry->cancellation.slot(), std::move(on_end)));
}

void TaskGroup::cancel() {
  const auto tasks = state_->tasks;
  for (const auto& task : tasks) {
    if (std::exchange(task->is_cancelled, true)) continue;
    task->cancellation.emit(asio::cancellation_type::terminal);
    // Outside of the loop that only posts, to where the signal is: it has to be there until then, even if the
    // task ends before.
    asio::post(state_->executor, [task] {});
  }
}

bool TaskGroup::empty() const {
  return state_->tasks.empty();
}

asio::awaitable<void> TaskGroup::wait() {
  const auto state = state_;
  while (!state->tasks.empty()) {
    boost::system::error_code woken;
    co_await state->empty_signal.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

}  // namespace espalier::net
