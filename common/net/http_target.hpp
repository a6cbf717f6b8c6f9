// The parts of an http URL that a connection and a request line need.
#pragma once

#include <string>

#include "common/base/result.hpp"

namespace espalier::net {

struct HttpTarget {
  std::string host;
  std::string port;
  std::string path;  // with the query; at least "/"
  [[nodiscard]] std::string authority() const;
};

// ErrorKind::usage for anything but http://host[:port][/path][?query].
Result<HttpTarget> parse_http_url(const std::string& url);

}  // namespace espalier::net
