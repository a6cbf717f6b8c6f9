// The tokens that are valid, as the database had them a fifth of a second ago: no request asks the
// database who may ask.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/role.hpp"
#include "coordinator/runtime/store_thread.hpp"

namespace espalier::runtime {

struct TokenHolder {
  std::string name;
  Role role = Role::anybody;
  MonotonicTime expires;
};

class Tokens {
 public:
  Tokens(StoreThread& store, boost::asio::any_io_executor executor);

  void know(const std::vector<store::LivingToken>& living);
  boost::asio::awaitable<void> follow();  // what is added and revoked, until it is cancelled

  // By the SHA-256 of its secret. Looking a hash up takes no time that tells anything of a secret.
  [[nodiscard]] std::optional<TokenHolder> find(const std::string& hash) const;
  // The same; one that isn't known may just have been made, and is looked for until the next reading is over.
  boost::asio::awaitable<std::optional<TokenHolder>> find_or_wait(std::string hash);

 private:
  StoreThread& store_;
  std::map<std::string, TokenHolder> by_hash_;
  boost::asio::steady_timer pause_;
  std::size_t waiting_ = 0;
};

}  // namespace espalier::runtime
