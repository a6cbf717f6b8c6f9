// Who is connected, and who makes room for whom: there is a bound on all connections and on those of one
// address. Beyond it the connection that has been idle longest is closed for the new one; if none is idle,
// the new one is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

namespace espalier::api {

struct ConnectionLimits {
  std::size_t all = 4096;
  std::size_t of_one_address = 1024;
};

class Connections {
 public:
  using Id = std::uint64_t;
  enum class Room { enough, all_taken, address_taken };
  struct Admission {
    std::optional<Id> id;       // unset: refused
    std::optional<Id> evicted;  // has to be closed
    Room room = Room::enough;   // what was short, if either is so
  };

  explicit Connections(ConnectionLimits limits) : limits_(limits) {}

  Admission admit(const std::string& address);  // is idle at first
  void begin(Id id);                            // a request has come in
  void rest(Id id);                             // it is answered, and the next one is waited for
  void end(Id id);
  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  using Order = std::uint64_t;  // of becoming idle
  struct Connection {
    std::string address;
    std::optional<Order> idle;
  };
  struct Address {
    std::size_t connections = 0;
    std::map<Order, Id> idle;
  };
  ConnectionLimits limits_;
  std::uint64_t next_ = 1;
  std::unordered_map<Id, Connection> connections_;
  std::unordered_map<std::string, Address> addresses_;
  std::map<Order, Id> idle_;
};

}  // namespace espalier::api
