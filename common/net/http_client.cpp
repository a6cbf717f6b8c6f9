#include "common/net/http_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include "common/net/http_body_source.hpp"
#include "common/net/http_target.hpp"

namespace espalier::net {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kIdleConnections = 8;

struct Connection {
  explicit Connection(const asio::any_io_executor& executor) : stream(executor) {}
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  bool used_before = false;
};

struct Exchange {
  http::verb method = http::verb::get;
  HttpTarget target;
  HttpBodySource body;
  std::string content_type;
  HttpClient::Sink sink;  // empty: the reply's body is held in memory
};

// How far an exchange came: one that failed on a kept connection before any byte of a reply may be tried
// again.
struct Tried {
  Result<HttpReply> reply;
  bool answered = false;
  bool reusable = false;
};

void throw_if_cancelled(const error_code& failure) {
  if (failure == asio::error::operation_aborted) throw boost::system::system_error(failure);
}

Error unreachable(const HttpTarget& target, const error_code& failure) {
  const auto reason = failure == beast::error::timeout ? std::string("no answer in time") : failure.message();
  return {ErrorKind::unavailable, "http://" + target.authority() + " can't be reached: " + reason, ""};
}

using Request = http::request<http::buffer_body>;
using Parser = http::response_parser<http::buffer_body>;

Request make_request(const Exchange& exchange) {
  Request request(exchange.method, exchange.target.path, 11);
  request.set(http::field::host, exchange.target.authority());
  request.set(http::field::user_agent, "espalier");
  const bool has_body = exchange.method == http::verb::put || exchange.method == http::verb::post;
  if (has_body || exchange.body.size() > 0) request.content_length(exchange.body.size());
  if (!exchange.content_type.empty()) request.set(http::field::content_type, exchange.content_type);
  return request;
}

// The exchange outlives the call: the caller awaits it.
asio::awaitable<Result<error_code>> send_request(Connection* connection, const Exchange* exchange,
                                                 HttpLimits limits) {
  auto reader = exchange->body.open();
  if (!reader) co_return reader.error();
  auto request = make_request(*exchange);
  http::request_serializer<http::buffer_body> serializer(request);
  std::vector<char> piece(std::min<std::uint64_t>(kPiece, std::max<std::uint64_t>(exchange->body.size(), 1)));
  error_code failure;
  while (!serializer.is_done()) {
    auto got = reader->read(piece);
    if (!got) co_return got.error();
    request.body().data = *got > 0 ? piece.data() : nullptr;
    request.body().size = *got;
    request.body().more = *got > 0;
    connection->stream.expires_after(limits.step);
    co_await http::async_write(connection->stream, serializer,
                               asio::redirect_error(asio::use_awaitable, failure));
    if (failure == http::error::need_buffer) failure = {};
    throw_if_cancelled(failure);
    if (failure) co_return failure;
  }
  co_return failure;
}

asio::awaitable<Result<error_code>> read_body(Connection* connection, Parser* parser,
                                              const Exchange* exchange, HttpReply* reply, HttpLimits limits) {
  const bool to_sink = exchange->sink && reply->status == 200;
  std::vector<char> piece(to_sink ? kPiece : kPiece / 8);
  error_code failure;
  while (!parser->is_done()) {
    parser->get().body().data = piece.data();
    parser->get().body().size = piece.size();
    connection->stream.expires_after(limits.step);
    co_await http::async_read_some(connection->stream, connection->buffer, *parser,
                                   asio::redirect_error(asio::use_awaitable, failure));
    if (failure == http::error::need_buffer) failure = {};
    throw_if_cancelled(failure);
    if (failure) co_return failure;
    const auto size = piece.size() - parser->get().body().size;
    if (size == 0) continue;
    if (to_sink) {
      if (auto taken = exchange->sink(std::as_bytes(std::span(piece.data(), size))); !taken)
        co_return taken.error();
    } else if (reply->body.size() + size > limits.body_bytes) {
      co_return Error{ErrorKind::unavailable,
                      "http://" + exchange->target.authority() + " answers with too much", ""};
    } else {
      reply->body.append(piece.data(), size);
    }
  }
  co_return failure;
}

asio::awaitable<Tried> try_once(Connection* connection, const Exchange* exchange, HttpLimits limits) {
  const auto sent = co_await send_request(connection, exchange, limits);
  if (!sent) co_return Tried{sent.error()};
  // Also after a failed write: a server that refuses a body may answer and close before it has read all of
  // it.
  Parser parser;
  parser.body_limit(boost::none);
  parser.skip(exchange->method == http::verb::head);
  error_code failure;
  connection->stream.expires_after(limits.step);
  co_await http::async_read_header(connection->stream, connection->buffer, parser,
                                   asio::redirect_error(asio::use_awaitable, failure));
  throw_if_cancelled(failure);
  if (failure) co_return Tried{unreachable(exchange->target, *sent ? *sent : failure)};
  HttpReply reply;
  reply.status = parser.get().result_int();
  reply.content_type = std::string(parser.get()[http::field::content_type]);
  const auto ended = co_await read_body(connection, &parser, exchange, &reply, limits);
  if (!ended) co_return Tried{ended.error(), true};
  if (*ended) co_return Tried{unreachable(exchange->target, *ended), true};
  co_return Tried{std::move(reply), true, parser.keep_alive() && !*sent};
}

}  // namespace

struct HttpClient::State {
  asio::any_io_executor executor;
  HttpLimits limits;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle;  // by authority

  std::unique_ptr<Connection> take_idle(const std::string& authority) {
    auto& connections = idle[authority];
    if (connections.empty()) return nullptr;
    auto connection = std::move(connections.back());
    connections.pop_back();
    return connection;
  }

  void keep(const std::string& authority, std::unique_ptr<Connection> connection) {
    auto& connections = idle[authority];
    if (connections.size() >= kIdleConnections) return;
    connection->used_before = true;
    connection->stream.expires_never();
    connections.push_back(std::move(connection));
  }

  asio::awaitable<Result<std::unique_ptr<Connection>>> connect(HttpTarget target) {
    auto connection = std::make_unique<Connection>(executor);
    asio::ip::tcp::resolver resolver(executor);
    error_code failure;
    const auto found = co_await resolver.async_resolve(target.host, target.port,
                                                       asio::redirect_error(asio::use_awaitable, failure));
    throw_if_cancelled(failure);
    if (failure) co_return unreachable(target, failure);
    connection->stream.expires_after(limits.connect);
    co_await connection->stream.async_connect(found, asio::redirect_error(asio::use_awaitable, failure));
    throw_if_cancelled(failure);
    if (failure) co_return unreachable(target, failure);
    connection->stream.socket().set_option(asio::ip::tcp::no_delay(true), failure);
    co_return connection;
  }

  asio::awaitable<Result<HttpReply>> run(Exchange exchange) {
    const auto authority = exchange.target.authority();
    // A server may close a kept connection at any moment; a POST isn't sent where its fate would be unknown.
    auto connection = exchange.method == http::verb::post ? nullptr : take_idle(authority);
    while (true) {
      if (!connection) {
        auto made = co_await connect(exchange.target);
        if (!made) co_return made.error();
        connection = std::move(*made);
      }
      auto tried = co_await try_once(connection.get(), &exchange, limits);
      if (tried.reusable) keep(authority, std::move(connection));
      if (tried.reply || tried.answered || !connection->used_before) co_return std::move(tried.reply);
      connection = nullptr;
    }
  }
};

HttpClient::HttpClient(asio::any_io_executor executor, HttpLimits limits)
    : state_(std::make_unique<State>(State{std::move(executor), limits, {}})) {}
HttpClient::~HttpClient() = default;

asio::awaitable<Result<HttpReply>> HttpClient::request(std::string method, std::string url, std::string body,
                                                       std::string content_type) {
  auto target = parse_http_url(url);
  if (!target) co_return target.error();
  const auto verb = http::string_to_verb(method);
  if (verb == http::verb::unknown)
    co_return Error{ErrorKind::usage, "\"" + method + "\" is no HTTP method", ""};
  Exchange exchange{verb, *target, HttpBodySource::text(std::move(body)), std::move(content_type), {}};
  co_return co_await state_->run(std::move(exchange));
}

asio::awaitable<Result<HttpReply>> HttpClient::get(std::string url) {
  return request("GET", std::move(url), "", "");
}
asio::awaitable<Result<HttpReply>> HttpClient::head(std::string url) {
  return request("HEAD", std::move(url), "", "");
}
asio::awaitable<Result<HttpReply>> HttpClient::put(std::string url, std::string body,
                                                   std::string content_type) {
  return request("PUT", std::move(url), std::move(body), std::move(content_type));
}
asio::awaitable<Result<HttpReply>> HttpClient::post(std::string url, std::string body,
                                                    std::string content_type) {
  return request("POST", std::move(url), std::move(body), std::move(content_type));
}

asio::awaitable<Result<HttpReply>> HttpClient::download(std::string url, Sink sink) {
  auto target = parse_http_url(url);
  if (!target) co_return target.error();
  Exchange exchange{http::verb::get, *target, HttpBodySource::text(""), "", std::move(sink)};
  co_return co_await state_->run(std::move(exchange));
}

asio::awaitable<Result<HttpReply>> HttpClient::upload(std::string url, std::filesystem::path file) {
  auto target = parse_http_url(url);
  if (!target) co_return target.error();
  auto body = HttpBodySource::file(std::move(file));
  if (!body) co_return body.error();
  Exchange exchange{http::verb::put, *target, std::move(*body), "application/octet-stream", {}};
  co_return co_await state_->run(std::move(exchange));
}

}  // namespace espalier::net
