#include "common/net/dealer_socket.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "common/base/log.hpp"
#include "common/net/zmq_channel.hpp"

namespace espalier::net {
namespace asio = boost::asio;
namespace {

constexpr int kLingerMs = 500;
constexpr std::chrono::seconds kBeforeTryingAgain{2};
constexpr int kWatched = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

NotLetIn reason_of(int event, std::uint32_t value) {
  if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return NotLetIn::unknown_key;
  if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) return NotLetIn::hung_up;
  return value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? NotLetIn::other_encryption
                                                             : NotLetIn::not_zeromq;
}

}  // namespace

struct DealerSocket::State {
  std::shared_ptr<ZmqChannel> channel;  // both are shared with pending receives
  std::shared_ptr<ZmqChannel> events;
  std::string endpoint;
  std::function<void(NotLetIn)> not_let_in;

  static asio::awaitable<void> watch(std::shared_ptr<State> state, asio::any_io_executor executor) {
    asio::steady_timer pause(executor);
    for (;;) {
      const auto message = co_await ZmqChannel::receive(state->events);
      const auto told = ZmqChannel::event_of(message);
      if (!told) continue;
      const auto why = reason_of(told->first, told->second);
      state->not_let_in(why);
      if (why == NotLetIn::hung_up) continue;  // ZeroMQ goes on by itself
      // After any other refusal it doesn't: but a key can be admitted, and a coordinator replaced.
      pause.expires_after(kBeforeTryingAgain);
      co_await pause.async_wait(asio::use_awaitable);
      if (auto connected = state->channel->connect_again(state->endpoint); !connected)
        log::error("{}", connected.error().message);
    }
  }
};

DealerSocket::DealerSocket(asio::io_context& io, std::shared_ptr<State> state)
    : state_(std::move(state)), tasks_(io.get_executor()) {
  tasks_.spawn("watching the handshake", State::watch(state_, io.get_executor()));
}

DealerSocket::~DealerSocket() {
  close();
}

Result<std::unique_ptr<DealerSocket>> DealerSocket::connect(asio::io_context& io, std::string endpoint,
                                                            const std::optional<WorkerKey>& key,
                                                            std::function<void(NotLetIn)> not_let_in) {
  const auto context = std::make_shared<ZmqContext>();
  auto state = std::make_shared<State>();
  state->channel = std::make_shared<ZmqChannel>(io, context, ZMQ_DEALER, kLingerMs);
  state->events = std::make_shared<ZmqChannel>(io, context, ZMQ_PAIR, 0);
  state->endpoint = std::move(endpoint);
  state->not_let_in = std::move(not_let_in);
  if (auto watching = state->events->connect(state->channel->monitor(kWatched)); !watching)
    return watching.error();
  if (key) {
    state->channel->set(ZMQ_CURVE_SERVERKEY, key->server);
    state->channel->set(ZMQ_CURVE_PUBLICKEY, key->own.public_key);
    state->channel->set(ZMQ_CURVE_SECRETKEY, key->own.secret_key);
  }
  if (auto connected = state->channel->connect(state->endpoint); !connected) return connected.error();
  return std::unique_ptr<DealerSocket>(new DealerSocket(io, std::move(state)));
}

asio::awaitable<std::string> DealerSocket::receive() {
  auto message = co_await ZmqChannel::receive(state_->channel);
  if (message.parts.size() != 1) message.parts = {std::string()};
  co_return std::move(message.parts[0]);
}

bool DealerSocket::send(std::string bytes) {
  return state_->channel->send({bytes});
}

void DealerSocket::close() {
  tasks_.cancel();
  state_->channel->close();
  state_->events->close();
}

}  // namespace espalier::net
