#include "coordinator/api/server.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <map>
#include <vector>

#include "common/base/log.hpp"
#include "coordinator/api/session.hpp"

namespace espalier::api {

namespace asio = boost::asio;
using asio::ip::tcp;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

struct Server::State {
  State(asio::io_context& loop, runtime::Coordinator& coordinator, std::filesystem::path web_folder,
        Security trust)
      : io(loop),
        files(2),
        security(std::move(trust)),
        connections(security.connections),
        services{coordinator, metrics, std::move(web_folder), files.get_executor(), security, refusals},
        acceptor(loop),
        ended(loop) {}

  asio::io_context& io;
  asio::thread_pool files;
  const Security security;
  Refusals refusals;
  Connections connections;
  HttpMetrics metrics;
  Services services;
  tcp::acceptor acceptor;
  asio::steady_timer ended;  // cancelled whenever a session or the accepting ends
  std::string host;
  bool accepting = false;
  asio::cancellation_signal stop_accepting;
  // Shared with each session's coroutine, whose frame the io_context may destroy after us.
  std::map<Connections::Id, std::shared_ptr<Session>> sessions;
};

namespace {

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<HostAndPort> split(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == address.npos || colon == 0) return std::nullopt;
  auto host = address.substr(0, colon);
  const auto digits = address.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  HostAndPort result{std::string(host), 0};
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return result;
}

template <class State>
struct SessionEnded {
  std::shared_ptr<State> state;
  std::shared_ptr<Session> session;
  void operator()(std::exception_ptr) const {
    state->connections.end(session->id);
    state->sessions.erase(session->id);
    state->ended.cancel();
  }
};

template <class State>
struct AcceptingEnded {
  std::shared_ptr<State> state;
  void operator()(std::exception_ptr) const {
    state->accepting = false;
    state->ended.cancel();
  }
};

// Of IPv6 the network that one customer usually has: whoever has one address there has all of them.
std::string group_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  auto v6 = address.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return asio::ip::make_address_v6(bytes).to_string();
}

// As much as the socket takes at once: nobody waits for whoever is refused.
void say_full(tcp::socket& socket) {
  constexpr std::string_view kFull =
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kFull), ignored);
}

// The session for a new connection; nullptr if there is no room, which the peer has then been told.
template <class State>
std::shared_ptr<Session> admit(State& state, tcp::socket socket) {
  boost::system::error_code failure;
  const auto peer = socket.remote_endpoint(failure).address();
  if (failure) return nullptr;  // it has gone again
  const auto admission = state.connections.admit(group_of(peer));
  if (admission.room != Connections::Room::enough)
    state.refusals.count(
        admission.room == Connections::Room::all_taken ? Refusal::connections : Refusal::address,
        peer.to_string(), std::chrono::steady_clock::now());
  if (admission.evicted) {
    const auto evicted = state.sessions.at(*admission.evicted);  // ours until it has been told
    evicted->end();
  }
  if (!admission.id) {
    if (!state.security.tls) say_full(socket);
    return nullptr;
  }
  socket.set_option(tcp::no_delay(true), failure);
  auto session = std::make_shared<Session>(std::move(socket), state.services, state.connections,
                                           *admission.id, peer.to_string());
  state.sessions.emplace(session->id, session);
  return session;
}

template <class State>
asio::awaitable<void> accept(std::shared_ptr<State> state) {
  for (;;) {
    auto [failure, socket] = co_await state->acceptor.async_accept(kTuple);
    if (failure == asio::error::operation_aborted || !state->acceptor.is_open()) co_return;
    if (failure) {
      // Out of descriptors: look again when there may be some.
      asio::steady_timer pause(state->io, std::chrono::milliseconds(100));
      co_await pause.async_wait(kTuple);
      continue;
    }
    const auto session = admit(*state, std::move(socket));
    if (session == nullptr) continue;
    asio::co_spawn(
        state->io, serve(session),
        asio::bind_cancellation_slot(session->cancellation.slot(), SessionEnded<State>{state, session}));
  }
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(asio::io_context& io, runtime::Coordinator& coordinator,
                                               const std::string& address, std::filesystem::path web_folder,
                                               Security security) {
  const auto wanted = split(address);
  if (!wanted) {
    return Error{ErrorKind::usage, "\"" + address + "\" is no address to listen on",
                 "write host:port, as in 127.0.0.1:8470"};
  }
  boost::system::error_code failure;
  const auto found = tcp::resolver(io).resolve(wanted->host, std::to_string(wanted->port), failure);
  if (failure) {
    return Error{ErrorKind::usage, "the host " + wanted->host + " isn't known: " + failure.message(),
                 "use 127.0.0.1, or 0.0.0.0 for every interface"};
  }
  auto state = std::make_shared<State>(io, coordinator, std::move(web_folder), std::move(security));
  state->host = wanted->host;
  const tcp::endpoint endpoint = *found.begin();
  const auto attempt = [&](auto step) {
    if (!failure) step();
  };
  attempt([&] { state->acceptor.open(endpoint.protocol(), failure); });
  attempt([&] { state->acceptor.set_option(asio::socket_base::reuse_address(true), failure); });
  attempt([&] { state->acceptor.bind(endpoint, failure); });
  attempt([&] { state->acceptor.listen(asio::socket_base::max_listen_connections, failure); });
  if (failure == asio::error::address_in_use) {
    return Error{
        ErrorKind::busy,
        "port " + std::to_string(wanted->port) + " on " + wanted->host + " is taken by another program",
        "stop the other program or choose another port with --http"};
  }
  if (failure) {
    return Error{ErrorKind::usage, "can't listen on " + address + ": " + failure.message(),
                 "choose another address with --http"};
  }
  state->accepting = true;
  asio::co_spawn(io, accept(state),
                 asio::bind_cancellation_slot(state->stop_accepting.slot(), AcceptingEnded<State>{state}));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::shared_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

std::string Server::address() const {
  const bool v6 = state_->host.find(':') != std::string::npos;
  const auto host = v6 ? "[" + state_->host + "]" : state_->host;
  return (state_->security.tls ? "https://" : "http://") + host + ":" +
         std::to_string(state_->acceptor.local_endpoint().port());
}

asio::awaitable<void> Server::stop() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->stop_accepting.emit(asio::cancellation_type::terminal);
  std::vector<std::shared_ptr<Session>> sessions;
  for (const auto& [id, session] : state_->sessions) sessions.push_back(session);
  for (const auto& session : sessions) session->end();
  while ((state_->accepting || !state_->sessions.empty()) && std::chrono::steady_clock::now() < deadline) {
    state_->ended.expires_at(deadline);
    co_await state_->ended.async_wait(kTuple);
  }
  if (!state_->sessions.empty()) log::warn("{} HTTP sessions didn't end in time", state_->sessions.size());
}

}  // namespace espalier::api
