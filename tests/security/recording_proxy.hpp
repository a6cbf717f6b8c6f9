// Stands between a worker and its coordinator, passes everything on and writes down what the worker says:
// what somebody on the way between them has.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <mutex>
#include <string>
#include <thread>

#include "common/net/task_group.hpp"

namespace espalier::test {

class RecordingProxy {
 public:
  explicit RecordingProxy(const std::string& endpoint);  // "tcp://127.0.0.1:8471"
  ~RecordingProxy();
  RecordingProxy(const RecordingProxy&) = delete;
  RecordingProxy& operator=(const RecordingProxy&) = delete;

  [[nodiscard]] std::string endpoint() const;
  [[nodiscard]] std::string said() const;  // by whoever came first

 private:
  using Socket = boost::asio::ip::tcp::socket;
  boost::asio::awaitable<void> pass_on();
  boost::asio::awaitable<void> pump(Socket* from, Socket* to, bool recorded);

  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_;
  Socket worker_;
  Socket coordinator_;
  mutable std::mutex mutex_;
  std::string said_;  // guarded by mutex_
  net::TaskGroup tasks_;
  std::thread thread_;
};

boost::asio::ip::tcp::endpoint tcp_endpoint(const std::string& zmq_endpoint);

}  // namespace espalier::test
