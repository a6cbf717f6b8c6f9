// Work that blocks (hashing, syncing, copying) away from the loop. Not cancellable: the awaiting coroutine
// goes on only when the work is done, so whatever the work points to may live in that coroutine.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace espalier::agent {

class DiskThreads {
 public:
  [[nodiscard]] boost::asio::thread_pool::executor_type executor() { return threads_.get_executor(); }

  // `work` returns a value and doesn't throw.
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work>> run(Work work) {
    using Value = std::invoke_result_t<Work>;
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Value)>(
        Start<Work>{&threads_}, boost::asio::use_awaitable, std::move(work));
  }

 private:
  template <class Work>
  struct Start {
    boost::asio::thread_pool* threads;

    template <class Handler>
    void operator()(Handler handler, Work work) const {
      auto loop = boost::asio::get_associated_executor(handler);
      auto guard = boost::asio::make_work_guard(loop);
      boost::asio::post(*threads, [handler = std::move(handler), work = std::move(work), loop,
                                   guard = std::move(guard)]() mutable {
        boost::asio::post(loop, [handler = std::move(handler), value = work()]() mutable {
          std::move(handler)(std::move(value));
        });
      });
    }
  };

  boost::asio::thread_pool threads_{2};
};

}  // namespace espalier::agent
