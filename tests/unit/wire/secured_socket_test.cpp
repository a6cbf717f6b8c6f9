// ROUTER and DEALER with keys, and what reaches a ROUTER that is neither.
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
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;

asio::awaitable<void> echo(RouterSocket* router, std::vector<Incoming>* heard) {
  while (true) {
    heard->push_back(co_await router->receive());
    router->send(heard->back().peer, heard->back().bytes);
  }
}

asio::awaitable<void> collect(DealerSocket* dealer, std::vector<std::string>* out) {
  while (true) out->push_back(co_await dealer->receive());
}

class SecuredSockets : public ::testing::Test {
 protected:
  void SetUp() override {
    router_ =
        RouterSocket::bind(io_, "tcp://127.0.0.1:0", ServerKeys{server_, {{a_.public_key, "a"}}}).value();
    tasks_.spawn("echo", echo(router_.get(), &heard_));
  }
  void TearDown() override {
    tasks_.cancel();
    EXPECT_TRUE(run_until(io_, [this] { return tasks_.empty(); }));
  }
  std::unique_ptr<DealerSocket> dealer(const std::optional<WorkerKey>& key) {
    auto made = DealerSocket::connect(io_, router_->endpoint(), key,
                                      [this](NotLetIn why) { refused_.push_back(why); });
    tasks_.spawn("collect", collect(made->get(), &echoed_));
    return std::move(*made);
  }
  [[nodiscard]] WorkerKey key_of(const KeyPair& pair) const { return {"", pair, server_.public_key}; }
  // Says it until it is echoed.
  bool is_heard(DealerSocket& dealer, const std::string& text) {
    const auto before = echoed_.size();
    return run_until(io_, [&] {
      if (echoed_.size() == before) dealer.send(text);
      return echoed_.size() > before;
    });
  }
  bool counted(Refusal why, std::uint64_t times) {
    return run_until(io_, [&] { return router_->refusals().of(why) >= times; }) &&
           router_->refusals().of(why) == times;
  }
  asio::ip::tcp::socket stranger() {
    const auto endpoint = router_->endpoint();
    const auto port = static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    asio::ip::tcp::socket socket(io_);
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
    return socket;
  }

  asio::io_context io_;
  KeyPair server_ = new_key_pair();
  KeyPair a_ = new_key_pair();
  std::unique_ptr<RouterSocket> router_;
  std::vector<Incoming> heard_;
  std::vector<std::string> echoed_;
  std::vector<NotLetIn> refused_;
  TaskGroup tasks_{io_.get_executor()};
};

TEST_F(SecuredSockets, AMessageComesWithTheNameOfTheKeyThatItCameWith) {
  const auto worker = dealer(key_of(a_));
  ASSERT_TRUE(is_heard(*worker, "hello"));
  EXPECT_EQ(heard_.front().name, "a");
}

TEST_F(SecuredSockets, AnUnknownKeyIsRefusedAndLetInOnceItIsAdmitted) {
  const auto b = new_key_pair();
  const auto worker = dealer(key_of(b));
  ASSERT_TRUE(run_until(io_, [&] { return !refused_.empty(); }));
  EXPECT_EQ(refused_.front(), NotLetIn::unknown_key);
  EXPECT_EQ(router_->refusals().of(Refusal::unknown_key), 1U);
  EXPECT_THAT(heard_, IsEmpty());
  router_->admit({{b.public_key, "b"}});
  ASSERT_TRUE(is_heard(*worker, "hello"));
  EXPECT_EQ(heard_.back().name, "b");
}

TEST_F(SecuredSockets, WhoDoesntEncryptIsRefusedAndHearsSo) {
  const auto worker = dealer(std::nullopt);
  ASSERT_TRUE(run_until(io_, [&] {
    worker->send("hello");
    return !refused_.empty();
  }));
  // Whoever sees first that the two don't fit hangs up, and the other one may see no more than that.
  EXPECT_THAT(refused_.front(), AnyOf(NotLetIn::other_encryption, NotLetIn::hung_up));
  EXPECT_TRUE(counted(Refusal::other_encryption, 1));
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(SecuredSockets, WhoKnowsAnotherServersKeyIsRefused) {
  auto key = key_of(a_);
  key.server = new_key_pair().public_key;
  const auto worker = dealer(key);
  ASSERT_TRUE(run_until(io_, [&] { return router_->refusals().of(Refusal::bad_cryptography) > 0; }));
  ASSERT_TRUE(run_until(io_, [&] { return !refused_.empty(); }));
  EXPECT_EQ(refused_.front(), NotLetIn::hung_up);
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(SecuredSockets, ARevokedKeyEndsItsConnectionAndNothingIsSentByItAnyMore) {
  const auto worker = dealer(key_of(a_));
  ASSERT_TRUE(is_heard(*worker, "hello"));
  const auto peer = heard_.front().peer;
  router_->admit({});
  EXPECT_FALSE(router_->send(peer, "still there?"));
  EXPECT_EQ(router_->refusals().of(Refusal::revoked), 1U);
  ASSERT_TRUE(run_until(io_, [&] { return !refused_.empty(); })) << "it comes again, and isn't let in";
  EXPECT_THAT(refused_, Contains(NotLetIn::unknown_key));
  EXPECT_THAT(echoed_, Each("hello"));
}

TEST_F(SecuredSockets, AnotherKeyUnderTheSameNameDoesntSaveTheConnectionOfTheFirst) {
  const auto worker = dealer(key_of(a_));
  ASSERT_TRUE(is_heard(*worker, "hello"));
  const auto peer = heard_.front().peer;
  router_->admit({{new_key_pair().public_key, "a"}});
  EXPECT_FALSE(router_->send(peer, "still there?"));
}

TEST_F(SecuredSockets, WhatIsntZeroMqIsCounted) {
  auto socket = stranger();
  asio::write(socket, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
  EXPECT_TRUE(counted(Refusal::not_zeromq, 1));
}

TEST_F(SecuredSockets, WhoHangsUpBeforeSayingAnythingIsCounted) {
  stranger().close();
  EXPECT_TRUE(counted(Refusal::unfinished, 1));
}

TEST_F(SecuredSockets, WhoSaysNothingIsDisconnected) {
  const auto socket = stranger();
  EXPECT_TRUE(counted(Refusal::unfinished, 1));
}

TEST_F(SecuredSockets, AGuestThatLeavesIsNoRefusal) {
  for (int round = 0; round < 3; ++round) {
    const auto worker = dealer(key_of(a_));
    ASSERT_TRUE(is_heard(*worker, "hello"));
    tasks_.cancel();
    ASSERT_TRUE(run_until(io_, [this] { return tasks_.empty(); }));
    tasks_.spawn("echo", echo(router_.get(), &heard_));
  }
  stranger().close();  // what comes after the guests
  EXPECT_TRUE(counted(Refusal::unfinished, 1));
  for (const auto why : kRefusals) {
    const std::uint64_t wanted = why == Refusal::unfinished ? 1 : 0;
    EXPECT_EQ(router_->refusals().of(why), wanted) << to_string(why);
  }
}

}  // namespace
}  // namespace espalier::net
