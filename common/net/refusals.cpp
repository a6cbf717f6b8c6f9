#include "common/net/refusals.hpp"

#include "common/base/log.hpp"

namespace espalier::net {
namespace {

constexpr std::chrono::seconds kBetweenLines{1};

const char* in_words(Refusal refusal) {
  switch (refusal) {
    case Refusal::unknown_key:
      return "its key isn't admitted: `espalier keys add-worker NAME` makes one that is";
    case Refusal::bad_cryptography:
      return "it doesn't have this coordinator's public key, or repeats what it has recorded";
    case Refusal::other_encryption:
      return "it doesn't encrypt as this coordinator does: where that has --keys, a worker needs --key FILE, "
             "and only there";
    case Refusal::not_zeromq:
      return "it doesn't speak ZeroMQ";
    case Refusal::unfinished:
      return "it left, or said nothing for too long, before it was in";
    case Refusal::crowded_out:
      return "too many connections that had said nothing were open, and it was the oldest";
    case Refusal::revoked:
      return "its key was revoked while it was connected";
  }
  return "";
}

}  // namespace

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::unknown_key:
      return "unknown_key";
    case Refusal::bad_cryptography:
      return "bad_cryptography";
    case Refusal::other_encryption:
      return "other_encryption";
    case Refusal::not_zeromq:
      return "not_zeromq";
    case Refusal::unfinished:
      return "unfinished";
    case Refusal::crowded_out:
      return "crowded_out";
    case Refusal::revoked:
      return "revoked";
  }
  return "";
}

void Refusals::count(Refusal refusal, const std::string& who) {
  auto& reason = of_[index(refusal)];
  ++reason.count;
  const auto now = std::chrono::steady_clock::now();
  if (now < reason.say_next) return;
  reason.say_next = now + kBetweenLines;
  log::warn("the workers' port refused {} connection{}, the last from {}: {}", reason.count - reason.said,
            reason.count - reason.said == 1 ? "" : "s", who.empty() ? "an unknown address" : who,
            in_words(refusal));
  reason.said = reason.count;
}

}  // namespace espalier::net
