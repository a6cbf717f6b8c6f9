#include "common/net/connections.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include <array>

namespace espalier::net {
namespace {

ino_t inode_of(int descriptor) {
  struct stat about {};
  return ::fstat(descriptor, &about) == 0 ? about.st_ino : 0;
}

std::string peer_address(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return fmt::format("{}:{}", text.data(), ntohs(v4.sin_port));
  }
  if (address.ss_family != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  return fmt::format("[{}]:{}", text.data(), ntohs(v6.sin6_port));
}

}  // namespace

void Connections::accepted(int descriptor) {
  forget(descriptor);
  auto& connection = by_descriptor_[descriptor];
  connection.number = ++last_number_;
  connection.inode = inode_of(descriptor);
  connection.address = peer_address(descriptor);
  silent_.emplace_back(descriptor, connection.number);
  if (++silent_count_ > most_silent_) end_oldest_silent();
  if (silent_.size() > 4 * most_silent_)
    std::erase_if(silent_, [this](const auto& each) { return !is_silent(each.first, each.second); });
}

void Connections::handshake_failed(Refusal why) {
  failed_ = why;
}

void Connections::key_refused() {
  ++refused_keys_;
}

void Connections::disconnected(int descriptor) {
  const auto failed = std::exchange(failed_, std::nullopt);
  const auto found = by_descriptor_.find(descriptor);
  if (found == by_descriptor_.end()) return;
  const auto& connection = found->second;
  if (connection.peer.empty() && !connection.ended) {
    // ZeroMQ names no reason for what isn't ZeroMQ at all, and none either when those leave whom it has let
    // in or refused.
    if (failed)
      refusals_.count(*failed, connection.address);
    else if (refused_keys_ > 0)
      --refused_keys_;
    else if (quiet_guests_ > 0)
      --quiet_guests_;
    else
      refusals_.count(Refusal::not_zeromq, connection.address);
  }
  forget(descriptor);
}

bool Connections::is_known(int descriptor, const std::string& peer, const std::string& key) const {
  const auto found = by_descriptor_.find(descriptor);
  return found != by_descriptor_.end() && found->second.peer == peer && found->second.key == key;
}

void Connections::heard(int descriptor, const std::string& peer, const std::string& key) {
  const auto found = by_descriptor_.find(descriptor);
  if (found == by_descriptor_.end()) return;  // its last words: it has gone since
  auto& connection = found->second;
  if (connection.peer.empty()) {
    if (!connection.ended) --silent_count_;
    --quiet_guests_;
  } else {
    forget_peer(connection.peer, descriptor);
  }
  connection.peer = peer;
  connection.key = key;
  by_peer_[peer] = descriptor;
}

void Connections::end(int descriptor, Refusal why) {
  const auto found = by_descriptor_.find(descriptor);
  if (found != by_descriptor_.end()) shut(descriptor, found->second, why);
}

void Connections::end_others(const std::function<bool(const std::string& key)>& is_admitted) {
  for (auto& [descriptor, connection] : by_descriptor_)
    if (!connection.peer.empty() && !is_admitted(connection.key))
      shut(descriptor, connection, Refusal::revoked);
}

const std::string* Connections::key_of(const std::string& peer) const {
  const auto found = by_peer_.find(peer);
  return found == by_peer_.end() ? nullptr : &by_descriptor_.at(found->second).key;
}

// Who chooses their own name may have it on two connections, one after the other.
void Connections::forget_peer(const std::string& peer, int descriptor) {
  const auto found = by_peer_.find(peer);
  if (found != by_peer_.end() && found->second == descriptor) by_peer_.erase(found);
}

void Connections::forget(int descriptor) {
  const auto found = by_descriptor_.find(descriptor);
  if (found == by_descriptor_.end()) return;
  if (!found->second.peer.empty())
    forget_peer(found->second.peer, descriptor);
  else if (!found->second.ended)
    --silent_count_;
  by_descriptor_.erase(found);
}

void Connections::shut(int descriptor, Connection& connection, Refusal why) {
  if (connection.ended) return;
  connection.ended = true;
  if (connection.peer.empty()) --silent_count_;
  refusals_.count(why, connection.address);
  // ZeroMQ sees the end of the stream, and closes it.
  if (connection.inode != 0 && inode_of(descriptor) == connection.inode) ::shutdown(descriptor, SHUT_RDWR);
}

bool Connections::is_silent(int descriptor, std::uint64_t number) const {
  const auto found = by_descriptor_.find(descriptor);
  return found != by_descriptor_.end() && found->second.number == number && found->second.peer.empty() &&
         !found->second.ended;
}

void Connections::end_oldest_silent() {
  while (!silent_.empty()) {
    const auto [descriptor, number] = silent_.front();
    silent_.pop_front();
    if (!is_silent(descriptor, number)) continue;
    return shut(descriptor, by_descriptor_.at(descriptor), Refusal::crowded_out);
  }
}

}  // namespace espalier::net
