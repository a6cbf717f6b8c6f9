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

constexpr std::chrono::seconds kIdleLimit{75};
constexpr std::uint32_t kHeaderLimit = 16 * 1024;

// Closing while the peer still sends would reset the connection, and the peer might never see our answer.
asio::awaitable<void> read_the_rest(std::shared_ptr<Session> session) {
  constexpr std::size_t kMost = 64 * 1024 * 1024;
  std::array<char, 16 * 1024> rest;
  boost::system::error_code ignored;
  session->stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  session->stream.expires_after(std::chrono::seconds(5));
  for (std::size_t total = 0; total < kMost;) {
    const auto [failure, bytes] = co_await session->stream.async_read_some(asio::buffer(rest), kTuple);
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

void count(const Exchange& exchange, std::chrono::steady_clock::duration time) {
  constexpr std::string_view kLiveEvents = "api/v1/events";
  exchange.services().metrics.count_request(std::string_view(http::to_string(exchange.method())),
                                            exchange.route(), exchange.answered_status(), time,
                                            exchange.route() == kLiveEvents);
}

asio::awaitable<void> refuse_header(std::shared_ptr<Session> session, boost::system::error_code failure) {
  Exchange::HeaderParser nothing;
  Exchange exchange(session->stream, session->buffer, nothing, session->services);
  exchange.close_after();
  const auto code =
      failure == http::error::header_limit ? status::request_header_fields_too_large : status::bad_request;
  Error garbled{ErrorKind::usage, "this is no HTTP request: " + failure.message(), ""};
  co_await exchange.send_error(code, std::move(garbled));
}

}  // namespace

void Session::end() {
  cancellation.emit(asio::cancellation_type::terminal);
  stream.close();
}

asio::awaitable<void> serve(std::shared_ptr<Session> session) {
  for (;;) {
    Exchange::HeaderParser parser;
    parser.header_limit(kHeaderLimit);
    parser.body_limit(boost::none);
    session->stream.expires_after(kIdleLimit);
    const auto [failure, bytes] =
        co_await http::async_read_header(session->stream, session->buffer, parser, kTuple);
    if (failure) {
      const bool garbled = failure.category() == http::make_error_code(http::error::bad_target).category() &&
                           failure != http::error::end_of_stream && failure != http::error::partial_message;
      if (garbled) {
        co_await refuse_header(session, failure);
        co_await read_the_rest(session);
      }
      co_return;
    }
    Exchange exchange(session->stream, session->buffer, parser, session->services);
    const auto begin = std::chrono::steady_clock::now();
    co_await answer(&exchange);
    count(exchange, std::chrono::steady_clock::now() - begin);
    if (!exchange.keep_alive()) {
      co_await read_the_rest(session);
      co_return;
    }
  }
}

}  // namespace espalier::api
