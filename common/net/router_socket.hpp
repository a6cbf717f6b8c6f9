// The coordinator's end: one ZeroMQ ROUTER on one Asio loop. Every call is made on that loop's thread.
//
// With keys it speaks to nobody who doesn't have one of them, encrypted (CURVE, and ZAP for the keys).
// Whoever reaches the port and isn't let in is counted; and there are never so many of them that descriptors
// run out.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "common/base/result.hpp"
#include "common/net/curve_keys.hpp"
#include "common/net/refusals.hpp"
#include "common/net/task_group.hpp"

namespace espalier::net {

// Larger messages are not sent.
inline constexpr std::size_t kLargestMessage = std::size_t{16} << 20;
// Whoever sends a larger one is disconnected. What lies between the two is received, so that it can be
// counted and answered for.
inline constexpr std::size_t kLargestReceived = 2 * kLargestMessage;

struct Incoming {
  std::string peer;  // the ROUTER's name for a connection: any bytes; a peer that reconnects has a new one
  std::string bytes;
  std::optional<std::string> name = {};  // whose key it came with; unset without keys
};

struct ServerKeys {
  KeyPair own;
  AdmittedKeys admitted;
};

class RouterSocket {
 public:
  // "tcp://127.0.0.1:0" binds any free port. ErrorKind::busy if the address is in use, usage if it is none.
  static Result<std::unique_ptr<RouterSocket>> bind(boost::asio::io_context& io, std::string endpoint,
                                                    std::optional<ServerKeys> keys = {});
  ~RouterSocket();
  RouterSocket(const RouterSocket&) = delete;
  RouterSocket& operator=(const RouterSocket&) = delete;

  [[nodiscard]] std::string endpoint() const;  // with the real port

  // A message that isn't of one part is received as an empty one. One caller at a time. Throws
  // boost::system::system_error(operation_aborted) after `close` or if it is cancelled. Lets the loop's other
  // work run now and then, also while messages keep coming.
  boost::asio::awaitable<Incoming> receive();

  // Never waits. False if the peer is gone or unknown, its queue is full, or the message is too large.
  bool send(const std::string& peer, std::string bytes);

  // These keys and no others, from now on: who is connected with another one is neither heard nor spoken to
  // any more, and is disconnected. Of a socket that has keys.
  void admit(AdmittedKeys keys);
  [[nodiscard]] const AdmittedKeys& admitted() const;

  [[nodiscard]] const Refusals& refusals() const;

  void close();  // a pending `receive` ends; repeated calls are harmless

 private:
  struct State;
  RouterSocket(boost::asio::io_context& io, std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with pending waits
  TaskGroup tasks_;
};

}  // namespace espalier::net
