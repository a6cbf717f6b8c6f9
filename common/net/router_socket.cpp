#include "common/net/router_socket.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "common/net/connections.hpp"
#include "common/net/zmq_channel.hpp"

namespace espalier::net {
namespace asio = boost::asio;
namespace {

constexpr int kLingerMs = 200;
constexpr int kHandshakeMs = 5'000;  // then who hasn't finished it is disconnected
constexpr int kBacklog = 4'096;      // who knocks at once, before ZeroMQ has opened to them
constexpr std::size_t kMostSilent = 4'096;
constexpr int kWatched = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

// A quarter of the descriptors: the others are for HTTP, the database and those who have said something.
std::size_t most_silent() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMostSilent;
  return std::clamp<std::size_t>(limit.rlim_cur / 4, 16, kMostSilent);
}

Refusal reason_of(std::uint32_t protocol_error) {
  switch (protocol_error) {
    case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
      return Refusal::other_encryption;
    case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC:
    case ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE:
      return Refusal::bad_cryptography;
    default:
      return Refusal::not_zeromq;
  }
}

}  // namespace

struct RouterSocket::State {
  std::shared_ptr<ZmqChannel> channel;  // these three are shared with pending receives
  std::shared_ptr<ZmqChannel> events;   // what ZeroMQ tells of its connections
  std::shared_ptr<ZmqChannel> doorman;  // asked about each key; unset without keys
  std::string endpoint;
  AdmittedKeys admitted = {};
  Refusals refusals = {};
  Connections connections{refusals, most_silent()};

  void take(const ZmqChannel::Message& message) {
    const auto told = ZmqChannel::event_of(message);
    if (!told) return;
    const auto [event, value] = *told;
    if (event == ZMQ_EVENT_ACCEPTED) connections.accepted(static_cast<int>(value));
    if (event == ZMQ_EVENT_DISCONNECTED) connections.disconnected(static_cast<int>(value));
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) connections.handshake_done();
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) connections.handshake_failed(Refusal::unfinished);
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) connections.handshake_failed(reason_of(value));
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) connections.key_refused();
  }

  // False if it is of nobody who may come in.
  bool recognize(const ZmqChannel::Message& message) {
    const auto& peer = message.parts.front();
    if (!connections.is_known(message.descriptor, peer, message.user)) {
      for (ZmqChannel::Message event; events->try_receive(event);)
        take(event);  // that it was accepted, at least
      connections.heard(message.descriptor, peer, message.user);
    }
    if (!doorman || admitted.contains(message.user)) return true;
    connections.end(message.descriptor, Refusal::revoked);
    return false;
  }

  bool may_hear(const std::string& peer) const {
    if (!doorman) return true;
    const auto* key = connections.key_of(peer);
    return key != nullptr && admitted.contains(*key);
  }

  static asio::awaitable<void> watch_connections(std::shared_ptr<State> state) {
    for (;;) {
      const auto event = co_await ZmqChannel::receive(state->events);
      state->take(event);
    }
  }

  // ZAP 1.0, rfc.zeromq.org/spec/27: version, request, domain, address, identity, mechanism, key.
  static asio::awaitable<void> answer_for_keys(std::shared_ptr<State> state) {
    for (;;) {
      const auto question = co_await ZmqChannel::receive(state->doorman);
      const auto& parts = question.parts;
      if (parts.size() < 7) {
        state->doorman->send({"1.0", parts.size() > 1 ? parts[1] : "", "500", "not understood", "", ""});
        continue;
      }
      const auto key = written(parts[6]);
      const bool may_come_in = parts[5] == "CURVE" && state->admitted.contains(key);
      if (!may_come_in) state->refusals.count(Refusal::unknown_key, parts[3]);
      state->doorman->send({"1.0", parts[1], may_come_in ? "200" : "400", may_come_in ? "" : "unknown key",
                            may_come_in ? key : "", ""});
    }
  }
};

RouterSocket::RouterSocket(asio::io_context& io, std::shared_ptr<State> state)
    : state_(std::move(state)), tasks_(io.get_executor()) {
  tasks_.spawn("watching connections", State::watch_connections(state_));
  if (state_->doorman) tasks_.spawn("answering for keys", State::answer_for_keys(state_));
}

RouterSocket::~RouterSocket() {
  close();
}

Result<std::unique_ptr<RouterSocket>> RouterSocket::bind(asio::io_context& io, std::string endpoint,
                                                         std::optional<ServerKeys> keys) {
  const auto context = std::make_shared<ZmqContext>();
  auto state = std::make_shared<State>();
  state->channel = std::make_shared<ZmqChannel>(io, context, ZMQ_ROUTER, kLingerMs);
  state->channel->set(ZMQ_HANDSHAKE_IVL, kHandshakeMs);
  state->channel->set(ZMQ_BACKLOG, kBacklog);
  state->events = std::make_shared<ZmqChannel>(io, context, ZMQ_PAIR, 0);
  if (auto connected = state->events->connect(state->channel->monitor(kWatched)); !connected)
    return connected.error();
  if (keys) {
    state->admitted = std::move(keys->admitted);
    // Before the ROUTER listens, and for as long: ZeroMQ lets everybody in where nobody answers for keys.
    state->doorman = std::make_shared<ZmqChannel>(io, context, ZMQ_REP, 0);
    if (auto bound = state->doorman->bind("inproc://zeromq.zap.01"); !bound) return bound.error();
    state->channel->set(ZMQ_CURVE_SERVER, 1);
    state->channel->set(ZMQ_CURVE_SECRETKEY, keys->own.secret_key);
    state->channel->set(ZMQ_ZAP_DOMAIN, "espalier");
  }
  if (auto bound = state->channel->bind(endpoint); !bound) return bound.error();
  state->endpoint = state->channel->last_endpoint();
  return std::unique_ptr<RouterSocket>(new RouterSocket(io, std::move(state)));
}

std::string RouterSocket::endpoint() const {
  return state_->endpoint;
}

asio::awaitable<Incoming> RouterSocket::receive() {
  const auto state = state_;
  for (;;) {
    auto message = co_await ZmqChannel::receive(state->channel);
    if (!state->recognize(message)) continue;
    auto& parts = message.parts;
    if (parts.size() != 2) parts = {std::move(parts[0]), std::string()};
    Incoming incoming{std::move(parts[0]), std::move(parts[1])};
    if (state->doorman) incoming.name = state->admitted.find(message.user)->second;
    co_return incoming;
  }
}

bool RouterSocket::send(const std::string& peer, std::string bytes) {
  return state_->may_hear(peer) && state_->channel->send({peer, bytes});
}

void RouterSocket::admit(AdmittedKeys keys) {
  ESPALIER_ASSERT(state_->doorman != nullptr);
  state_->admitted = std::move(keys);
  state_->connections.end_others([this](const std::string& key) { return state_->admitted.contains(key); });
}

const AdmittedKeys& RouterSocket::admitted() const {
  return state_->admitted;
}

const Refusals& RouterSocket::refusals() const {
  return state_->refusals;
}

void RouterSocket::close() {
  tasks_.cancel();
  for (const auto& channel : {state_->channel, state_->events, state_->doorman})
    if (channel) channel->close();
}

}  // namespace espalier::net
