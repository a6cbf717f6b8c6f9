// Plain HTTP/1.1 to one host and port after the other. Connections are kept and used again. A client belongs
// to one executor: an io_context's, or a strand if that has several threads. Several requests may be under
// way at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "common/base/result.hpp"

namespace espalier::net {

struct HttpReply {
  int status = 0;
  std::string body;
  std::string content_type;
  [[nodiscard]] bool succeeded() const { return status >= 200 && status < 300; }
};

// Each limit is for one step, not for the whole of a long transfer.
struct HttpLimits {
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds step{30'000};          // no byte moved for this long
  std::size_t body_bytes = std::size_t{64} << 20;  // of a reply that is held in memory
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

  boost::asio::awaitable<Result<HttpReply>> get(std::string url);
  boost::asio::awaitable<Result<HttpReply>> head(std::string url);
  boost::asio::awaitable<Result<HttpReply>> put(std::string url, std::string body, std::string content_type);
  boost::asio::awaitable<Result<HttpReply>> post(std::string url, std::string body, std::string content_type);
  boost::asio::awaitable<Result<HttpReply>> request(std::string method, std::string url, std::string body,
                                                    std::string content_type);

  // GET whose body goes to `sink` piece by piece if the status is 200; another status' body is in the reply.
  // The sink's error ends the transfer and is returned.
  boost::asio::awaitable<Result<HttpReply>> download(std::string url, Sink sink);
  // PUT of a file's bytes, read piece by piece.
  boost::asio::awaitable<Result<HttpReply>> upload(std::string url, std::filesystem::path file);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace espalier::net
