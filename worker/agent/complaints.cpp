#include "worker/agent/complaints.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace espalier::agent {
namespace {

constexpr Duration kFirstPause = std::chrono::seconds(5);
constexpr Duration kLongestPause = std::chrono::minutes(2);
constexpr Duration kLongAgo = std::chrono::seconds(10);  // it was let in since
// A coordinator that ends hangs up too, once.
constexpr int kHangUpsThatMeanSomething = 5;

}  // namespace

std::optional<std::string> Complaints::about(net::NotLetIn why, MonotonicTime now) {
  if (last_ != why || now - heard_ > kLongAgo) {
    in_a_row_ = 0;
    say_next_ = now;
    pause_ = kFirstPause;
  }
  last_ = why;
  heard_ = now;
  ++in_a_row_;
  if (why == net::NotLetIn::hung_up && in_a_row_ < kHangUpsThatMeanSomething) return std::nullopt;
  if (now < say_next_) return std::nullopt;
  say_next_ = now + pause_;
  pause_ = std::min(2 * pause_, kLongestPause);
  return fmt::format("{} doesn't let this worker in: {}", coordinator_, in_words(why));
}

std::string Complaints::in_words(net::NotLetIn why) const {
  switch (why) {
    case net::NotLetIn::unknown_key:
      return "the coordinator doesn't know its key, or not any more: `espalier keys add-worker NAME` there "
             "makes one";
    case net::NotLetIn::other_encryption:
      return has_key_ ? "it has no keys: start it with --keys, or this worker without --key"
                      : "it wants a key: `espalier keys add-worker NAME` there makes a file, to be given "
                        "here with --key";
    case net::NotLetIn::hung_up:
      return has_key_ ? "it hangs up: it may have another key than the one that this worker's file names: "
                        "`espalier keys add-worker NAME` there makes another file"
                      : "it hangs up: it may want a key: `espalier keys add-worker NAME` there makes a file, "
                        "to be "
                        "given here with --key";
    case net::NotLetIn::not_zeromq:
      return "nothing there speaks ZeroMQ: is that its address for workers?";
  }
  return "";
}

}  // namespace espalier::agent
