// The one thread that talks to the store. Work is done in the order it was given: first what must be done,
// then questions. What must be done is repeated until the database is there again; questions fail at once
// while it is away.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "coordinator/store/store.hpp"

namespace espalier::runtime {

class StoreThread {
 public:
  using Work = std::function<void(store::Store&)>;
  using Done =
      std::function<void(std::exception_ptr)>;  // null if it went well; called on the loop of `executor`

  StoreThread(std::unique_ptr<store::Store> store, std::string connection,
              boost::asio::any_io_executor executor);
  ~StoreThread();  // as `stop`

  void must(Work work, Done done);
  void ask(Work work, Done done);

  // Ends the work under way and drops the rest; what is waiting for the database gives up.
  void stop();

  // A question, for coroutines on the executor. Throws what the store throws.
  // Unavailable, too, if there is no answer within `limit`: nobody waits for ever for a database that hangs.
  template <class T>
  boost::asio::awaitable<T> answer(std::function<T(store::Store&)> question,
                                   std::chrono::seconds limit = std::chrono::minutes(5));
  // Work that must be done, likewise.
  template <class T>
  boost::asio::awaitable<T> result(std::function<T(store::Store&)> work);

 private:
  struct Item {
    Work work;
    Done done;
    bool must = false;
  };
  template <class T>
  struct Answer {
    Answer(const boost::asio::any_io_executor& executor, boost::asio::steady_timer::time_point limit)
        : arrived(executor, limit) {}
    boost::asio::steady_timer arrived;  // cancelled when the answer is there
    std::optional<T> value;
    std::exception_ptr error;
    bool ended = false;
  };
  template <class T>
  boost::asio::awaitable<T> wait_for(std::function<T(store::Store&)> work, bool must,
                                     boost::asio::steady_timer::time_point limit);

  void push(Item item);
  std::optional<Item> next();
  void work();
  void execute(Item& item);
  bool reconnect(const std::string& reason);
  bool wait(std::chrono::milliseconds time, const std::string& reason);
  void finish(const Item& item, std::exception_ptr error);

  std::unique_ptr<store::Store> store_;
  std::string connection_;
  boost::asio::any_io_executor executor_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<Item> must_;
  std::deque<Item> questions_;
  bool stopping_ = false;
  std::thread thread_;
};

template <class T>
boost::asio::awaitable<T> StoreThread::wait_for(std::function<T(store::Store&)> work, bool must,
                                                boost::asio::steady_timer::time_point limit) {
  // Shared by this coroutine and the thread: either may end first.
  auto answer = std::make_shared<Answer<T>>(executor_, limit);
  Work store_it = [answer, work](store::Store& store) { answer->value = work(store); };
  Done wake = [answer](std::exception_ptr error) {
    answer->error = std::move(error);
    answer->ended = true;
    answer->arrived.cancel();
  };
  push({std::move(store_it), std::move(wake), must});
  while (!answer->ended) {
    co_await answer->arrived.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (!answer->ended && std::chrono::steady_clock::now() >= limit)
      throw store::Unavailable("it has not answered in time");
  }
  if (answer->error) std::rethrow_exception(answer->error);
  co_return std::move(*answer->value);
}

template <class T>
boost::asio::awaitable<T> StoreThread::answer(std::function<T(store::Store&)> question,
                                              std::chrono::seconds limit) {
  return wait_for<T>(std::move(question), false, std::chrono::steady_clock::now() + limit);
}

template <class T>
boost::asio::awaitable<T> StoreThread::result(std::function<T(store::Store&)> work) {
  return wait_for<T>(std::move(work), true, boost::asio::steady_timer::time_point::max());
}

}  // namespace espalier::runtime
