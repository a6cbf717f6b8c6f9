// Transfers against a store that breaks off, lies, or is full.
#include "worker/agent/transfers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

#include "common/base/files.hpp"
#include "common/base/hash.hpp"
#include "common/net/task_group.hpp"
#include "tests/unit/wire/run_loop.hpp"

namespace espalier::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using espalier::testing::run_until;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Answers each request with the next of its scripts, word for word, and closes. An upload is read up to
// `read_most` bytes of its body first.
class ScriptedStore {
 public:
  explicit ScriptedStore(asio::io_context& io)
      : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), tasks_(io.get_executor()) {
    tasks_.spawn("store", serve());
  }
  std::vector<std::string> answers;
  std::vector<std::string> requests;  // "GET /… range", as far as they matter
  std::vector<std::string> bodies;

  [[nodiscard]] std::string address() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  void stop() { tasks_.cancel(); }
  [[nodiscard]] bool stopped() const { return tasks_.empty(); }

 private:
  static std::string after(const std::string& text, const std::string& mark,
                           const std::string& fallback = "") {
    const auto at = text.find(mark);
    if (at == std::string::npos) return fallback;
    return text.substr(at + mark.size(), text.find("\r\n", at + mark.size()) - at - mark.size());
  }
  asio::awaitable<void> serve() {
    for (std::size_t next = 0;; ++next) {
      auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
      std::string text;
      boost::system::error_code failure;
      const auto size = co_await asio::async_read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n",
                                                        asio::redirect_error(asio::use_awaitable, failure));
      const auto head = text.substr(0, size);
      auto line = head.substr(0, head.find(" HTTP/"));
      line = line.substr(0, line.find("/api")) + line.substr(std::min(line.size(), line.find('?')));
      const auto range = after(head, "Range: ");
      requests.push_back(line + range);
      auto body = text.substr(size);
      body.resize(std::stoul(after(head, "Content-Length: ", "0")));
      if (body.size() > text.size() - size)
        co_await asio::async_read(
            socket, asio::buffer(body.data() + text.size() - size, body.size() - (text.size() - size)),
            asio::redirect_error(asio::use_awaitable, failure));
      bodies.push_back(body);
      const auto answer =
          next < answers.size() ? answers[next] : std::string("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
      co_await asio::async_write(socket, asio::buffer(answer),
                                 asio::redirect_error(asio::use_awaitable, failure));
    }
  }
  tcp::acceptor acceptor_;
  net::TaskGroup tasks_;
};

std::string whole(const std::string& body, std::size_t announced) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(announced) + "\r\nConnection: close\r\n\r\n" +
         body;
}
std::string rest(const std::string& all, std::size_t first) {
  return "HTTP/1.1 206 Partial\r\nContent-Range: bytes " + std::to_string(first) + "-" +
         std::to_string(all.size() - 1) + "/" + std::to_string(all.size()) +
         "\r\nContent-Length: " + std::to_string(all.size() - first) + "\r\nConnection: close\r\n\r\n" +
         all.substr(first);
}
const std::string kNotThere = "HTTP/1.1 404 No\r\nConnection: close\r\n\r\n";
const std::string kCreated = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

template <class T>
asio::awaitable<void> keep(asio::awaitable<Result<T>> work, std::optional<Result<T>>* out) {
  *out = co_await std::move(work);
}

class TransfersOfFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "transfers_test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    open();
  }
  void TearDown() override {
    store_.stop();
    EXPECT_TRUE(run_until(io_, [this] { return store_.stopped() && tasks_.empty(); }));
    std::filesystem::remove_all(folder_);
  }
  void open() {
    transfers_.reset();
    transfers_ = std::make_unique<Transfers>(io_, disk_, Cache::open(folder_ / "cache", 1 << 30).value());
  }
  template <class T>
  Result<T> ask(asio::awaitable<Result<T>> work) {
    std::optional<Result<T>> result;
    tasks_.spawn("work", keep(std::move(work), &result));
    EXPECT_TRUE(run_until(io_, [&] { return result.has_value(); }));
    return std::move(*result);
  }
  Result<Fetched> fetch() { return ask(transfers_->fetch(store_.address(), wire::Input{"model", hash_, 0})); }
  Result<void> send(const Outgoing& outgoing) { return ask(transfers_->send(store_.address(), &outgoing)); }
  Outgoing outgoing() {
    std::ofstream(folder_ / "model.pt") << bytes_;
    return ask(transfers_->prepare("model", folder_ / "model.pt", KeepCopy::yes)).value();
  }

  std::string bytes_ = std::string(1'500'000, 'a') + std::string(1'500'000, 'b');
  std::string hash_ = sha256_hex(bytes_);
  std::filesystem::path folder_;
  asio::io_context io_;
  DiskThreads disk_;
  ScriptedStore store_{io_};
  std::unique_ptr<Transfers> transfers_;
  net::TaskGroup tasks_{io_.get_executor()};
};

TEST_F(TransfersOfFiles, ABrokenDownloadGoesOnWhereItStoppedAlsoAfterARestart) {
  store_.answers = {whole(bytes_.substr(0, 2'000'000), bytes_.size()), rest(bytes_, 2'000'000)};
  const auto broken = fetch();
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().kind, ErrorKind::unavailable);
  open();
  const auto fetched = fetch();
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_THAT(store_.requests, ElementsAre("GET ", "GET bytes=2000000-"));
  EXPECT_EQ(read_file(fetched->path).value(), bytes_);
}

TEST_F(TransfersOfFiles, AStoreThatKnowsNoRangesSendsTheWholeAgain) {
  store_.answers = {whole(bytes_.substr(0, 2'000'000), bytes_.size()), whole(bytes_, bytes_.size())};
  EXPECT_FALSE(fetch().has_value());
  const auto fetched = fetch();
  ASSERT_TRUE(fetched.has_value());
  EXPECT_EQ(read_file(fetched->path).value(), bytes_);
}

TEST_F(TransfersOfFiles, SpoiltBytesAreThrownAwayAndAskedForOnceMore) {
  store_.answers = {whole(std::string(3'000'000, 'x'), bytes_.size()), whole(bytes_, bytes_.size())};
  ASSERT_TRUE(fetch().has_value());
  EXPECT_THAT(store_.requests, ElementsAre("GET ", "GET "));
}

TEST_F(TransfersOfFiles, BytesThatAreSpoiltTwiceAreRefusedAndNothingIsKept) {
  const auto spoilt = whole(std::string(3'000'000, 'x'), bytes_.size());
  store_.answers = {spoilt, spoilt};
  const auto refused = fetch();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::failed);
  EXPECT_THAT(refused.error().message, HasSubstr(hash_));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "cache"))
    EXPECT_TRUE(entry.is_directory() || entry.path().filename() == "boot") << entry.path();
}

TEST_F(TransfersOfFiles, TwoThatWantTheSameFileShareOneDownload) {
  store_.answers = {whole(bytes_, bytes_.size())};
  std::optional<Result<Fetched>> first, second;
  tasks_.spawn("one", keep(transfers_->fetch(store_.address(), wire::Input{"model", hash_, 0}), &first));
  tasks_.spawn("two", keep(transfers_->fetch(store_.address(), wire::Input{"baseline", hash_, 0}), &second));
  ASSERT_TRUE(run_until(io_, [&] { return first && second; }));
  EXPECT_TRUE(first->has_value() && second->has_value());
  EXPECT_EQ(store_.requests.size(), 1U);
}

TEST_F(TransfersOfFiles, ACachedFileThatIsNotWhatItWasIsFetchedAgain) {
  store_.answers = {whole(bytes_, bytes_.size()), whole(bytes_, bytes_.size())};
  const auto path = fetch()->path;
  std::ofstream(path) << "zeros, as after a power cut";
  std::ofstream(folder_ / "cache" / "boot") << "another boot";
  open();
  ASSERT_TRUE(fetch().has_value());
  EXPECT_EQ(store_.requests.size(), 2U);
  EXPECT_EQ(read_file(path).value(), bytes_);
}

TEST_F(TransfersOfFiles, ABrokenUploadGoesOnWhereItStopped) {
  const auto file = outgoing();
  store_.answers = {"HTTP/1.1 404 No\r\nUpload-Offset: 1000000\r\nConnection: close\r\n\r\n", kCreated};
  ASSERT_TRUE(send(file).has_value());
  EXPECT_THAT(store_.requests, ElementsAre("HEAD ", "PUT ?offset=1000000"));
  EXPECT_TRUE(store_.bodies.at(1) == bytes_.substr(1'000'000));
}

TEST_F(TransfersOfFiles, AnUploadWhoseFirstPartIsSpoiltThereStartsAnew) {
  const auto file = outgoing();
  store_.answers = {"HTTP/1.1 404 No\r\nUpload-Offset: 1000000\r\nConnection: close\r\n\r\n",
                    "HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", kCreated};
  ASSERT_TRUE(send(file).has_value());
  EXPECT_THAT(store_.requests, ElementsAre("HEAD ", "PUT ?offset=1000000", "PUT "));
  EXPECT_TRUE(store_.bodies.at(2) == bytes_);
}

TEST_F(TransfersOfFiles, AFullDiskOfTheStoreMayPassAndARefusalMayNot) {
  const auto file = outgoing();
  store_.answers = {kNotThere, "HTTP/1.1 507 Full\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    kNotThere, "HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"};
  EXPECT_EQ(send(file).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(send(file).error().kind, ErrorKind::failed);
}

}  // namespace
}  // namespace espalier::agent
