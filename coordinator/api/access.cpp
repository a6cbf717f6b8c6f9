#include "coordinator/api/access.hpp"

#include <algorithm>
#include <string_view>

namespace espalier::api {

namespace {

constexpr std::size_t kLongestSecret = 256;

std::string_view cookie_name(bool is_secure) {
  return is_secure ? "__Host-espalier" : "espalier";
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string_view cookie_in(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const auto end = std::min(cookies.find(';'), cookies.size());
    const auto cookie = trim(cookies.substr(0, end));
    if (cookie.starts_with(name) && cookie.substr(name.size()).starts_with('='))
      return cookie.substr(name.size() + 1);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return {};
}

bool is_bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  return authorization.size() > kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), authorization.begin(), [](char wanted, char is) {
           return wanted == (is >= 'A' && is <= 'Z' ? is - 'A' + 'a' : is);
         });
}

}  // namespace

std::string secret_in(const std::string& authorization, const std::string& cookies, bool is_secure) {
  auto found = is_bearer(authorization) ? trim(std::string_view(authorization).substr(7))
                                        : cookie_in(cookies, cookie_name(is_secure));
  return found.size() > kLongestSecret ? std::string() : std::string(found);
}

std::string session_cookie(const std::string& secret, bool is_secure) {
  std::string cookie(cookie_name(is_secure));
  cookie.append("=").append(secret).append("; Path=/; HttpOnly; SameSite=Strict");
  if (is_secure) cookie.append("; Secure");
  if (secret.empty()) cookie.append("; Max-Age=0");
  return cookie;
}

}  // namespace espalier::api
