// Who asks, and a browser's way to say so: a cookie, since its event streams can't send headers.
#include <boost/asio/use_awaitable.hpp>

#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;

namespace {

json::object document_of(const Exchange& exchange) {
  json::object body;
  body["tokens"] = exchange.services().security.demands_tokens;
  body["name"] = exchange.identity().name;
  body["role"] = to_string(exchange.identity().role);
  return body;
}

asio::awaitable<void> send_with_cookie(Exchange* exchange, std::string secret) {
  auto made = exchange->response(status::ok);
  made.set(http::field::set_cookie, session_cookie(secret, exchange->stream().is_secure()));
  made.set(http::field::content_type, "application/json; charset=utf-8");
  const auto document = json::serialize(document_of(*exchange));
  made.content_length(document.size());
  const bool open = co_await exchange->send_header(std::move(made));
  if (open) co_await exchange->write(asio::buffer(document));
}

}  // namespace

asio::awaitable<void> get_session(Exchange* exchange) {
  auto body = document_of(*exchange);
  co_await exchange->send_json(status::ok, std::move(body));
}

asio::awaitable<void> post_session(Exchange* exchange) {
  auto secret = secret_in(exchange->header(http::field::authorization), exchange->header(http::field::cookie),
                          exchange->stream().is_secure());
  return send_with_cookie(exchange, std::move(secret));
}

asio::awaitable<void> delete_session(Exchange* exchange) {
  return send_with_cookie(exchange, {});
}

}  // namespace espalier::api
