#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "common/net/dealer_socket.hpp"
#include "common/net/router_socket.hpp"
#include "common/net/task_group.hpp"
#include "tests/unit/wire/run_loop.hpp"

namespace espalier::net {
namespace {

namespace asio = boost::asio;
using espalier::testing::run_until;
using ::testing::HasSubstr;

asio::awaitable<void> collect_at_router(RouterSocket* router, std::vector<Incoming>* out) {
  while (true) out->push_back(co_await router->receive());
}

asio::awaitable<void> echo_at_router(RouterSocket* router) {
  while (true) {
    auto incoming = co_await router->receive();
    router->send(incoming.peer, std::move(incoming.bytes));
  }
}

asio::awaitable<void> collect_at_dealer(DealerSocket* dealer, std::vector<std::string>* out) {
  while (true) out->push_back(co_await dealer->receive());
}

class Sockets : public ::testing::Test {
 protected:
  void TearDown() override {
    tasks_.cancel();
    EXPECT_TRUE(run_until(io_, [this] { return tasks_.empty(); }));
  }
  asio::io_context io_;
  TaskGroup tasks_{io_.get_executor()};
};

TEST_F(Sockets, ABoundRouterTellsItsRealPort) {
  const auto router = RouterSocket::bind(io_, "tcp://127.0.0.1:0");
  ASSERT_TRUE(router.has_value());
  EXPECT_THAT((*router)->endpoint(), HasSubstr("tcp://127.0.0.1:"));
  EXPECT_THAT((*router)->endpoint(), ::testing::Not(::testing::EndsWith(":0")));
}

TEST_F(Sockets, AnAddressInUseIsASentence) {
  const auto first = RouterSocket::bind(io_, "tcp://127.0.0.1:0");
  const auto second = RouterSocket::bind(io_, (*first)->endpoint());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
  EXPECT_THAT(second.error().message, HasSubstr("in use"));
}

TEST_F(Sockets, WhatIsNoEndpointIsAUsageError) {
  EXPECT_EQ(RouterSocket::bind(io_, "nonsense").error().kind, ErrorKind::usage);
  EXPECT_EQ(DealerSocket::connect(io_, "tcp://").error().kind, ErrorKind::usage);
}

TEST_F(Sockets, ManyMessagesBothWaysAtOnceAllArriveInOrder) {
  auto router = RouterSocket::bind(io_, "tcp://127.0.0.1:0").value();
  auto dealer = DealerSocket::connect(io_, router->endpoint()).value();
  std::vector<std::string> echoed;
  tasks_.spawn("echo", echo_at_router(router.get()));
  tasks_.spawn("collect", collect_at_dealer(dealer.get(), &echoed));
  constexpr int kMessages = 20'000;
  int sent = 0;
  // Sends between receives, so that edges of the descriptor get consumed by sends.
  const bool arrived = run_until(io_, [&] {
    for (int burst = 0; burst < 7 && sent < kMessages; ++burst)
      if (dealer->send(std::to_string(sent))) ++sent;
    return echoed.size() == kMessages;
  });
  ASSERT_TRUE(arrived) << echoed.size() << " of " << sent;
  for (int i = 0; i < kMessages; ++i) ASSERT_EQ(echoed[static_cast<std::size_t>(i)], std::to_string(i));
}

TEST_F(Sockets, AnUnknownPeerIsNoticed) {
  auto router = RouterSocket::bind(io_, "tcp://127.0.0.1:0").value();
  EXPECT_FALSE(router->send("nobody", "hello"));
}

TEST_F(Sockets, TooLargeAMessageIsNotSent) {
  auto router = RouterSocket::bind(io_, "tcp://127.0.0.1:0").value();
  auto dealer = DealerSocket::connect(io_, router->endpoint()).value();
  std::vector<Incoming> received;
  tasks_.spawn("collect", collect_at_router(router.get(), &received));
  ASSERT_TRUE(run_until(io_, [&] { return dealer->send("hello"); }));
  EXPECT_FALSE(dealer->send(std::string(kLargestMessage + 1, 'x')));
  EXPECT_TRUE(dealer->send(std::string(kLargestMessage, 'x')));
  ASSERT_TRUE(run_until(io_, [&] { return received.size() == 2; }));
  EXPECT_EQ(received[1].bytes.size(), kLargestMessage);
}

TEST_F(Sockets, ADealerWithoutAPeerKeepsNothingForLater) {
  auto dealer = DealerSocket::connect(io_, "tcp://127.0.0.1:1").value();
  EXPECT_FALSE(dealer->send("hello"));
}

TEST_F(Sockets, ADealerFindsARouterThatComesBack) {
  auto router = RouterSocket::bind(io_, "tcp://127.0.0.1:0").value();
  const auto endpoint = router->endpoint();
  auto dealer = DealerSocket::connect(io_, endpoint).value();
  std::vector<Incoming> first;
  tasks_.spawn("collect", collect_at_router(router.get(), &first));
  ASSERT_TRUE(run_until(io_, [&] { return dealer->send("one") && !first.empty(); }));
  router->close();
  router.reset();
  ASSERT_TRUE(run_until(io_, [&] { return tasks_.empty(); }));
  ASSERT_TRUE(run_until(io_, [&] {
    auto again = RouterSocket::bind(io_, endpoint);
    if (again) router = std::move(*again);
    return again.has_value();
  }));
  std::vector<Incoming> second;
  tasks_.spawn("collect", collect_at_router(router.get(), &second));
  EXPECT_TRUE(run_until(io_, [&] {
    dealer->send("two");
    return !second.empty();
  }));
}

TEST_F(Sockets, BytesThatAreNoZeroMqAreIgnored) {
  auto router = RouterSocket::bind(io_, "tcp://127.0.0.1:0").value();
  std::vector<Incoming> received;
  tasks_.spawn("collect", collect_at_router(router.get(), &received));
  const auto endpoint = router->endpoint();
  const auto port = static_cast<unsigned short>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
  asio::ip::tcp::socket stranger(io_);
  stranger.connect({asio::ip::address_v4::loopback(), port});
  asio::write(stranger, asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));
  auto dealer = DealerSocket::connect(io_, endpoint).value();
  ASSERT_TRUE(run_until(io_, [&] { return dealer->send("hello"); }));
  ASSERT_TRUE(run_until(io_, [&] { return !received.empty(); }));
  EXPECT_EQ(received[0].bytes, "hello");
}

TEST_F(Sockets, AClosedSocketEndsItsReceiver) {
  auto router = RouterSocket::bind(io_, "tcp://127.0.0.1:0").value();
  std::vector<Incoming> received;
  tasks_.spawn("collect", collect_at_router(router.get(), &received));
  io_.poll();
  router->close();
  EXPECT_TRUE(run_until(io_, [this] { return tasks_.empty(); }));
}

}  // namespace
}  // namespace espalier::net
