// Who wasn't let in at a ROUTER, and why: counted, and said in the log at most once a second for each reason.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace espalier::net {

enum class Refusal {
  unknown_key,       // encrypts with a key that nobody admitted, or nobody does any more
  bad_cryptography,  // was made for another server's key, or is a handshake that was recorded
  other_encryption,  // speaks ZeroMQ, with other encryption than this socket's: with none
  not_zeromq,
  unfinished,   // hung up or fell silent before it was in: a port scanner, a half-open connection
  crowded_out,  // had said nothing yet, and was the oldest of too many such
  revoked,      // was in when its key was revoked
};
inline constexpr std::array kRefusals{
    Refusal::unknown_key, Refusal::bad_cryptography, Refusal::other_encryption, Refusal::not_zeromq,
    Refusal::unfinished,  Refusal::crowded_out,      Refusal::revoked};

std::string_view to_string(Refusal refusal);  // "unknown_key"

class Refusals {
 public:
  void count(Refusal refusal, const std::string& who);  // "10.0.0.9:53122"
  [[nodiscard]] std::uint64_t of(Refusal refusal) const { return of_[index(refusal)].count; }

 private:
  static std::size_t index(Refusal refusal) { return static_cast<std::size_t>(refusal); }
  struct Reason {
    std::uint64_t count = 0;
    std::uint64_t said = 0;
    std::chrono::steady_clock::time_point say_next{};
  };
  std::array<Reason, kRefusals.size()> of_{};
};

}  // namespace espalier::net
