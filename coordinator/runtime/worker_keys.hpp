// Whose keys workers may come with: a folder of files, looked at every second. A key that is gone takes its
// worker along.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <optional>
#include <string>

#include "common/net/key_folder.hpp"
#include "common/net/router_socket.hpp"
#include "coordinator/runtime/driver.hpp"

namespace espalier::runtime {

// What a socket for workers starts with. As KeyFolder's errors.
Result<net::ServerKeys> read_server_keys(const net::KeyFolder& folder);

class WorkerKeys {
 public:
  // Socket and driver outlive it; it lives on their loop.
  WorkerKeys(net::KeyFolder folder, net::RouterSocket& socket, Driver& driver,
             boost::asio::any_io_executor executor);

  boost::asio::awaitable<void> watch();  // until it is cancelled

 private:
  void take(net::AdmittedKeys keys);
  void complain(const std::string& text);

  net::KeyFolder folder_;
  net::RouterSocket& socket_;
  Driver& driver_;
  boost::asio::any_io_executor executor_;
  std::string last_complaint_;
  boost::asio::thread_pool disk_{1};
};

}  // namespace espalier::runtime
