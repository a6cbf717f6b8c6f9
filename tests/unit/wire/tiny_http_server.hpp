// A small HTTP server for tests: answers every request by a function, on the test's own loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <string>
#include <utility>

#include "common/net/task_group.hpp"

namespace espalier::testing {

namespace http = boost::beast::http;

class TinyHttpServer {
 public:
  using Request = http::request<http::string_body>;
  using Reply = http::response<http::string_body>;
  using Answer = std::function<Reply(const Request&)>;

  TinyHttpServer(boost::asio::io_context& io, Answer answer)
      : answer_(std::move(answer)),
        acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}),
        tasks_(io.get_executor()) {
    tasks_.spawn("accepting", accept());
  }

  [[nodiscard]] std::string address() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  [[nodiscard]] int connections() const { return connections_; }
  void close_after_each_reply(bool close) { close_ = close; }
  void stop() { tasks_.cancel(); }
  [[nodiscard]] bool stopped() const { return tasks_.empty(); }

 private:
  boost::asio::awaitable<void> accept() {
    while (true) {
      auto socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      ++connections_;
      tasks_.spawn("connection", serve(std::move(socket)));
    }
  }

  boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket) {
    boost::beast::flat_buffer buffer;
    boost::system::error_code failure;
    while (!failure) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(std::uint64_t{1} << 30);
      co_await http::async_read(socket, buffer, parser,
                                boost::asio::redirect_error(boost::asio::use_awaitable, failure));
      if (failure) break;
      auto reply = answer_(parser.get());
      const bool head = parser.get().method() == http::verb::head;
      reply.version(11);
      reply.keep_alive(true);
      if (!reply.has_content_length() && !head) reply.prepare_payload();
      http::response_serializer<http::string_body> serializer(reply);
      if (head)
        co_await http::async_write_header(socket, serializer,
                                          boost::asio::redirect_error(boost::asio::use_awaitable, failure));
      else
        co_await http::async_write(socket, serializer,
                                   boost::asio::redirect_error(boost::asio::use_awaitable, failure));
      if (close_) break;
    }
  }

  Answer answer_;
  boost::asio::ip::tcp::acceptor acceptor_;
  int connections_ = 0;
  bool close_ = false;
  net::TaskGroup tasks_;
};

}  // namespace espalier::testing
