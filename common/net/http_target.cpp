#include "common/net/http_target.hpp"

#include <boost/url/parse.hpp>

namespace espalier::net {

std::string HttpTarget::authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + port;
}

std::string HttpTarget::origin() const {
  return (secure ? "https://" : "http://") + authority();
}

Result<HttpTarget> parse_http_url(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  const bool secure = parsed && parsed->scheme() == "https";
  if (!parsed || (!secure && parsed->scheme() != "http") || parsed->host().empty())
    return Error{ErrorKind::usage, "\"" + url + "\" is no address that can be asked",
                 "an address looks like http://127.0.0.1:8470/path"};
  HttpTarget target;
  target.secure = secure;
  target.host = parsed->host_type() == boost::urls::host_type::ipv6
                    ? std::string(parsed->host_ipv6_address().to_string())
                    : parsed->host();
  target.port = parsed->has_port() ? std::string(parsed->port()) : secure ? "443" : "80";
  target.path = std::string(parsed->encoded_path());
  if (target.path.empty()) target.path.push_back('/');
  if (parsed->has_query()) target.path.append(1, '?').append(std::string(parsed->encoded_query()));
  return target;
}

}  // namespace espalier::net
