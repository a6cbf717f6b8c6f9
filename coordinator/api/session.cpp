#include "coordinator/api/session.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/base/log.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

namespace {

constexpr std::uint32_t kHeaderLimit = 16 * 1024;

// Closing while the peer still sends would reset the connection, and the peer might never see our answer.
asio::awaitable<void> read_the_rest(std::shared_ptr<Session> session) {
  constexpr std::size_t kMost = 64 * 1024 * 1024;
  std::array<char, 16 * 1024> rest;
  session->connections.rest(session->id);  // nothing is left that it would be a pity to break off
  session->stream.expires_after(std::chrono::seconds(5));
  co_await session->stream.finish();
  for (std::size_t total = 0; total < kMost;) {
    const auto [failure, bytes] = co_await session->stream.tcp().async_read_some(asio::buffer(rest), kTuple);
    if (failure) co_return;
    total += bytes;
  }
}

asio::awaitable<void> answer(Exchange* exchange) {
  std::string defect;
  try {
    co_await dispatch(exchange);
  } catch (const boost::system::system_error& failure) {
    if (failure.code() == asio::error::operation_aborted) throw;
    defect = failure.what();
  } catch (const std::exception& failure) {
    defect = failure.what();
  }
  if (defect.empty()) co_return;
  log::error("HTTP request failed: {}", defect);
  exchange->close_after();
  if (exchange->answered()) co_return;
  Error internal{ErrorKind::internal, "the request failed: " + defect, "see the coordinator's log"};
  co_await exchange->send_error(std::move(internal));
}

void refuse(const Session& session, Refusal reason) {
  session.services.refusals.count(reason, session.peer, std::chrono::steady_clock::now());
}

void count(const Exchange& exchange, std::chrono::steady_clock::duration time) {
  constexpr std::string_view kLiveEvents = "api/v1/events";
  exchange.services().metrics.count_request(std::string_view(http::to_string(exchange.method())),
                                            exchange.route(), exchange.answered_status(), time,
                                            exchange.route() == kLiveEvents);
}

asio::awaitable<void> refuse_header(std::shared_ptr<Session> session, boost::system::error_code failure) {
  Exchange::HeaderParser nothing;
  Exchange exchange(session->stream, session->buffer, nothing, session->services, session->peer);
  exchange.close_after();
  const bool too_large = failure == http::error::header_limit;
  refuse(*session, too_large ? Refusal::header_too_large : Refusal::garbled);
  const auto code = too_large ? status::request_header_fields_too_large : status::bad_request;
  Error garbled{ErrorKind::usage, "this is no HTTP request: " + failure.message(), ""};
  co_await exchange.send_error(code, std::move(garbled));
}

bool is_garbled(boost::system::error_code failure) {
  return failure.category() == http::make_error_code(http::error::bad_target).category() &&
         failure != http::error::end_of_stream && failure != http::error::partial_message;
}

// More of what the peer sends, as it comes.
asio::awaitable<boost::system::error_code> read_some(std::shared_ptr<Session> session,
                                                     std::chrono::milliseconds limit) {
  constexpr std::size_t kPiece = 4096;
  session->stream.expires_after(limit);
  const auto [failure, bytes] =
      co_await session->stream.async_read_some(session->buffer.prepare(kPiece), kTuple);
  session->buffer.commit(bytes);
  co_return failure;
}

// True once all that follows is encrypted.
asio::awaitable<bool> shake_hands(std::shared_ptr<Session> session) {
  constexpr char kHandshake = 0x16;  // the first byte of TLS
  const auto& security = session->services.security;
  const auto silent = co_await read_some(session, security.patience.first_byte);
  if (silent) co_return false;
  if (*static_cast<const char*>(session->buffer.data().data()) != kHandshake) {
    refuse(*session, Refusal::tls);
    Exchange::HeaderParser nothing;
    Exchange exchange(session->stream, session->buffer, nothing, session->services, session->peer);
    exchange.close_after();
    Error plain{ErrorKind::usage, "this port speaks https, not http", "write https:// instead of http://"};
    co_await exchange.send_error(status::bad_request, std::move(plain));
    co_await read_the_rest(session);
    co_return false;
  }
  session->stream.expires_after(security.patience.header);
  const auto failure = co_await session->stream.accept_tls(*security.tls, &session->buffer);
  if (failure == boost::beast::error::timeout) {
    refuse(*session, Refusal::slow);
  } else if (failure && failure != asio::error::operation_aborted) {
    refuse(*session, Refusal::tls);
  }
  co_return !failure;
}

}  // namespace

void Session::end() {
  cancellation.emit(asio::cancellation_type::terminal);
  stream.close();
}

asio::awaitable<void> serve(std::shared_ptr<Session> session) {
  const auto& security = session->services.security;
  if (security.tls) {
    const bool encrypted = co_await shake_hands(session);
    if (!encrypted) co_return;
  }
  auto patience = security.patience.first_byte;
  for (;;) {
    session->connections.rest(session->id);
    if (session->buffer.size() == 0) {
      const auto gone = co_await read_some(session, patience);
      if (gone) co_return;
    }
    Exchange::HeaderParser parser;
    parser.header_limit(kHeaderLimit);
    parser.body_limit(boost::none);
    session->stream.expires_after(security.patience.header);
    const auto [failure, bytes] =
        co_await http::async_read_header(session->stream, session->buffer, parser, kTuple);
    if (failure == boost::beast::error::timeout) refuse(*session, Refusal::slow);
    if (is_garbled(failure)) {
      co_await refuse_header(session, failure);
      co_await read_the_rest(session);
    }
    if (failure) co_return;
    session->connections.begin(session->id);
    Exchange exchange(session->stream, session->buffer, parser, session->services, session->peer);
    const auto begin = std::chrono::steady_clock::now();
    co_await answer(&exchange);
    count(exchange, std::chrono::steady_clock::now() - begin);
    if (!exchange.keep_alive()) {
      co_await read_the_rest(session);
      co_return;
    }
    patience = security.patience.next_request;
  }
}

}  // namespace espalier::api
