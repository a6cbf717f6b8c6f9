// The TCP connections of one ROUTER: which of them have said anything, and whose they are. Ends the oldest
// silent ones where there are too many, and those of keys that were revoked: ZeroMQ would keep both. Private
// to this folder.
//
// Connections are known by their descriptors, which ZeroMQ owns: they may be closed and used again at any
// time. What is told here comes in ZeroMQ's order, so that a descriptor's next connection is `accepted` after
// the last one `disconnected`, and before it is `heard`. Before one is ended, its inode shows that it is
// still the same.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "common/net/refusals.hpp"

namespace espalier::net {

class Connections {
 public:
  // At most `most_silent` that have said nothing are kept.
  Connections(Refusals& refusals, std::size_t most_silent) : refusals_(refusals), most_silent_(most_silent) {}

  void accepted(int descriptor);
  void handshake_failed(Refusal why);  // of the connection that is disconnected next
  void key_refused();  // counted elsewhere; some connection will be disconnected because of it
  void handshake_done() { ++quiet_guests_; }
  void disconnected(int descriptor);

  [[nodiscard]] bool is_known(int descriptor, const std::string& peer, const std::string& key) const;
  // A message came: by `descriptor`, from `peer` with `key`.
  void heard(int descriptor, const std::string& peer, const std::string& key);
  void end(int descriptor, Refusal why);
  // Ends those whose key isn't admitted.
  void end_others(const std::function<bool(const std::string& key)>& is_admitted);
  [[nodiscard]] const std::string* key_of(const std::string& peer) const;  // nullptr: it isn't connected

 private:
  struct Connection {
    std::uint64_t number = 0;  // never repeats
    ino_t inode = 0;
    std::string address;
    std::string peer;  // empty until it was heard
    std::string key;
    bool ended = false;  // by us
  };
  void forget(int descriptor);
  void forget_peer(const std::string& peer, int descriptor);
  [[nodiscard]] bool is_silent(int descriptor, std::uint64_t number) const;
  void shut(int descriptor, Connection& connection, Refusal why);
  void end_oldest_silent();

  Refusals& refusals_;
  std::size_t most_silent_;
  std::unordered_map<int, Connection> by_descriptor_;
  std::unordered_map<std::string, int> by_peer_;
  std::deque<std::pair<int, std::uint64_t>>
      silent_;  // descriptor and number, oldest first; of some that spoke since
  std::size_t silent_count_ = 0;
  std::uint64_t last_number_ = 0;
  std::optional<Refusal> failed_;
  std::int64_t refused_keys_ = 0;  // connections that will end because their key was refused
  std::int64_t quiet_guests_ = 0;  // connections that are in and have said nothing yet
};

}  // namespace espalier::net
