#include "common/net/connections.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

namespace espalier::net {
namespace {

// A connection: our end is told of, theirs shows whether it is open.
class Connected {
 public:
  Connected() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  ~Connected() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  Connected(const Connected&) = delete;
  Connected& operator=(const Connected&) = delete;
  [[nodiscard]] int ours() const { return ends_[0]; }
  [[nodiscard]] bool is_open() const {
    char byte = 0;
    return ::recv(ends_[1], &byte, 1, MSG_DONTWAIT) < 0;
  }

 private:
  int ends_[2] = {-1, -1};
};

class ConnectionsOfARouter : public ::testing::Test {
 protected:
  Refusals refusals_;
  Connections connections_{refusals_, 2};
  std::vector<Connected> pairs_{5};
};

TEST_F(ConnectionsOfARouter, OfTooManySilentOnesTheOldestIsEnded) {
  for (int i = 0; i < 3; ++i) connections_.accepted(pairs_[static_cast<std::size_t>(i)].ours());
  EXPECT_FALSE(pairs_[0].is_open());
  EXPECT_TRUE(pairs_[1].is_open());
  EXPECT_TRUE(pairs_[2].is_open());
  connections_.handshake_failed(Refusal::unfinished);  // as ZeroMQ sees it
  connections_.disconnected(pairs_[0].ours());
  EXPECT_EQ(refusals_.of(Refusal::crowded_out), 1U);
  EXPECT_EQ(refusals_.of(Refusal::unfinished), 0U) << "it is counted once";
}

TEST_F(ConnectionsOfARouter, WhoHasSaidSomethingStaysHoweverManySayNothing) {
  connections_.accepted(pairs_[0].ours());
  connections_.handshake_done();
  connections_.heard(pairs_[0].ours(), "peer", "key");
  for (int i = 1; i < 5; ++i) connections_.accepted(pairs_[static_cast<std::size_t>(i)].ours());
  EXPECT_TRUE(pairs_[0].is_open());
  EXPECT_FALSE(pairs_[1].is_open());
  EXPECT_FALSE(pairs_[2].is_open());
  EXPECT_TRUE(pairs_[3].is_open());
  EXPECT_TRUE(pairs_[4].is_open());
}

TEST_F(ConnectionsOfARouter, ThoseOfARevokedKeyAreEndedAndTheOthersAreNot) {
  for (std::size_t i = 0; i < 2; ++i) {
    connections_.accepted(pairs_[i].ours());
    connections_.heard(pairs_[i].ours(), "peer-" + std::to_string(i), "key-" + std::to_string(i));
  }
  connections_.end_others([](const std::string& key) { return key == "key-1"; });
  EXPECT_FALSE(pairs_[0].is_open());
  EXPECT_TRUE(pairs_[1].is_open());
  EXPECT_EQ(refusals_.of(Refusal::revoked), 1U);
  EXPECT_EQ(*connections_.key_of("peer-1"), "key-1");
}

TEST_F(ConnectionsOfARouter, ADescriptorThatIsAnothersByNowIsLeftAlone) {
  const int number = ::dup(pairs_[0].ours());
  connections_.accepted(number);
  connections_.heard(number, "peer", "key");
  ASSERT_EQ(::dup2(pairs_[1].ours(), number), number);  // closed, and used again
  connections_.end(number, Refusal::revoked);
  EXPECT_TRUE(pairs_[1].is_open());
  ::close(number);
}

TEST_F(ConnectionsOfARouter, WhoIsGoneIsForgotten) {
  connections_.accepted(pairs_[0].ours());
  connections_.heard(pairs_[0].ours(), "peer", "key");
  connections_.disconnected(pairs_[0].ours());
  EXPECT_EQ(connections_.key_of("peer"), nullptr);
  connections_.heard(pairs_[0].ours(), "peer", "key");  // its last words come late
  EXPECT_EQ(connections_.key_of("peer"), nullptr);
}

}  // namespace
}  // namespace espalier::net
