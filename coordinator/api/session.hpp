// One connection: reads requests one after the other and has each answered.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <memory>

#include "coordinator/api/exchange.hpp"

namespace espalier::api {

struct Session {
  Session(boost::asio::ip::tcp::socket socket, const Services& everything, Connections& all,
          Connections::Id number, std::string address)
      : stream(std::move(socket)),
        services(everything),
        connections(all),
        id(number),
        peer(std::move(address)) {}
  void end();  // whatever it waits for

  net::Stream stream;
  boost::beast::flat_buffer buffer{64 * 1024};
  const Services& services;
  Connections& connections;
  Connections::Id id;
  std::string peer;
  boost::asio::cancellation_signal cancellation;
};

// Shared: the frame keeps its session alive until it is destroyed itself.
boost::asio::awaitable<void> serve(std::shared_ptr<Session> session);

}  // namespace espalier::api
