// One HTTP request and its answer, as a route's handler sees it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/job/plan.hpp"
#include "common/net/stream.hpp"
#include "coordinator/api/access.hpp"
#include "coordinator/api/http_metrics.hpp"
#include "coordinator/api/refusals.hpp"
#include "coordinator/api/security.hpp"
#include "coordinator/runtime/coordinator.hpp"

namespace espalier::api {

namespace http = boost::beast::http;
using http::status;

// What handlers work with. Outlives every session.
struct Services {
  runtime::Coordinator& coordinator;
  HttpMetrics& metrics;
  std::filesystem::path web_folder;
  boost::asio::thread_pool::executor_type files;  // where files are read and written
  const Security& security;
  Refusals& refusals;
};

inline constexpr std::chrono::seconds kIoLimit{30};  // for one read or write of a peer that should be at it

class Exchange {
 public:
  using HeaderParser = http::request_parser<http::empty_body>;
  // The parser has read the header and outlives the exchange.
  Exchange(net::Stream& stream, boost::beast::flat_buffer& buffer, HeaderParser& header,
           const Services& services, std::string peer);

  // ---- the request ----
  [[nodiscard]] const Services& services() const { return services_; }
  [[nodiscard]] http::verb method() const { return method_; }
  [[nodiscard]] bool head() const { return method_ == http::verb::head; }
  [[nodiscard]] const std::vector<std::string>& segments() const { return segments_; }  // decoded
  [[nodiscard]] std::string parameter(std::string_view name) const;  // decoded; empty if it isn't there
  [[nodiscard]] std::string header(http::field name) const;
  [[nodiscard]] bool target_is_valid() const { return target_is_valid_; }
  [[nodiscard]] const std::string& peer() const { return peer_; }  // its address
  [[nodiscard]] std::size_t header_count() const;
  [[nodiscard]] std::uint64_t announced_length() const;  // of the body; 0 if it wasn't
  // Under a name that nobody gave us: see Security.
  [[nodiscard]] bool to_another_host() const;
  // Another site's page in the user's browser sent it: such a page must not be able to change anything.
  [[nodiscard]] bool from_another_site() const;

  // Who asks. Unset if tokens are demanded and none that is valid was shown.
  boost::asio::awaitable<std::optional<Identity>> identify();
  void set_identity(Identity who) { identity_ = std::move(who); }
  [[nodiscard]] const Identity& identity() const { return identity_; }
  // Whether who asked may still do so: a token may have expired since, or been revoked.
  [[nodiscard]] bool is_still_valid() const;
  void refuse(Refusal reason) const;  // counts and tells it

  // The whole body; unset if it was refused, which the peer has then been told (413, 400).
  boost::asio::awaitable<std::optional<std::string>> read_text(std::uint64_t limit);

  // The body in pieces: begin, then read until a piece is empty; only the last one is smaller than what was
  // asked for. Unset if the peer went away: then `got` bytes had come.
  boost::asio::awaitable<bool> begin_body();
  boost::asio::awaitable<std::optional<std::size_t>> read_piece(std::span<std::byte> memory,
                                                                std::size_t* got);

  // ---- the answer, once ----
  boost::asio::awaitable<void> send_json(status code, json::value body);
  boost::asio::awaitable<void> send_error(status code, Error error);
  boost::asio::awaitable<void> send_error(Error error);  // the kind decides the status
  boost::asio::awaitable<void> send_document(status code, std::string error_document);
  // Header alone; the handler then writes what it announced with `write`.
  boost::asio::awaitable<bool> send_header(http::response<http::empty_body> response);
  boost::asio::awaitable<bool> write(boost::asio::const_buffer bytes);
  [[nodiscard]] http::response<http::empty_body> response(
      status code) const;  // with the headers that all have

  // ---- what it is counted as ----
  void set_route(std::string_view pattern) { route_ = pattern; }  // a constant
  [[nodiscard]] std::string_view route() const { return route_; }
  [[nodiscard]] unsigned answered_status() const { return status_; }  // 0: not yet

  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool body_left() const;  // some of the request's body has not been read
  void close_after() { keep_alive_ = false; }
  [[nodiscard]] net::Stream& stream() { return stream_; }

 private:
  boost::asio::awaitable<bool> invite_body();

  net::Stream& stream_;
  boost::beast::flat_buffer& buffer_;
  HeaderParser& header_;  // until the body is read with another parser, which takes its place
  std::optional<http::request_parser<http::buffer_body>> body_;
  std::optional<std::uint64_t> known_left_;  // of a body whose length was announced
  const Services& services_;
  std::string peer_;
  Identity identity_;
  http::verb method_;
  http::fields fields_;
  unsigned version_;
  std::vector<std::string> segments_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  bool target_is_valid_ = true;
  bool keep_alive_;
  bool body_left_;
  bool answered_ = false;
  std::string_view route_ = "unknown";
  unsigned status_ = 0;
};

status status_of(ErrorKind kind);
json::object to_json(const Error& error);  // {"error": {…}}

}  // namespace espalier::api
