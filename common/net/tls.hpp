// Certificates: what a server shows, and by what a client knows it. OpenSSL's TLS and Asio's stay in this
// folder.
#pragma once

#include <boost/system/error_code.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "common/base/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace espalier::net {

class TlsServer {
 public:
  // PEM files; a chain may follow the certificate. `not_found` if one can't be read; `usage` if it is no PEM,
  // if they don't belong together, or if others may read the key.
  static Result<TlsServer> open(const std::filesystem::path& certificate, const std::filesystem::path& key);
  [[nodiscard]] const std::string& certificate() const { return certificate_; }  // PEM of the server's own
  [[nodiscard]] boost::asio::ssl::context& context() const { return *context_; }

 private:
  TlsServer(std::shared_ptr<boost::asio::ssl::context> context, std::string certificate)
      : context_(std::move(context)), certificate_(std::move(certificate)) {}
  std::shared_ptr<boost::asio::ssl::context> context_;  // shared with the copies of this
  std::string certificate_;
};

class TlsClient {
 public:
  // A server is believed that has a certificate for its host's name by …
  static Result<TlsClient> of_this_system();  // … an authority that this system trusts
  static Result<TlsClient> trusting(
      const std::string& authorities);  // … one of these (PEM), or that is one of them
  // … or that has exactly this one (PEM), whatever name it is for: who says so must be trusted.
  static Result<TlsClient> pinned(const std::string& certificate);

  [[nodiscard]] boost::asio::ssl::context& context() const { return *context_; }
  [[nodiscard]] bool checks_name() const { return checks_name_; }

 private:
  TlsClient(std::shared_ptr<boost::asio::ssl::context> context, bool checks_name)
      : context_(std::move(context)), checks_name_(checks_name) {}
  std::shared_ptr<boost::asio::ssl::context> context_;  // shared with the copies of this
  bool checks_name_;
};

// What to do about a handshake that failed; empty if nothing is known.
std::string tls_help(const boost::system::error_code& failure);

}  // namespace espalier::net
