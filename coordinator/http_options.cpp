#include "coordinator/http_options.hpp"

#include <sys/resource.h>

#include <algorithm>

#include "common/base/secret.hpp"
#include "coordinator/addresses.hpp"

namespace espalier {

namespace {

Error not_encrypted(const std::string& address) {
  return {ErrorKind::usage,
          "refusing to listen on " + address +
              " without encryption: whoever can reach it could run jobs, and whoever is on "
              "the way could read results and tokens",
          "add --tls-certificate FILE --tls-key FILE; for a start `openssl req -x509 -newkey ec -pkeyopt "
          "ec_paramgen_curve:P-256 -noenc -days 365 -subj /CN=espalier -addext subjectAltName=IP:" +
              host_of(address) +
              " -keyout key.pem -out certificate.pem` makes them. Tokens are then demanded: `espalier tokens "
              "add NAME --role "
              "admin` makes the first. (--insecure-bind does without all that, inside a private network)"};
}

// Each connection takes a descriptor.
std::size_t most_connections() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_cur / 2) : 512;
}

}  // namespace

void add_http_options(CLI::App& app, HttpOptions& options) {
  app.add_flag("--require-tokens", options.require_tokens,
               "Let nobody in over HTTP without a token (`espalier tokens`); so it is anyway if others can "
               "reach --http");
  auto* certificate = app.add_option("--tls-certificate", options.certificate,
                                     "PEM file, its chain behind it: --http speaks https");
  auto* key =
      app.add_option("--tls-key", options.key, "PEM file with the certificate's key; others may not read it");
  certificate->needs(key);
  key->needs(certificate);
  app.add_option("--job-files", options.job_files,
                 "Folder in which job files may name files; repeatable. Default: anywhere, and nowhere where "
                 "tokens are "
                 "demanded")
      ->allow_extra_args(false);
  app.add_option("--largest-artifact", options.largest_artifact, "What may be stored, as in 64GiB")
      ->capture_default_str()
      ->transform(CLI::AsSizeValue(false));
}

Result<api::Security> security_of(const HttpOptions& options, const std::string& address,
                                  const std::string& public_url, bool insecure_bind) {
  const bool is_open = !is_loopback(address) && !insecure_bind;
  if (is_open && options.certificate.empty()) return not_encrypted(address);
  api::Security security;
  if (!options.certificate.empty()) {
    auto tls = net::TlsServer::open(options.certificate, options.key);
    if (!tls) return tls.error();
    security.tls = std::move(*tls);
  }
  security.demands_tokens = options.require_tokens || is_open;
  if (security.demands_tokens) security.worker_token = random_secret();
  if (is_loopback(address) && !security.demands_tokens) {
    security.names.emplace();
    if (!public_url.empty()) security.names->push_back(host_of(public_url));
  }
  security.largest_artifact = options.largest_artifact;
  security.connections.all = std::min(security.connections.all, most_connections());
  security.connections.of_one_address = security.connections.all / 2;
  return security;
}

runtime::JobFolders job_folders_of(const HttpOptions& options, const api::Security& security) {
  if (!security.demands_tokens && options.job_files.empty()) return std::nullopt;
  return options.job_files;
}

}  // namespace espalier
