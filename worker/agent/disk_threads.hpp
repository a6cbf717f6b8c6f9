// Work that blocks (hashing, syncing, copying) away from the loop: common/net/run_on.hpp.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <type_traits>
#include <utility>

#include "common/net/run_on.hpp"

namespace espalier::agent {

class DiskThreads {
 public:
  [[nodiscard]] boost::asio::thread_pool::executor_type executor() { return threads_.get_executor(); }

  // `work` returns a value and doesn't throw.
  template <class Work>
  boost::asio::awaitable<std::invoke_result_t<Work>> run(Work work) {
    return net::run_on(threads_.get_executor(), std::move(work));
  }

 private:
  boost::asio::thread_pool threads_{2};
};

}  // namespace espalier::agent
