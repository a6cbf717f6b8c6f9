#include "common/base/hash.hpp"
#include "tests/unit/api/server_fixture.hpp"

namespace espalier::api::testing {
namespace {

class Artifacts : public ServerTest {
 protected:
  // Larger than one piece of the server's, and no piece like another.
  std::string bytes_ = [] {
    std::string made;
    for (int line = 0; made.size() < 3'000'000; ++line) made += std::to_string(line) + "\n";
    return made;
  }();
  std::string path_ = "/api/v1/artifacts/" + sha256_hex(bytes_);
};

TEST_F(Artifacts, ComeBackAsTheyWereStored) {
  const auto stored = send(http::verb::put, path_, bytes_);
  EXPECT_EQ(stored.result(), http::status::created);
  EXPECT_EQ(document(stored).at("bytes"), bytes_.size());
  const auto found = get(path_);
  EXPECT_EQ(found.result(), http::status::ok);
  EXPECT_TRUE(found.body() == bytes_);
  EXPECT_EQ(send(http::verb::put, path_, bytes_).result(), http::status::created) << "again is harmless";
}

TEST_F(Artifacts, AreRefusedUnderAnotherHash) {
  const auto refused = send(http::verb::put, path_, bytes_ + "more");
  EXPECT_EQ(refused.result(), http::status::bad_request);
  EXPECT_THAT(message(refused), ::testing::HasSubstr("hash to " + sha256_hex(bytes_ + "more")));
  EXPECT_EQ(get(path_).result(), http::status::not_found);
  EXPECT_EQ(get("/api/v1/artifacts/" + sha256_hex(bytes_ + "more")).result(), http::status::not_found);
}

TEST_F(Artifacts, AreNotThereIfTheSenderGoesAway) {
  auto sender = client();
  sender.write("PUT " + path_ + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bytes_.size()) +
               "\r\n\r\n");
  sender.write(std::string_view(bytes_).substr(0, 100000));
  sender.close();
  EXPECT_EQ(get(path_).result(), http::status::not_found);
}

TEST_F(Artifacts, GoOnWhereTheSenderBrokeOff) {
  auto sender = client();
  sender.write("PUT " + path_ + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bytes_.size()) +
               "\r\n\r\n");
  sender.write(std::string_view(bytes_).substr(0, 2'000'000));
  sender.close();
  // The server hears of the end on another thread than ours.
  std::size_t there = 0;
  while (there != 2'000'000) {
    const auto head = send(http::verb::head, path_);
    ASSERT_EQ(head.result(), http::status::not_found);
    there = std::strtoull(std::string(head["Upload-Offset"]).c_str(), nullptr, 10);
  }
  const auto elsewhere = send(http::verb::put, path_ + "?offset=5", bytes_.substr(5));
  EXPECT_EQ(elsewhere.result(), http::status::conflict);
  EXPECT_EQ(elsewhere["Upload-Offset"], "2000000");
  const auto rest = send(http::verb::put, path_ + "?offset=2000000", bytes_.substr(2'000'000));
  EXPECT_EQ(rest.result(), http::status::created);
  EXPECT_EQ(document(rest).at("bytes"), bytes_.size());
  EXPECT_TRUE(get(path_).body() == bytes_);
}

TEST_F(Artifacts, ThatGoOnAndHashWronglyAreForgotten) {
  auto sender = client();
  sender.write("PUT " + path_ + " HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nspoilt");
  sender.close();
  while (send(http::verb::head, path_)["Upload-Offset"] != "6") {
  }
  EXPECT_EQ(send(http::verb::put, path_ + "?offset=6", bytes_.substr(6)).result(), http::status::bad_request);
  EXPECT_EQ(send(http::verb::head, path_)["Upload-Offset"], "");
  EXPECT_EQ(send(http::verb::put, path_, bytes_).result(), http::status::created);
}

TEST_F(Artifacts, ThatDoNotFitOnTheDiskAreTheStoresFaultAndNotTheSenders) {
  // A limit on the size of a file gives the same kind of failure as a broken disk; a full one is /dev/full's.
  std::filesystem::create_symlink(
      "/dev/full", folder_ / "artifacts" / "incoming" / (path_.substr(path_.rfind('/') + 1) + ".part"));
  const auto refused = send(http::verb::put, path_, bytes_);
  EXPECT_EQ(refused.result(), http::status::insufficient_storage);
  EXPECT_THAT(message(refused), ::testing::HasSubstr("is full"));
  EXPECT_EQ(get(path_).result(), http::status::not_found);
  EXPECT_EQ(send(http::verb::put, path_, bytes_).result(), http::status::created) << "later there is room";
}

TEST_F(Artifacts, AreRefusedAtAnImpossibleOffset) {
  for (const auto* offset : {"-1", "x", "99999999999999999999"})
    EXPECT_EQ(send(http::verb::put, path_ + "?offset=" + offset, "x").result(), http::status::bad_request);
  EXPECT_EQ(send(http::verb::put, path_ + "?offset=7", "x").result(), http::status::conflict);
}

TEST_F(Artifacts, AreInvitedWhenTheSenderAsksFirst) {
  auto sender = client();
  sender.write("PUT " + path_ + " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: " +
               std::to_string(bytes_.size()) + "\r\n\r\n");
  EXPECT_EQ(sender.read_until("\r\n\r\n").substr(0, 12), "HTTP/1.1 100");
  sender.write(bytes_);
  EXPECT_EQ(sender.read_until("\r\n\r\n").substr(0, 12), "HTTP/1.1 201");
}

TEST_F(Artifacts, HaveTheirLengthInTheHead) {
  send(http::verb::put, path_, bytes_);
  const auto head = send(http::verb::head, path_);
  EXPECT_EQ(head.result(), http::status::ok);
  EXPECT_EQ(head[http::field::content_length], std::to_string(bytes_.size()));
  EXPECT_TRUE(head.body().empty());
  EXPECT_EQ(send(http::verb::head, "/api/v1/artifacts/" + std::string(64, '0')).result(),
            http::status::not_found);
}

TEST_F(Artifacts, AreReadFromTheMiddle) {
  send(http::verb::put, path_, bytes_);
  const auto ask = [&](const std::string& range) {
    Request request{http::verb::get, path_, 11};
    request.set(http::field::range, range);
    return client().send(request);
  };
  const auto rest = ask("bytes=1000000-");
  EXPECT_EQ(rest.result(), http::status::partial_content);
  EXPECT_TRUE(rest.body() == bytes_.substr(1000000));
  EXPECT_EQ(rest[http::field::content_range],
            "bytes 1000000-" + std::to_string(bytes_.size() - 1) + "/" + std::to_string(bytes_.size()));
  EXPECT_EQ(ask("bytes=10-19").body(), bytes_.substr(10, 10));
  EXPECT_EQ(ask("bytes=-5").body(), bytes_.substr(bytes_.size() - 5));
  EXPECT_EQ(ask("bytes=5-2").result(), http::status::ok);
  EXPECT_EQ(ask("bytes=0-1,5-6").result(), http::status::ok);
  const auto beyond = ask("bytes=" + std::to_string(bytes_.size()) + "-");
  EXPECT_EQ(beyond.result(), http::status::range_not_satisfiable);
  EXPECT_EQ(beyond[http::field::content_range], "bytes */" + std::to_string(bytes_.size()));
}

TEST_F(Artifacts, MayBeEmpty) {
  const auto path = "/api/v1/artifacts/" + sha256_hex("");
  EXPECT_EQ(send(http::verb::put, path).result(), http::status::created);
  EXPECT_EQ(get(path).result(), http::status::ok);
}

TEST_F(Artifacts, AreNamedByAHashOnly) {
  for (const auto* name : {"model.pt", "..%2f..%2fsecret.txt", "ABCDEF"}) {
    EXPECT_EQ(get(std::string("/api/v1/artifacts/") + name).result(), http::status::bad_request) << name;
    EXPECT_EQ(send(http::verb::put, std::string("/api/v1/artifacts/") + name, "x").result(),
              http::status::bad_request);
  }
}

}  // namespace
}  // namespace espalier::api::testing
