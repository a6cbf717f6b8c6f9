#include "tests/security/recording_proxy.hpp"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace espalier::test {
namespace asio = boost::asio;
using asio::ip::tcp;

tcp::endpoint tcp_endpoint(const std::string& zmq_endpoint) {
  const auto address = zmq_endpoint.substr(zmq_endpoint.find("//") + 2);
  const auto colon = address.rfind(':');
  return {asio::ip::make_address(address.substr(0, colon)),
          static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
}

RecordingProxy::RecordingProxy(const std::string& endpoint)
    : acceptor_(io_, {asio::ip::make_address("127.0.0.1"), 0}),
      worker_(io_),
      coordinator_(io_),
      tasks_(io_.get_executor()) {
  coordinator_.connect(tcp_endpoint(endpoint));
  tasks_.spawn("passing on", pass_on());
  thread_ = std::thread([this] { io_.run(); });
}

RecordingProxy::~RecordingProxy() {
  io_.stop();
  thread_.join();
}

std::string RecordingProxy::endpoint() const {
  return "tcp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
}

std::string RecordingProxy::said() const {
  const std::lock_guard lock(mutex_);
  return said_;
}

asio::awaitable<void> RecordingProxy::pass_on() {
  co_await acceptor_.async_accept(worker_, asio::use_awaitable);
  acceptor_.close();  // of the first session only
  tasks_.spawn("to the coordinator", pump(&worker_, &coordinator_, true));
  tasks_.spawn("to the worker", pump(&coordinator_, &worker_, false));
}

asio::awaitable<void> RecordingProxy::pump(Socket* from, Socket* to, bool recorded) {
  std::array<char, 4096> buffer{};
  for (;;) {
    boost::system::error_code ended;
    const auto space = asio::buffer(buffer);
    const std::size_t got =
        co_await from->async_read_some(space, asio::redirect_error(asio::use_awaitable, ended));
    if (got > 0) {
      const auto bytes = asio::buffer(buffer.data(), got);
      if (recorded) {
        const std::lock_guard lock(mutex_);
        said_.append(buffer.data(), got);
      }
      co_await asio::async_write(*to, bytes, asio::redirect_error(asio::use_awaitable, ended));
    }
    if (!ended) continue;
    to->shutdown(tcp::socket::shutdown_send, ended);
    co_return;
  }
}

}  // namespace espalier::test
