#include "tests/unit/api/server_fixture.hpp"

namespace espalier::api::testing {
namespace {

class Events : public ServerTest {
 protected:
  void publish(const std::string& event, const std::string& data) {
    on_loop([=, this] {
      for (auto& listener : fake_->listeners) listener(event, data);
    });
  }
  std::size_t subscribers() {
    return on_loop([this] { return fake_->listeners.size(); });
  }
  // Waits for the server to notice; every round goes through its loop.
  bool comes_to(std::size_t wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (subscribers() != wanted) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

TEST_F(Events, BeginWithTheStateAsItIsAndTellEveryChange) {
  on_loop([this] { fake_->snapshot = R"({"id":7})"; });
  auto reader = client();
  reader.write("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(reader.read_until("\r\n\r\n"), ::testing::HasSubstr("Content-Type: text/event-stream"));
  EXPECT_EQ(reader.read_until("\n\n"), "event: job\ndata: {\"id\":7}\n\n");
  publish("trial", R"({"job":7})");
  EXPECT_EQ(reader.read_until("\n\n"), "event: trial\ndata: {\"job\":7}\n\n");
  publish("workers", "one\ntwo");
  EXPECT_EQ(reader.read_until("\n\n"), "event: workers\ndata: one\ndata: two\n\n");
}

TEST_F(Events, GoToEveryClient) {
  Client first(port()), second(port());
  for (auto* reader : {&first, &second}) {
    reader->write("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
    reader->read_until("\r\n\r\n");
  }
  ASSERT_TRUE(comes_to(2));
  publish("job", "{}");
  EXPECT_EQ(first.read_until("\n\n"), "event: job\ndata: {}\n\n");
  EXPECT_EQ(second.read_until("\n\n"), "event: job\ndata: {}\n\n");
}

TEST_F(Events, EndTheSubscriptionOfAClientThatLeaves) {
  Client reader(port());
  reader.write("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
  reader.read_until("\r\n\r\n");
  ASSERT_TRUE(comes_to(1));
  reader.close();
  EXPECT_TRUE(comes_to(0));
}

TEST_F(Events, DisconnectAClientThatDoesNotRead) {
  Client reader(port());
  reader.write("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
  reader.read_until("\r\n\r\n");
  ASSERT_TRUE(comes_to(1));
  const std::string large(1024 * 1024, 'x');
  for (int sent = 0; sent < 64; ++sent) publish("job", large);
  // What the sockets hold is still to be read; after it the connection ends.
  const auto rest = reader.read_until("never sent");
  EXPECT_LT(rest.size(), 64 * large.size());
  EXPECT_TRUE(comes_to(0));
}

TEST_F(Events, EndWhenTheServerStops) {
  Client reader(port());
  reader.write("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
  reader.read_until("\r\n\r\n");
  ASSERT_TRUE(comes_to(1));
  stop();
  EXPECT_TRUE(reader.ended());
  EXPECT_TRUE(fake_->listeners.empty());
}

}  // namespace
}  // namespace espalier::api::testing
