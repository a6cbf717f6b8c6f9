// What a worker says about a coordinator that doesn't let it in: soon, and then less and less often.
#pragma once

#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/net/dealer_socket.hpp"

namespace espalier::agent {

class Complaints {
 public:
  Complaints(std::string coordinator, bool has_key)
      : coordinator_(std::move(coordinator)), has_key_(has_key) {}

  // Unset if the same was said not long ago, or it may be nothing.
  std::optional<std::string> about(net::NotLetIn why, MonotonicTime now);

 private:
  [[nodiscard]] std::string in_words(net::NotLetIn why) const;

  std::string coordinator_;
  bool has_key_;
  std::optional<net::NotLetIn> last_;
  int in_a_row_ = 0;
  MonotonicTime heard_{};
  MonotonicTime say_next_{};
  Duration pause_{};
};

}  // namespace espalier::agent
