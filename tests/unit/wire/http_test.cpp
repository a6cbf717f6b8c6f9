#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/thread_pool.hpp>
#include <fstream>
#include <thread>

#include "common/base/files.hpp"
#include "common/net/blocking_http.hpp"
#include "common/net/event_stream.hpp"
#include "common/net/http_client.hpp"
#include "tests/unit/wire/run_loop.hpp"
#include "tests/unit/wire/tiny_http_server.hpp"

namespace espalier::net {
namespace {

namespace asio = boost::asio;
using espalier::testing::run_until;
using espalier::testing::TinyHttpServer;
using ::testing::HasSubstr;
namespace http = boost::beast::http;

TinyHttpServer::Reply echo(const TinyHttpServer::Request& request) {
  TinyHttpServer::Reply reply;
  reply.result(request.target() == "/missing" ? http::status::not_found : http::status::ok);
  reply.set(http::field::content_type, "text/plain");
  reply.body() =
      std::string(request.method_string()) + " " + std::string(request.target()) + " " + request.body();
  return reply;
}

asio::awaitable<void> keep(asio::awaitable<Result<HttpReply>> work, std::optional<Result<HttpReply>>* out) {
  *out = co_await std::move(work);
}

asio::awaitable<Result<HttpReply>> put_digits(WriteBehind* behind) {
  Block block(1);
  for (char digit = '0'; digit <= '9'; ++digit) {
    block[0] = static_cast<std::byte>(digit);
    const auto put = co_await behind->put(&block, 1);
    if (!put) break;
  }
  const auto drained = co_await behind->drain();
  if (!drained) co_return drained.error();
  co_return HttpReply{};
}

class Http : public ::testing::Test {
 protected:
  Result<HttpReply> ask(asio::awaitable<Result<HttpReply>> work) {
    std::optional<Result<HttpReply>> reply;
    tasks_.spawn("request", keep(std::move(work), &reply));
    EXPECT_TRUE(run_until(io_, [&] { return reply.has_value(); }));
    return *reply;
  }
  void TearDown() override {
    server_.stop();
    EXPECT_TRUE(run_until(io_, [this] { return server_.stopped() && tasks_.empty(); }));
    std::filesystem::remove(file_);
  }
  asio::io_context io_;
  asio::thread_pool threads_{2};
  TinyHttpServer server_{io_, echo};
  HttpClient client_{io_.get_executor()};
  std::filesystem::path file_ =
      std::filesystem::temp_directory_path() / ("http_test-" + std::to_string(::getpid()));
  TaskGroup tasks_{io_.get_executor()};
};

TEST_F(Http, ARequestCarriesMethodPathAndBody) {
  const auto reply = ask(client_.post(server_.address() + "/a/b?c=1", "body", "text/plain"));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "POST /a/b?c=1 body");
  EXPECT_EQ(reply->content_type, "text/plain");
}

TEST_F(Http, AnErrorStatusIsAReply) {
  const auto reply = ask(client_.get(server_.address() + "/missing"));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 404);
  EXPECT_FALSE(reply->succeeded());
}

TEST_F(Http, HeadHasNoBody) {
  const auto reply = ask(client_.head(server_.address() + "/"));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "");
}

TEST_F(Http, AConnectionIsUsedAgain) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ask(client_.get(server_.address() + "/")).has_value());
  EXPECT_EQ(server_.connections(), 1);
}

TEST_F(Http, AConnectionThatTheServerClosedMeanwhileIsReplaced) {
  server_.close_after_each_reply(true);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ask(client_.get(server_.address() + "/")).has_value());
  EXPECT_EQ(server_.connections(), 5);
}

TEST_F(Http, NobodyListeningIsUnavailable) {
  const auto reply = ask(client_.get("http://127.0.0.1:1/"));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
  EXPECT_THAT(reply.error().message, HasSubstr("127.0.0.1:1"));
}

TEST_F(Http, WhatIsNoUrlIsAUsageError) {
  for (const auto* url : {"", "127.0.0.1:80", "ftp://host/", "http://"})
    EXPECT_EQ(ask(client_.get(url)).error().kind, ErrorKind::usage) << url;
}

TEST_F(Http, ASilentServerIsGivenUp) {
  asio::ip::tcp::acceptor silent(io_, {asio::ip::address_v4::loopback(), 0});
  HttpClient impatient(io_.get_executor(), HttpLimits{.step = std::chrono::milliseconds(50)});
  const auto url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";
  const auto reply = ask(impatient.get(url));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
}

TEST_F(Http, AFileIsSentWhole) {
  std::string bytes(3'000'001, 'x');
  bytes[1'234'567] = 'y';
  std::ofstream(file_) << bytes;
  const auto reply = ask(client_.upload(server_.address() + "/f", file_, 0, threads_.get_executor()));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->body, "PUT /f " + bytes);
}

TEST_F(Http, AFileIsSentFromTheMiddle) {
  std::ofstream(file_) << "0123456789";
  const auto reply = ask(client_.upload(server_.address() + "/f", file_, 4, threads_.get_executor()));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->body, "PUT /f 456789");
}

// Keeps what comes.
struct Blocks final : BlockSink {
  std::uint64_t first = 99;
  std::string bytes;
  Result<void> begin(std::uint64_t number) override {
    first = number;
    return {};
  }
  asio::awaitable<Result<void>> put(Block* block, std::size_t size) override {
    bytes.append(reinterpret_cast<const char*>(block->data()), size);
    co_return Result<void>{};
  }
};

TEST_F(Http, ADownloadMayComeInBlocksAndAnErrorsBodyInTheReply) {
  Blocks blocks;
  ASSERT_TRUE(ask(client_.download(server_.address() + "/x", 0, &blocks)).has_value());
  EXPECT_EQ(blocks.first, 0U);
  EXPECT_EQ(blocks.bytes, "GET /x ");
  const auto missing = ask(client_.download(server_.address() + "/missing", 0, &blocks));
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->body, "GET /missing ");
  EXPECT_EQ(server_.connections(), 1) << "it is used again after a body that was read past the parser";
}

TEST_F(Http, ADownloadFromTheMiddleSaysWhetherItGotThat) {
  std::string asked;
  TinyHttpServer ranges(io_, [&](const TinyHttpServer::Request& request) {
    asked = std::string(request[http::field::range]);
    TinyHttpServer::Reply reply;
    reply.result(http::status::partial_content);
    reply.set(http::field::content_range, "bytes 3-5/6");
    reply.body() = "def";
    return reply;
  });
  Blocks blocks;
  ASSERT_TRUE(ask(client_.download(ranges.address() + "/x", 3, &blocks)).has_value());
  EXPECT_EQ(asked, "bytes=3-");
  EXPECT_EQ(blocks.first, 3U);
  EXPECT_EQ(blocks.bytes, "def");
  ranges.stop();
  EXPECT_TRUE(run_until(io_, [&] { return ranges.stopped(); }));
}

TEST_F(Http, WritingBehindKeepsTheOrderForEveryConsumerAndEndsWithTheFirstError) {
  std::string first, second;
  int calls = 0;
  std::vector<WriteBehind::Consumer> consumers;
  consumers.emplace_back([&](std::span<const std::byte> bytes) {
    first.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Result<void>{};
  });
  consumers.emplace_back([&](std::span<const std::byte> bytes) {
    second.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return ++calls == 3 ? Result<void>(Error{ErrorKind::failed, "the disk is full", ""}) : Result<void>{};
  });
  WriteBehind behind(io_.get_executor(), threads_.get_executor(), std::move(consumers));
  std::optional<Result<HttpReply>> outcome;
  tasks_.spawn("blocks", keep(put_digits(&behind), &outcome));
  ASSERT_TRUE(run_until(io_, [&] { return outcome.has_value(); }));
  ASSERT_FALSE(outcome->has_value());
  EXPECT_EQ(outcome->error().message, "the disk is full");
  EXPECT_EQ(second, "012") << "nothing after its error";
  EXPECT_EQ(first, std::string("0123456789").substr(0, first.size()));
}

TEST_F(Http, AnEmptyFileIsSentToo) {
  std::ofstream(file_).flush();
  const auto reply = ask(client_.upload(server_.address() + "/f", file_, 0, threads_.get_executor()));
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->body, "PUT /f ");
}

TEST_F(Http, ADownloadGoesToItsSinkAndAnErrorsBodyToTheReply) {
  std::string taken;
  const HttpClient::Sink sink = [&taken](std::span<const std::byte> bytes) {
    taken.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Result<void>{};
  };
  ASSERT_TRUE(ask(client_.download(server_.address() + "/x", sink)).has_value());
  EXPECT_EQ(taken, "GET /x ");
  const auto missing = ask(client_.download(server_.address() + "/missing", sink));
  EXPECT_EQ(missing->body, "GET /missing ");
  EXPECT_EQ(taken, "GET /x ");
}

TEST_F(Http, ASinksErrorEndsTheDownload) {
  const HttpClient::Sink full = [](std::span<const std::byte>) -> Result<void> {
    return Error{ErrorKind::failed, "full", ""};
  };
  const auto reply = ask(client_.download(server_.address() + "/x", full));
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().message, "full");
}

class BlockingHttp : public ::testing::Test {
 protected:
  BlockingHttp() : thread_([this] { io_.run(); }) {}
  ~BlockingHttp() override {
    asio::post(io_, [this] { server_.stop(); });
    thread_.join();
  }
  asio::io_context io_;
  TinyHttpServer server_{io_, [](const TinyHttpServer::Request& request) {
                           TinyHttpServer::Reply reply;
                           reply.body() = request.target() == "/events"
                                              ? "event: job\ndata: {\"id\":1}\n\ndata: a\ndata: b\n\n"
                                              : std::string(request[http::field::content_type]);
                           return reply;
                         }};
  std::thread thread_;
};

TEST_F(BlockingHttp, ARequestSaysWhatItsBodyIs) {
  const auto limit = std::chrono::seconds(10);
  EXPECT_EQ(request("POST", server_.address(), "{}", limit)->body, "application/json");
  EXPECT_EQ(request("POST", server_.address(), "a = 1", limit)->body, "text/plain");
  EXPECT_EQ(request("GET", server_.address(), "", limit)->body, "");
}

TEST_F(BlockingHttp, EventsComeOneByOneUntilTheReaderHasEnough) {
  std::vector<std::string> seen;
  const auto read = events(
      server_.address() + "/events",
      [&](std::string_view event, std::string_view data) {
        seen.push_back(std::string(event) + "=" + std::string(data));
        return seen.size() < 2;
      },
      std::chrono::seconds(10));
  EXPECT_TRUE(read.has_value());
  EXPECT_THAT(seen, ::testing::ElementsAre("job={\"id\":1}", "message=a\nb"));
}

TEST_F(BlockingHttp, AStreamThatTheServerEndsIsNoted) {
  const auto read = events(
      server_.address() + "/events", [](std::string_view, std::string_view) { return true; },
      std::chrono::seconds(10));
  EXPECT_EQ(read.error().kind, ErrorKind::unavailable);
}

TEST(BlockingHttpAlone, AStopEndsASilentStream) {
  asio::io_context io;
  asio::ip::tcp::acceptor silent(io, {asio::ip::address_v4::loopback(), 0});
  std::stop_source source;
  const auto url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";
  std::jthread stopper([&] {
    silent.accept();
    source.request_stop();
  });
  const auto read = events(
      url, [](std::string_view, std::string_view) { return true; }, std::chrono::minutes(10),
      source.get_token());
  EXPECT_TRUE(read.has_value());
}

TEST(EventStream, PiecesOfAnySizeGiveTheSameEvents) {
  const std::string text =
      ": comment\r\nevent: a\r\ndata: 1\r\n\r\ndata\n\nevent: only\n\ndata: {\"x\": 1}\rdata:2\r\r";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    EventStreamParser parser;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < text.size(); at += piece)
      for (const auto& event : parser.feed(text.substr(at, piece)))
        seen.push_back(event.event + "=" + event.data);
    EXPECT_THAT(seen, ::testing::ElementsAre("a=1", "message=", "message={\"x\": 1}\n2")) << piece;
  }
}

}  // namespace
}  // namespace espalier::net
