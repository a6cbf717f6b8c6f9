// The parts of an http or https URL that a connection and a request line need.
#pragma once

#include <string>

#include "common/base/result.hpp"

namespace espalier::net {

struct HttpTarget {
  std::string host;
  std::string port;
  std::string path;     // with the query; at least "/"
  bool secure = false;  // https
  [[nodiscard]] std::string authority() const;
  [[nodiscard]] std::string origin() const;  // "https://host:port"
};

// ErrorKind::usage for anything but http[s]://host[:port][/path][?query].
Result<HttpTarget> parse_http_url(const std::string& url);

}  // namespace espalier::net
