#include "common/net/stream.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace espalier::net {
namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using Tls = ssl::stream<boost::beast::tcp_stream&>;

asio::awaitable<error_code> Stream::accept_tls(const TlsServer& server, boost::beast::flat_buffer* buffer) {
  tls_ = std::make_unique<Tls>(tcp_, server.context());
  error_code failure;
  const auto used = co_await tls_->async_handshake(ssl::stream_base::server, buffer->data(),
                                                   asio::redirect_error(asio::use_awaitable, failure));
  buffer->consume(used);
  co_return failure;
}

asio::awaitable<error_code> Stream::connect_tls(const TlsClient& client, std::string host) {
  tls_ = std::make_unique<Tls>(tcp_, client.context());
  error_code failure;
  if (client.checks_name()) tls_->set_verify_callback(ssl::host_name_verification(host), failure);
  if (failure) co_return failure;
  error_code is_a_name;
  asio::ip::make_address(host, is_a_name);
  if (is_a_name)  // OpenSSL's macro for this casts in C's way
    SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
  co_await tls_->async_handshake(ssl::stream_base::client,
                                 asio::redirect_error(asio::use_awaitable, failure));
  co_return failure;
}

asio::awaitable<void> Stream::finish() {
  error_code ignored;
  if (tls_) co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace espalier::net
