// One ZeroMQ socket driven by one Asio loop: what ROUTER and DEALER have in common. Private to this folder.
#pragma once

#include <zmq.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace espalier::net {

class ZmqChannel {
 public:
  using Frames = std::vector<std::string>;

  ZmqChannel(boost::asio::io_context& io, int type, int linger_ms);
  ~ZmqChannel();
  ZmqChannel(const ZmqChannel&) = delete;
  ZmqChannel& operator=(const ZmqChannel&) = delete;

  Result<void> bind(const std::string& endpoint);
  Result<void> connect(const std::string& endpoint);
  [[nodiscard]] std::string last_endpoint() const;

  // The parts of one message. The channel is held while the wait lasts, so that its owner may go first.
  static boost::asio::awaitable<Frames> receive(std::shared_ptr<ZmqChannel> channel);
  bool send(std::string_view first, const std::string_view* second = nullptr);
  void close();

 private:
  void set(int option, int value);
  [[nodiscard]] bool readable();
  bool try_receive(Frames& frames);
  void wake_receiver();

  void* context_;
  void* socket_;
  boost::asio::posix::stream_descriptor descriptor_;
  bool receiver_waits_ = false;
  int received_in_a_row_ = 0;
};

}  // namespace espalier::net
