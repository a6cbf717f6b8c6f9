// Work that blocks, away from the loop. Not cancellable: the awaiting coroutine goes on only when the work is
// done, so whatever the work points to may live in that coroutine. (A coroutine spawned on the threads would
// be cancelled from the loop's thread, which Asio doesn't allow.)
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace espalier::net {

struct StartOn {
  boost::asio::any_io_executor threads;

  template <class Handler, class Work>
  void operator()(Handler handler, Work work) const {
    auto loop = boost::asio::get_associated_executor(handler);
    auto guard = boost::asio::make_work_guard(loop);
    boost::asio::post(threads, [handler = std::move(handler), work = std::move(work), loop,
                                guard = std::move(guard)]() mutable {
      boost::asio::post(loop, [handler = std::move(handler), value = work()]() mutable {
        std::move(handler)(std::move(value));
      });
    });
  }
};

// `work` returns a value and doesn't throw.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work>> run_on(boost::asio::any_io_executor threads, Work work) {
  using Value = std::invoke_result_t<Work>;
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Value)>(
      StartOn{std::move(threads)}, boost::asio::use_awaitable, std::move(work));
}

}  // namespace espalier::net
