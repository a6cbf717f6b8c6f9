#include "common/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>

#include "common/base/files.hpp"
#include "common/base/private_file.hpp"

namespace espalier::net {
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeX509>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

Certificate first_in(const std::string& pem) {
  const std::unique_ptr<BIO, FreeBio> memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate found(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return found;
}

std::string to_pem(X509& certificate) {
  const std::unique_ptr<BIO, FreeBio> memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), &certificate);
  char* text = nullptr;
  const long length = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::shared_ptr<ssl::context> make_context(ssl::context::method method) {
  auto made = std::make_shared<ssl::context>(method);
  SSL_CTX_set_min_proto_version(made->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(made->native_handle(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  return made;
}

std::shared_ptr<ssl::context> make_client_context() {
  auto made = make_context(ssl::context::tls_client);
  made->set_verify_mode(ssl::verify_peer);
  return made;
}

Error no_certificate() {
  return {ErrorKind::usage, "there is no certificate in PEM form",
          "it begins with -----BEGIN CERTIFICATE-----"};
}

// In place of OpenSSL's own judgement: the pinned certificate and no other, whoever signed it.
int is_pinned(X509_STORE_CTX* store, void* pinned) {
  const auto* shown = X509_STORE_CTX_get0_cert(store);
  const bool same = shown != nullptr && X509_cmp(shown, static_cast<const X509*>(pinned)) == 0;
  if (!same) X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
  return same ? 1 : 0;
}

}  // namespace

Result<TlsServer> TlsServer::open(const std::filesystem::path& certificate,
                                  const std::filesystem::path& key) {
  const auto shown = read_file(certificate);
  if (!shown)
    return Error{ErrorKind::not_found, shown.error().message, "name a PEM file with --tls-certificate"};
  const auto secret = read_private_file(key);
  if (!secret) return secret.error();
  const auto own = first_in(*shown);
  if (!own)
    return Error{ErrorKind::usage, certificate.string() + ": " + no_certificate().message,
                 no_certificate().help};
  auto context = make_context(ssl::context::tls_server);
  error_code failure;
  context->use_certificate_chain(boost::asio::buffer(*shown), failure);
  if (failure)
    return Error{ErrorKind::usage, certificate.string() + " can't be used: " + failure.message(),
                 "it has to be a certificate in PEM form, with its chain behind it"};
  context->use_private_key(boost::asio::buffer(*secret), ssl::context::pem, failure);
  if (failure)
    return Error{ErrorKind::usage, key.string() + " can't be used: " + failure.message(),
                 "it has to be the certificate's key in PEM form, without a password"};
  return TlsServer(std::move(context), to_pem(*own));
}

Result<TlsClient> TlsClient::of_this_system() {
  auto context = make_client_context();
  error_code failure;
  context->set_default_verify_paths(failure);
  if (failure)
    return Error{ErrorKind::missing_dependency,
                 "this system's certificate authorities can't be read: " + failure.message(),
                 "install the package ca-certificates, or name a file with --ca"};
  return TlsClient(std::move(context), true);
}

Result<TlsClient> TlsClient::trusting(const std::string& authorities) {
  if (!first_in(authorities)) return no_certificate();
  auto context = make_client_context();
  error_code failure;
  context->add_certificate_authority(boost::asio::buffer(authorities), failure);
  if (failure) return Error{ErrorKind::usage, "the certificates can't be used: " + failure.message(), ""};
  // A server's own certificate may be named, too.
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context->native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
  return TlsClient(std::move(context), true);
}

Result<TlsClient> TlsClient::pinned(const std::string& certificate) {
  auto own = first_in(certificate);
  if (!own) return no_certificate();
  auto context = make_client_context();
  // The context's store keeps the certificate alive as long as the context.
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context->native_handle()), own.get());
  SSL_CTX_set_cert_verify_callback(context->native_handle(), is_pinned, own.get());
  return TlsClient(std::move(context), false);
}

std::string tls_help(const error_code& failure) {
  if (failure.category() != boost::asio::error::get_ssl_category()) return {};
  switch (ERR_GET_REASON(static_cast<unsigned long>(failure.value()))) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return "if you trust it, name its certificate or the authority that signed it with --ca FILE; the "
             "host's name has to "
             "be one that the certificate is for";
    case SSL_R_WRONG_VERSION_NUMBER:
      return "does it speak http:// instead of https://?";
    default:
      return {};
  }
}

}  // namespace espalier::net
