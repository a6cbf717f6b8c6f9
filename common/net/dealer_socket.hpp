// A worker's end: one ZeroMQ DEALER on one Asio loop. It connects in the background, again and again if it
// has to.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "common/base/result.hpp"

namespace espalier::net {

class DealerSocket {
 public:
  // Returns at once, also if nobody listens there yet. ErrorKind::usage if the endpoint is none.
  static Result<std::unique_ptr<DealerSocket>> connect(boost::asio::io_context& io, std::string endpoint);
  ~DealerSocket();
  DealerSocket(const DealerSocket&) = delete;
  DealerSocket& operator=(const DealerSocket&) = delete;

  // One caller at a time. Throws boost::system::system_error(operation_aborted) after `close` or if it is
  // cancelled.
  boost::asio::awaitable<std::string> receive();

  // Never waits. False if there is no connection at the moment, its queue is full, or the message is too
  // large: nothing is kept for later, so that a peer that comes back isn't flooded with what is stale by
  // then.
  bool send(std::string bytes);

  void close();  // what was sent still has half a second to leave; a pending `receive` ends

 private:
  struct State;
  explicit DealerSocket(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace espalier::net
