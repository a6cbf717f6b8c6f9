#include "common/net/dealer_socket.hpp"

#include <utility>

#include "common/net/zmq_channel.hpp"

namespace espalier::net {

struct DealerSocket::State {
  std::shared_ptr<ZmqChannel> channel;  // shared with a pending receive
};

DealerSocket::DealerSocket(std::unique_ptr<State> state) : state_(std::move(state)) {}
DealerSocket::~DealerSocket() {
  close();
}

Result<std::unique_ptr<DealerSocket>> DealerSocket::connect(boost::asio::io_context& io,
                                                            std::string endpoint) {
  constexpr int kLingerMs = 500;
  auto channel = std::make_shared<ZmqChannel>(io, ZMQ_DEALER, kLingerMs);
  if (auto connected = channel->connect(endpoint); !connected) return connected.error();
  return std::unique_ptr<DealerSocket>(new DealerSocket(std::make_unique<State>(State{std::move(channel)})));
}

boost::asio::awaitable<std::string> DealerSocket::receive() {
  auto frames = co_await ZmqChannel::receive(state_->channel);
  if (frames.size() != 1) frames = {std::string()};
  co_return std::move(frames[0]);
}

bool DealerSocket::send(std::string bytes) {
  return state_->channel->send(bytes);
}

void DealerSocket::close() {
  state_->channel->close();
}

}  // namespace espalier::net
