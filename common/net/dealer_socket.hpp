// A worker's end: one ZeroMQ DEALER on one Asio loop. It connects in the background, again and again if it
// has to. With a key it speaks, encrypted, to the one server that the key names, and to nobody else.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/result.hpp"
#include "common/net/curve_keys.hpp"
#include "common/net/task_group.hpp"

namespace espalier::net {

// Why there is a listener and no connection.
enum class NotLetIn {
  unknown_key,       // it doesn't admit our key
  other_encryption,  // it encrypts and we don't, or the reverse
  hung_up,           // it left during the handshake: it ends, or it has another key than we know it by
  not_zeromq,
};

class DealerSocket {
 public:
  // Returns at once, also if nobody listens there yet. ErrorKind::usage if the endpoint is none. `not_let_in`
  // is called on the loop, after each attempt that failed so; the next one follows within two seconds.
  static Result<std::unique_ptr<DealerSocket>> connect(
      boost::asio::io_context& io, std::string endpoint, const std::optional<WorkerKey>& key = {},
      std::function<void(NotLetIn)> not_let_in = [](NotLetIn) {});
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
  DealerSocket(boost::asio::io_context& io, std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with pending waits
  TaskGroup tasks_;
};

}  // namespace espalier::net
