#include "common/net/router_socket.hpp"

#include <utility>

#include "common/net/zmq_channel.hpp"

namespace espalier::net {

struct RouterSocket::State {
  std::shared_ptr<ZmqChannel> channel;  // shared with a pending receive
  std::string endpoint;
};

RouterSocket::RouterSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
RouterSocket::~RouterSocket() {
  close();
}

Result<std::unique_ptr<RouterSocket>> RouterSocket::bind(boost::asio::io_context& io, std::string endpoint) {
  constexpr int kLingerMs = 200;
  auto channel = std::make_shared<ZmqChannel>(io, ZMQ_ROUTER, kLingerMs);
  if (auto bound = channel->bind(endpoint); !bound) return bound.error();
  auto real = channel->last_endpoint();
  auto state = std::make_unique<State>(State{std::move(channel), std::move(real)});
  return std::unique_ptr<RouterSocket>(new RouterSocket(std::move(state)));
}

std::string RouterSocket::endpoint() const {
  return state_->endpoint;
}

boost::asio::awaitable<Incoming> RouterSocket::receive() {
  auto frames = co_await ZmqChannel::receive(state_->channel);
  if (frames.size() != 2) frames = {std::move(frames[0]), std::string()};
  co_return Incoming{std::move(frames[0]), std::move(frames[1])};
}

bool RouterSocket::send(const std::string& peer, std::string bytes) {
  const std::string_view body = bytes;
  return state_->channel->send(peer, &body);
}

void RouterSocket::close() {
  state_->channel->close();
}

}  // namespace espalier::net
