// One ZeroMQ socket driven by one Asio loop: what ROUTER, DEALER and the sockets that watch over them have in
// common. Private to this folder.
#pragma once

#include <zmq.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace espalier::net {

// Shared by the channels of one socket of ours: it ends with the last that is closed.
class ZmqContext {
 public:
  ZmqContext() : raw_(zmq_ctx_new()) {}
  ~ZmqContext() { zmq_ctx_term(raw_); }
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  [[nodiscard]] void* raw() const { return raw_; }

 private:
  void* raw_;
};

class ZmqChannel {
 public:
  struct Message {
    std::vector<std::string> parts;
    std::string user;     // what the ZAP handler said that the sender is; empty without one
    int descriptor = -1;  // of the TCP connection by which it came, which may have ended since; -1 if by none
  };

  ZmqChannel(boost::asio::io_context& io, std::shared_ptr<ZmqContext> context, int type, int linger_ms);
  ~ZmqChannel();
  ZmqChannel(const ZmqChannel&) = delete;
  ZmqChannel& operator=(const ZmqChannel&) = delete;

  Result<void> bind(const std::string& endpoint);
  Result<void> connect(const std::string& endpoint);
  Result<void> connect_again(const std::string& endpoint);  // also if ZeroMQ has given it up
  [[nodiscard]] std::string last_endpoint() const;
  void set(int option, int value);
  void set(int option, const std::string& value);
  // From now on these events of the socket can be received by a PAIR that connects to the address returned.
  std::string monitor(int events);
  // What such a PAIR receives: an event and its value; unset if it is none.
  static std::optional<std::pair<int, std::uint32_t>> event_of(const Message& message);

  // The channel is held while the wait lasts, so that its owner may go first.
  static boost::asio::awaitable<Message> receive(std::shared_ptr<ZmqChannel> channel);
  bool try_receive(Message& message);
  bool send(std::initializer_list<std::string_view> parts);
  void close();

 private:
  [[nodiscard]] bool readable();
  void wake_receiver();

  std::shared_ptr<ZmqContext> context_;  // shared: see there
  void* socket_;
  boost::asio::posix::stream_descriptor descriptor_;
  bool receiver_waits_ = false;
  int received_in_a_row_ = 0;
};

}  // namespace espalier::net
