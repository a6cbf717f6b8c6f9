#include "coordinator/addresses.hpp"

#include <boost/asio/ip/address.hpp>

namespace espalier {

std::string host_of(const std::string& address) {
  const auto scheme = address.find("://");
  std::string rest = scheme == std::string::npos ? address : address.substr(scheme + 3);
  rest = rest.substr(0, rest.rfind(':'));
  if (rest.size() >= 2 && rest.front() == '[' && rest.back() == ']') rest = rest.substr(1, rest.size() - 2);
  return rest;
}

bool is_loopback(const std::string& address) {
  const std::string host = host_of(address);
  if (host == "localhost") return true;
  boost::system::error_code wrong;
  const auto ip = boost::asio::ip::make_address(host, wrong);
  return !wrong && ip.is_loopback();
}

}  // namespace espalier
