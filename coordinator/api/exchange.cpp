#include "coordinator/api/exchange.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <iterator>

#include "common/base/hash.hpp"
#include "common/job/source_text.hpp"

namespace espalier::api {

namespace asio = boost::asio;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

namespace {

// PostgreSQL takes nothing else as text, and no path of ours has a zero byte.
bool is_text(const std::string& decoded) {
  return decoded.find('\0') == std::string::npos && !job::first_invalid_utf8(decoded);
}

// "127.0.0.1:8470", "[::1]:8470" -> "127.0.0.1", "::1"
std::string host_in(const std::string& header) {
  if (header.starts_with('[')) return header.substr(1, header.find(']') - 1);
  return header.substr(0, header.find(':'));
}

bool is_loopback(const std::string& host) {
  if (boost::beast::iequals(host, "localhost")) return true;
  boost::system::error_code is_a_name;
  const auto ip = asio::ip::make_address(host, is_a_name);
  return !is_a_name && ip.is_loopback();
}

}  // namespace

Exchange::Exchange(net::Stream& stream, boost::beast::flat_buffer& buffer, HeaderParser& header,
                   const Services& services, std::string peer)
    : stream_(stream),
      buffer_(buffer),
      header_(header),
      services_(services),
      peer_(std::move(peer)),
      method_(header_.get().method()),
      fields_(header_.get().base()),
      version_(header_.get().version()),
      keep_alive_(header_.get().keep_alive()),
      body_left_(!header_.is_done()) {
  const auto target = boost::urls::parse_origin_form(
      boost::urls::string_view(header_.get().target().data(), header_.get().target().size()));
  if (!target) {
    target_is_valid_ = false;
    return;
  }
  for (const auto& segment : target->segments()) segments_.emplace_back(segment);
  for (const auto& parameter : target->params()) parameters_.emplace_back(parameter.key, parameter.value);
  for (const auto& segment : segments_) target_is_valid_ = target_is_valid_ && is_text(segment);
  for (const auto& [name, value] : parameters_)
    target_is_valid_ = target_is_valid_ && is_text(name) && is_text(value);
}

std::string Exchange::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return value;
  }
  return {};
}

std::string Exchange::header(http::field name) const {
  return std::string(fields_[name]);
}

bool Exchange::from_another_site() const {
  const auto origin = header(http::field::origin);
  if (origin.empty()) return false;  // no browser
  const auto scheme = origin.find("://");
  return scheme == std::string::npos || origin.substr(scheme + 3) != header(http::field::host);
}

bool Exchange::to_another_host() const {
  const auto& names = services_.security.names;
  const auto host = host_in(header(http::field::host));
  if (!names || host.empty() || is_loopback(host)) return false;
  return std::none_of(names->begin(), names->end(),
                      [&](const auto& name) { return boost::beast::iequals(name, host); });
}

std::uint64_t Exchange::announced_length() const {
  return header_.content_length().value_or(0);
}

std::size_t Exchange::header_count() const {
  return static_cast<std::size_t>(std::distance(fields_.begin(), fields_.end()));
}

asio::awaitable<std::optional<Identity>> Exchange::identify() {
  Identity who;
  if (!services_.security.demands_tokens) {
    who.role = Role::admin;
    who.is_worker = true;
    co_return who;
  }
  const auto secret =
      secret_in(header(http::field::authorization), header(http::field::cookie), stream_.is_secure());
  if (secret.empty()) co_return std::nullopt;
  who.hash = sha256_hex(secret);
  // Hashes are compared, so that the time it takes tells nothing of the secret.
  if (who.hash == sha256_hex(services_.security.worker_token)) {
    who.is_worker = true;
    co_return who;
  }
  const auto holder = co_await services_.coordinator.holder_of(who.hash);
  if (!holder) co_return std::nullopt;
  who.role = holder->role;
  who.name = holder->name;
  co_return who;
}

bool Exchange::is_still_valid() const {
  return !services_.security.demands_tokens || identity_.is_worker ||
         services_.coordinator.holds(identity_.hash);
}

void Exchange::refuse(Refusal reason) const {
  services_.refusals.count(reason, peer_, std::chrono::steady_clock::now());
}

bool Exchange::body_left() const {
  if (known_left_) return *known_left_ > 0;
  return body_ ? !body_->is_done() : body_left_;
}

// A client that asks first gets its answer; without it curl waits a second before it sends a large body.
asio::awaitable<bool> Exchange::invite_body() {
  if (!boost::beast::iequals(fields_[http::field::expect], "100-continue")) co_return true;
  http::response<http::empty_body> go_on(http::status::continue_, version_);
  stream_.expires_after(kIoLimit);
  const auto [failure, bytes] = co_await http::async_write(stream_, go_on, kTuple);
  co_return !failure;
}

asio::awaitable<std::optional<std::string>> Exchange::read_text(std::uint64_t limit) {
  Error too_big{ErrorKind::usage, "the body is larger than " + std::to_string(limit) + " bytes", ""};
  if (header_.content_length().value_or(0) > limit) {
    refuse(Refusal::body_too_large);
    co_await send_error(status::payload_too_large, std::move(too_big));
    co_return std::nullopt;
  }
  const bool invited = co_await invite_body();
  if (!invited) co_return std::nullopt;
  http::request_parser<http::string_body> parser(std::move(header_));
  parser.body_limit(limit);
  stream_.expires_after(kIoLimit);
  const auto [failure, bytes] = co_await http::async_read(stream_, buffer_, parser, kTuple);
  if (failure == http::error::body_limit) {
    refuse(Refusal::body_too_large);
    close_after();
    co_await send_error(status::payload_too_large, std::move(too_big));
    co_return std::nullopt;
  }
  if (failure) {
    close_after();
    Error unread{ErrorKind::usage, "the body could not be read: " + failure.message(), ""};
    co_await send_error(status::bad_request, std::move(unread));
    co_return std::nullopt;
  }
  body_left_ = false;
  co_return std::move(parser.get().body());
}

asio::awaitable<bool> Exchange::begin_body() {
  const bool invited = co_await invite_body();
  if (!invited) co_return false;
  body_.emplace(std::move(header_));
  body_->body_limit(boost::none);
  if (const auto length = body_->content_length()) known_left_ = *length;
  co_return true;
}

asio::awaitable<std::optional<std::size_t>> Exchange::read_piece(std::span<std::byte> memory,
                                                                 std::size_t* got) {
  *got = 0;
  boost::system::error_code failure;
  if (known_left_) {
    // Past the parser, which reads 64 KiB at most at a time and copies them.
    memory = memory.first(static_cast<std::size_t>(std::min<std::uint64_t>(memory.size(), *known_left_)));
    *got = asio::buffer_copy(asio::buffer(memory.data(), memory.size()), buffer_.data());
    buffer_.consume(*got);
    while (!failure && *got < memory.size()) {
      stream_.expires_after(kIoLimit);
      const auto rest = memory.subspan(*got);
      const auto [ended, bytes] =
          co_await stream_.async_read_some(asio::buffer(rest.data(), rest.size()), kTuple);
      failure = ended;
      *got += bytes;
    }
    *known_left_ -= *got;
  } else if (!body_->is_done()) {
    auto& body = body_->get().body();
    body.data = memory.data();
    body.size = memory.size();
    stream_.expires_after(kIoLimit);
    const auto [ended, read] = co_await http::async_read(stream_, buffer_, *body_, kTuple);
    if (ended != http::error::need_buffer) failure = ended;
    *got = memory.size() - body.size;
  }
  if (failure) {
    close_after();
    co_return std::nullopt;
  }
  co_return *got;
}

http::response<http::empty_body> Exchange::response(status code) const {
  http::response<http::empty_body> made(code, version_);
  made.set(http::field::server, "espalier");
  made.set("Content-Security-Policy",
           "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'");
  made.set("X-Content-Type-Options", "nosniff");
  made.set("Referrer-Policy", "no-referrer");
  made.set(http::field::cache_control, "no-store");
  return made;
}

asio::awaitable<bool> Exchange::send_header(http::response<http::empty_body> made) {
  answered_ = true;
  status_ = made.result_int();
  if (body_left()) close_after();  // what is left of it would be read as the next request
  made.keep_alive(keep_alive_);
  http::response_serializer<http::empty_body> serializer(made);
  stream_.expires_after(kIoLimit);
  const auto [failure, bytes] = co_await http::async_write_header(stream_, serializer, kTuple);
  if (failure) close_after();
  co_return !failure;
}

asio::awaitable<bool> Exchange::write(asio::const_buffer bytes) {
  stream_.expires_after(kIoLimit);
  const auto [failure, written] = co_await asio::async_write(stream_, bytes, kTuple);
  if (failure) close_after();
  co_return !failure;
}

asio::awaitable<void> Exchange::send_document(status code, std::string document) {
  auto made = response(code);
  made.set(http::field::content_type, "application/json; charset=utf-8");
  made.content_length(document.size());
  const bool open = co_await send_header(std::move(made));
  if (!open || head()) co_return;
  co_await write(asio::buffer(document));
}

asio::awaitable<void> Exchange::send_json(status code, json::value body) {
  return send_document(code, json::serialize(body));
}

asio::awaitable<void> Exchange::send_error(status code, Error error) {
  return send_json(code, to_json(error));
}

asio::awaitable<void> Exchange::send_error(Error error) {
  const auto code = status_of(error.kind);
  return send_error(code, std::move(error));
}

status status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::invalid_job:
    case ErrorKind::missing_dependency:
      return status::bad_request;
    case ErrorKind::not_found:
      return status::not_found;
    case ErrorKind::busy:
      return status::conflict;
    case ErrorKind::unavailable:
    case ErrorKind::interrupted:
      return status::service_unavailable;
    case ErrorKind::failed:
    case ErrorKind::internal:
      return status::internal_server_error;
  }
  return status::internal_server_error;
}

json::object to_json(const Error& error) {
  return {{"error",
           {{"kind", to_string(error.kind)},
            {"message", error.message},
            {"help", error.help},
            {"diagnostics", json::array{}}}}};
}

}  // namespace espalier::api
