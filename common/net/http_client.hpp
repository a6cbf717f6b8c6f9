// HTTP/1.1, plain or with TLS, to one host and port after the other. Connections are kept and used again. A
// client belongs to one executor: an io_context's, or a strand if that has several threads. Several requests
// may be under way at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/net/tls.hpp"
#include "common/net/write_behind.hpp"

namespace espalier::net {

struct HttpReply {
  int status = 0;
  std::string body;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  [[nodiscard]] std::string header(std::string_view name) const;  // empty if it isn't there
  [[nodiscard]] bool succeeded() const { return status >= 200 && status < 300; }
};

// Each limit is for one step, not for the whole of a long transfer.
struct HttpLimits {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds step{30'000};          // no byte moved for this long
  std::size_t body_bytes = std::size_t{64} << 20;  // of a reply that is held in memory
};

struct HttpAccess {
  std::string token = {};             // a secret that every request shows; empty: none
  std::optional<TlsClient> tls = {};  // by what an https server is known; unset: by this system's authorities
};

// Where the bytes of a large download go.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  // Before the first byte: it is number `first` of the whole. An error ends the transfer.
  virtual Result<void> begin(std::uint64_t first) = 0;
  // Takes the first `bytes` of the block and leaves another one in its place.
  virtual boost::asio::awaitable<Result<void>> put(Block* block, std::size_t bytes) = 0;
};

// Errors are ErrorKind::unavailable if the server can't be reached, stays silent or breaks off, usage for a
// wrong URL; a reply with any status is no error. A cancelled request throws system_error(operation_aborted).
class HttpClient {
 public:
  using Sink = std::function<Result<void>(std::span<const std::byte>)>;

  explicit HttpClient(boost::asio::any_io_executor executor, HttpLimits limits = {});
  ~HttpClient();  // no request may be under way
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void set_access(HttpAccess access);  // for the requests that begin from now on

  boost::asio::awaitable<Result<HttpReply>> get(std::string url);
  boost::asio::awaitable<Result<HttpReply>> head(std::string url);
  boost::asio::awaitable<Result<HttpReply>> put(std::string url, std::string body, std::string content_type);
  boost::asio::awaitable<Result<HttpReply>> post(std::string url, std::string body, std::string content_type);
  boost::asio::awaitable<Result<HttpReply>> request(std::string method, std::string url, std::string body,
                                                    std::string content_type);

  // GET whose body goes to `sink` piece by piece if the status is 200; another status' body is in the reply.
  // The sink's error ends the transfer and is returned.
  boost::asio::awaitable<Result<HttpReply>> download(std::string url, Sink sink);
  // GET of byte `first` and what follows. A server may send the whole all the same: `begin` says so. With
  // another status than 200 and 206 the body is in the reply. What had come is with the sink when the
  // connection breaks.
  boost::asio::awaitable<Result<HttpReply>> download(std::string url, std::uint64_t first, BlockSink* sink);
  // PUT of a file from byte `first` on, read on `threads`.
  boost::asio::awaitable<Result<HttpReply>> upload(std::string url, std::filesystem::path file,
                                                   std::uint64_t first, boost::asio::any_io_executor threads);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace espalier::net
