// A server on a loop of its own thread, and a client that blocks.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <fstream>
#include <future>
#include <thread>

#include "coordinator/api/server.hpp"
#include "tests/unit/api/fake_coordinator.hpp"

namespace espalier::api::testing {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

class Client {
 public:
  explicit Client(std::uint16_t port) : stream_(io_) {
    stream_.connect(tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
  }
  Response send(Request request) {
    request.version(11);
    request.set(http::field::host, "127.0.0.1");
    if (request.find(http::field::content_length) == request.end()) request.prepare_payload();
    boost::system::error_code failure;
    http::write(stream_, request,
                failure);  // the server may have answered and closed before it read everything
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    parser.skip(request.method() == http::verb::head);
    http::read(stream_, buffer_, parser);
    return parser.release();
  }
  void write(std::string_view text) { asio::write(stream_.socket(), asio::buffer(text)); }
  // Everything up to and with `mark`, or up to the end of the connection.
  std::string read_until(const std::string& mark) {
    boost::system::error_code failure;
    const auto bytes = asio::read_until(stream_.socket(), asio::dynamic_buffer(text_), mark, failure);
    const auto length = failure ? text_.size() : bytes;
    auto result = text_.substr(0, length);
    text_.erase(0, length);
    return result;
  }
  bool ended() {
    char byte = 0;
    boost::system::error_code failure;
    asio::read(stream_.socket(), asio::buffer(&byte, 1), failure);
    return static_cast<bool>(failure);
  }
  void close() { stream_.socket().close(); }

 private:
  asio::io_context io_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::string text_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "espalier-api-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(folder_ / "web");
    std::ofstream(folder_ / "web" / "index.html") << "<!doctype html>the page";
    std::ofstream(folder_ / "web" / "page-5WYNPHIS.js") << "let page;";
    std::ofstream(folder_ / "web" / ".hidden") << "secret";
    std::ofstream(folder_ / "secret.txt") << "secret";
    std::filesystem::create_symlink(folder_ / "secret.txt", folder_ / "web" / "link.txt");
    fake_.emplace(*artifact::ArtifactStore::open(folder_ / "artifacts"));
    auto listening = Server::listen(io_, *fake_, "127.0.0.1:0", folder_ / "web");
    if (listening.has_error()) throw std::runtime_error(listening.error().message);
    server_ = std::move(*listening);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~ServerTest() override {
    if (thread_.joinable()) stop();
    std::filesystem::remove_all(folder_);
  }
  void stop() {
    asio::co_spawn(io_, server_->stop(), asio::use_future).get();
    thread_.join();
  }
  // On the loop's thread, where the coordinator lives.
  template <class Work>
  auto on_loop(Work work) {
    return asio::post(io_, asio::use_future(work)).get();
  }
  [[nodiscard]] std::uint16_t port() const {
    const auto address = server_->address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  Client client() const { return Client(port()); }
  Response send(http::verb method, const std::string& target, std::string body = "") {
    return client().send({method, target, 11, std::move(body)});
  }
  Response get(const std::string& target) { return send(http::verb::get, target); }
  static json::value document(const Response& response) { return json::parse(response.body()); }
  static std::string message(const Response& response) {
    return std::string(document(response).at("error").at("message").as_string());
  }

  std::filesystem::path folder_;
  asio::io_context io_;
  std::optional<FakeCoordinator> fake_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace espalier::api::testing
