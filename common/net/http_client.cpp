#include "common/net/http_client.hpp"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "common/net/http_target.hpp"
#include "common/net/send_file.hpp"
#include "common/net/stream.hpp"

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
  Stream stream;
  beast::flat_buffer buffer;
  bool used_before = false;
};

struct Exchange {
  http::verb method = http::verb::get;
  HttpTarget target;
  std::string body;
  std::string content_type;
  HttpClient::Sink sink = {};   // for the body of a 200; empty: the body is held in memory
  BlockSink* blocks = nullptr;  // for the body of a 200 or 206
  std::uint64_t first = 0;      // byte to begin with: of `blocks`, of `file`
  std::shared_ptr<OpenFile> file =
      {};  // the body instead of `body`; shared: an Exchange is copied into a coroutine
  asio::any_io_executor threads = {};  // to read the file on
  std::string token = {};
  [[nodiscard]] std::uint64_t body_size() const {
    return file ? static_cast<std::uint64_t>(file->size()) - first : body.size();
  }
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
  return {ErrorKind::unavailable, target.origin() + " can't be reached: " + reason, tls_help(failure)};
}

using Request = http::request<http::empty_body>;
using Parser = http::response_parser<http::buffer_body>;

Request make_request(const Exchange& exchange) {
  Request request(exchange.method, exchange.target.path, 11);
  request.set(http::field::host, exchange.target.authority());
  request.set(http::field::user_agent, "espalier");
  const bool has_body = exchange.method == http::verb::put || exchange.method == http::verb::post;
  if (has_body || exchange.body_size() > 0) request.content_length(exchange.body_size());
  if (exchange.blocks != nullptr && exchange.first > 0)
    request.set(http::field::range, fmt::format("bytes={}-", exchange.first));
  if (!exchange.token.empty()) request.set(http::field::authorization, "Bearer " + exchange.token);
  if (!exchange.content_type.empty()) request.set(http::field::content_type, exchange.content_type);
  return request;
}

// The exchange outlives the call: the caller awaits it.
asio::awaitable<Result<error_code>> send_request(Connection* connection, const Exchange* exchange,
                                                 HttpLimits limits) {
  auto request = make_request(*exchange);
  http::request_serializer<http::empty_body> serializer(request);
  error_code failure;
  connection->stream.expires_after(limits.step);
  co_await http::async_write_header(connection->stream, serializer,
                                    asio::redirect_error(asio::use_awaitable, failure));
  throw_if_cancelled(failure);
  if (failure) co_return failure;
  if (exchange->file) {
    const FileRange range{static_cast<std::int64_t>(exchange->first),
                          static_cast<std::int64_t>(exchange->body_size())};
    failure = co_await send_file(connection->stream, *exchange->file, range, exchange->threads, limits.step);
    if (failure == asio::error::eof)
      co_return Error{ErrorKind::failed, "a file became shorter while it was sent", ""};
  } else {
    connection->stream.expires_after(limits.step);
    co_await asio::async_write(connection->stream, asio::buffer(exchange->body),
                               asio::redirect_error(asio::use_awaitable, failure));
  }
  throw_if_cancelled(failure);
  co_return failure;
}

// More of a body whose length is known, past the parser: that reads 64 KiB at most at a time and copies them.
asio::awaitable<std::size_t> read_known_body(Connection* connection, std::uint64_t left, Block* block,
                                             std::size_t filled, error_code* failure) {
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(block->size() - filled, left));
  const auto memory = asio::buffer(block->data() + filled, room);
  if (connection->buffer.size() > 0) {
    const auto copied = asio::buffer_copy(memory, connection->buffer.data());
    connection->buffer.consume(copied);
    co_return copied;
  }
  co_return co_await connection->stream.async_read_some(memory,
                                                        asio::redirect_error(asio::use_awaitable, *failure));
}

asio::awaitable<std::size_t> read_parsed_body(Connection* connection, Parser* parser, Block* block,
                                              std::size_t filled, error_code* failure) {
  auto& body = parser->get().body();
  const auto room = block->size() - filled;
  body.data = block->data() + filled;
  body.size = room;
  co_await http::async_read_some(connection->stream, connection->buffer, *parser,
                                 asio::redirect_error(asio::use_awaitable, *failure));
  if (*failure == http::error::need_buffer) *failure = {};
  co_return room - body.size;
}

// "bytes 100-199/200" -> 100
std::optional<std::uint64_t> first_of_range(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  if (!header.starts_with(kUnit)) return std::nullopt;
  std::uint64_t first = 0;
  const auto* begin = header.data() + kUnit.size();
  const auto [end, wrong] = std::from_chars(begin, header.data() + header.size(), first);
  if (wrong != std::errc{} || end == header.data() + header.size() || *end != '-') return std::nullopt;
  return first;
}

asio::awaitable<Result<error_code>> read_blocks(Connection* connection, Parser* parser,
                                                const Exchange* exchange, int http_status,
                                                HttpLimits limits) {
  std::uint64_t first = 0;
  if (http_status == 206) {
    const auto said = first_of_range(parser->get()[http::field::content_range]);
    if (!said)
      co_return Error{ErrorKind::failed, exchange->target.origin() + " sends a range of its own", ""};
    first = *said;
  }
  if (auto begun = exchange->blocks->begin(first); !begun) co_return begun.error();
  const auto length = parser->content_length();
  std::uint64_t left = length ? *length : 1;
  Block block(kBlock);
  std::size_t filled = 0;
  error_code failure;
  while (!failure && left > 0) {
    connection->stream.expires_after(limits.step);
    std::size_t got = 0;
    if (length) {
      got = co_await read_known_body(connection, left, &block, filled, &failure);
      left -= got;
    } else {
      got = co_await read_parsed_body(connection, parser, &block, filled, &failure);
      left = parser->is_done() ? 0 : 1;
    }
    throw_if_cancelled(failure);
    filled += got;
    if (filled == 0 || (filled < block.size() && left > 0 && !failure)) continue;
    const auto taken = co_await exchange->blocks->put(&block, filled);
    if (!taken) co_return taken.error();
    filled = 0;
  }
  co_return failure;
}

asio::awaitable<Result<error_code>> read_body(Connection* connection, Parser* parser,
                                              const Exchange* exchange, HttpReply* reply, HttpLimits limits) {
  if (exchange->blocks != nullptr && (reply->status == 200 || reply->status == 206))
    co_return co_await read_blocks(connection, parser, exchange, reply->status, limits);
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
      co_return Error{ErrorKind::unavailable, exchange->target.origin() + " answers with too much", ""};
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
  reply.status = static_cast<int>(parser.get().result_int());
  reply.content_type = std::string(parser.get()[http::field::content_type]);
  for (const auto& field : parser.get())
    reply.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  const auto ended = co_await read_body(connection, &parser, exchange, &reply, limits);
  if (!ended) co_return Tried{ended.error(), true};
  if (*ended) co_return Tried{unreachable(exchange->target, *ended), true};
  co_return Tried{std::move(reply), true, parser.keep_alive() && !*sent};
}

}  // namespace

std::string HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (beast::iequals(key, beast::string_view(name.data(), name.size()))) return value;
  return {};
}

struct HttpClient::State {
  asio::any_io_executor executor;
  HttpLimits limits;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle = {};  // by origin
  HttpAccess access = {};

  std::unique_ptr<Connection> take_idle(const std::string& origin) {
    auto& connections = idle[origin];
    if (connections.empty()) return nullptr;
    auto connection = std::move(connections.back());
    connections.pop_back();
    return connection;
  }

  void keep(const std::string& origin, std::unique_ptr<Connection> connection) {
    auto& connections = idle[origin];
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
    co_await connection->stream.tcp().async_connect(found,
                                                    asio::redirect_error(asio::use_awaitable, failure));
    throw_if_cancelled(failure);
    if (failure) co_return unreachable(target, failure);
    connection->stream.socket().set_option(asio::ip::tcp::no_delay(true), failure);
    if (target.secure) {
      const auto tls = access.tls ? Result<TlsClient>(*access.tls) : TlsClient::of_this_system();
      if (!tls) co_return tls.error();
      failure = co_await connection->stream.connect_tls(*tls, target.host);
      throw_if_cancelled(failure);
      if (failure) co_return unreachable(target, failure);
    }
    co_return connection;
  }

  asio::awaitable<Result<HttpReply>> run(Exchange exchange) {
    const auto origin = exchange.target.origin();
    exchange.token = access.token;
    // A server may close a kept connection at any moment; a POST isn't sent where its fate would be unknown.
    auto connection = exchange.method == http::verb::post ? nullptr : take_idle(origin);
    while (true) {
      if (!connection) {
        auto made = co_await connect(exchange.target);
        if (!made) co_return made.error();
        connection = std::move(*made);
      }
      auto tried = co_await try_once(connection.get(), &exchange, limits);
      const bool is_last = tried.reply || tried.answered || !connection->used_before;
      if (tried.reusable) keep(origin, std::move(connection));
      if (is_last) co_return std::move(tried.reply);
      connection = nullptr;
    }
  }
};

HttpClient::HttpClient(asio::any_io_executor executor, HttpLimits limits)
    : state_(std::make_unique<State>(State{std::move(executor), limits})) {}
HttpClient::~HttpClient() = default;

void HttpClient::set_access(HttpAccess access) {
  state_->access = std::move(access);
  state_->idle.clear();  // of a server that was known by something else
}

asio::awaitable<Result<HttpReply>> HttpClient::request(std::string method, std::string url, std::string body,
                                                       std::string content_type) {
  auto target = parse_http_url(url);
  if (!target) co_return target.error();
  const auto verb = http::string_to_verb(method);
  if (verb == http::verb::unknown)
    co_return Error{ErrorKind::usage, "\"" + method + "\" is no HTTP method", ""};
  Exchange exchange{verb, *target, std::move(body), std::move(content_type)};
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
  Exchange exchange{http::verb::get, *target, "", "", std::move(sink)};
  co_return co_await state_->run(std::move(exchange));
}

asio::awaitable<Result<HttpReply>> HttpClient::download(std::string url, std::uint64_t first,
                                                        BlockSink* sink) {
  auto target = parse_http_url(url);
  if (!target) co_return target.error();
  Exchange exchange{http::verb::get, *target, "", "", {}, sink, first};
  co_return co_await state_->run(std::move(exchange));
}

asio::awaitable<Result<HttpReply>> HttpClient::upload(std::string url, std::filesystem::path file,
                                                      std::uint64_t first, asio::any_io_executor threads) {
  auto target = parse_http_url(url);
  if (!target) co_return target.error();
  auto open = std::make_shared<OpenFile>(file);
  if (!open->good() || static_cast<std::uint64_t>(open->size()) < first)
    co_return Error{ErrorKind::not_found, file.string() + " can't be read", ""};
  Exchange exchange{http::verb::put, *target,         "",     "application/octet-stream", {}, nullptr,
                    first,           std::move(open), threads};
  co_return co_await state_->run(std::move(exchange));
}

}  // namespace espalier::net
