#include "worker/agent/transfers.hpp"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "common/base/hash.hpp"
#include "common/base/log.hpp"

namespace espalier::agent {
namespace asio = boost::asio;
using artifact::ArtifactStore;
using artifact::Upload;
namespace {

constexpr int kOk = 200, kPartialContent = 206, kBadRequest = 400, kUnauthorized = 401, kConflict = 409,
              kRangeNotSatisfiable = 416;

std::string artifact_url(const std::string& http, const std::string& hash) {
  return http + "/api/v1/artifacts/" + hash;
}

Error refused(const std::string& what, const std::string& hash, const net::HttpReply& reply) {
  // A server in trouble may recover, a full disk too; what it refuses it will refuse again.
  // So may one that has been followed by another, whose Welcome is on its way with another token.
  const bool may_pass = reply.status >= 500 || reply.status == kConflict || reply.status == kUnauthorized;
  return {may_pass ? ErrorKind::unavailable : ErrorKind::failed,
          fmt::format("the coordinator's store answered status {} when artifact {} was {}{}{}", reply.status,
                      hash, what, reply.body.empty() ? "" : ": ", reply.body.substr(0, 300)),
          ""};
}

struct Resume {
  ArtifactStore* store;
  ContentHash hash;
  Result<Upload> operator()() const { return store->resume(hash, ArtifactStore::From::where_it_stopped); }
};

struct Finish {
  std::shared_ptr<Upload> upload;
  ContentHash expected;
  Result<ContentHash> operator()() const { return upload->finish(expected); }
};

struct Prepare {
  ArtifactStore* cache;
  std::filesystem::path file;
  KeepCopy keep;
  Result<ContentHash> operator()() const {
    if (keep == KeepCopy::yes) return cache->take(file);
    auto hash = sha256_hex_of_file(file);
    if (!hash) return hash.error();
    return ContentHash{std::move(*hash)};
  }
};

struct HashOf {
  std::filesystem::path file;
  Result<std::string> operator()() const { return sha256_hex_of_file(file); }
};

struct RemoveFiles {
  std::vector<std::filesystem::path> files;
  bool operator()() const {
    std::error_code ignored;  // what stays is found again by the next process
    for (const auto& file : files) std::filesystem::remove(file, ignored);
    return true;
  }
};

// A download's bytes on their way into the cache: hashed and written while the next ones arrive.
class Receiver final : public net::BlockSink {
 public:
  Receiver(asio::any_io_executor loop, asio::any_io_executor threads, const std::shared_ptr<Upload>& upload)
      : upload_(upload), behind_(std::move(loop), std::move(threads), consumers(upload)) {}

  Result<void> begin(std::uint64_t first) override {
    if (static_cast<std::uint64_t>(upload_->bytes()) == first) return {};
    if (first == 0) return upload_->start_again();
    return Error{ErrorKind::failed, "the coordinator's store sends another range than it was asked for", ""};
  }
  asio::awaitable<Result<void>> put(net::Block* block, std::size_t bytes) override {
    return behind_.put(block, bytes);
  }
  asio::awaitable<Result<void>> drain() { return behind_.drain(); }

 private:
  static std::vector<net::WriteBehind::Consumer> consumers(const std::shared_ptr<Upload>& upload) {
    std::vector<net::WriteBehind::Consumer> both;
    both.emplace_back([upload](std::span<const std::byte> bytes) {
      upload->hash(bytes);
      return Result<void>{};
    });
    both.emplace_back([upload](std::span<const std::byte> bytes) { return upload->append(bytes); });
    return both;
  }
  std::shared_ptr<Upload> upload_;
  net::WriteBehind behind_;
};

// The artifact is on its way while this lives.
class OnItsWay {
 public:
  OnItsWay(std::set<std::string>& all, asio::steady_timer& arrival, std::string hash)
      : all_(all), arrival_(arrival), hash_(std::move(hash)) {
    all_.insert(hash_);
  }
  OnItsWay(const OnItsWay&) = delete;
  OnItsWay& operator=(const OnItsWay&) = delete;
  ~OnItsWay() {
    all_.erase(hash_);
    arrival_.cancel();
  }

 private:
  std::set<std::string>& all_;
  asio::steady_timer& arrival_;
  std::string hash_;
};

std::int64_t number_in(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Transfers::Transfers(asio::io_context& io, DiskThreads& disk, Cache cache, net::HttpLimits limits)
    : cache_(std::move(cache)),
      client_(io.get_executor(), limits),
      disk_(disk),
      arrival_(io, asio::steady_timer::time_point::max()) {}

Result<void> Transfers::set_access(const std::optional<std::string>& token,
                                   const std::optional<std::string>& certificate) {
  net::HttpAccess access;
  access.token = token.value_or("");
  if (certificate) {
    auto pinned = net::TlsClient::pinned(*certificate);
    if (!pinned) return pinned.error();
    access.tls = std::move(*pinned);
  }
  client_.set_access(std::move(access));
  return {};
}

asio::awaitable<Result<void>> Transfers::wait_for_others(ContentHash hash) {
  while (on_their_way_.contains(hash.value)) {
    boost::system::error_code woken;
    co_await arrival_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw boost::system::system_error(woken);
  }
  co_return Result<void>{};
}

asio::awaitable<bool> Transfers::find(ContentHash hash) {
  if (!cache_.has(hash)) co_return false;
  if (cache_.is_unchecked(hash)) {
    HashOf of{cache_.path_of(hash)};
    const auto found = co_await disk_.run(std::move(of));
    if (!found || *found != hash.value) {
      log::warn("{} is not what it was and is fetched again", cache_.path_of(hash).string());
      cache_.forget(hash);
      co_return false;
    }
  }
  cache_.use(hash);
  co_return true;
}

asio::awaitable<Result<Fetched>> Transfers::fetch(std::string http, wire::Input input) {
  if (!is_sha256_hex(input.hash))
    co_return Error{ErrorKind::failed, "input " + input.role + " has no valid hash: " + input.hash, ""};
  const ContentHash hash{input.hash};
  Fetched fetched{cache_.path_of(hash), cache_.pin(hash)};
  const auto waited = co_await wait_for_others(hash);
  if (!waited) co_return waited.error();
  const OnItsWay mark(on_their_way_, arrival_, hash.value);
  const bool here = co_await find(hash);
  if (here) co_return fetched;
  const auto url = artifact_url(http, hash.value);
  const auto downloaded = co_await download(url, hash);
  if (!downloaded) co_return downloaded.error();
  cache_.add(hash);
  co_await keep_to_limit();
  co_return fetched;
}

asio::awaitable<Result<void>> Transfers::download(std::string url, ContentHash hash) {
  auto done = co_await download_once(url, hash);
  if (!done && done.error().kind == ErrorKind::usage) {
    log::warn("{}; it is fetched once more", done.error().message);
    done = co_await download_once(url, hash);
  }
  if (!done && done.error().kind == ErrorKind::usage)
    co_return Error{ErrorKind::failed, done.error().message + ", twice",
                    "its file in the store may be spoilt"};
  co_return done;
}

asio::awaitable<Result<void>> Transfers::download_once(std::string url, ContentHash hash) {
  Resume resume{&cache_.store(), hash};
  auto begun = co_await disk_.run(std::move(resume));
  if (!begun) co_return begun.error();
  const auto upload = std::make_shared<Upload>(std::move(*begun));  // shared with the disk's threads
  const auto first = static_cast<std::uint64_t>(upload->bytes());
  Receiver receiver(arrival_.get_executor(), disk_.executor(), upload);
  const auto reply = co_await client_.download(url, first, &receiver);
  const auto drained = co_await receiver.drain();
  if (!drained) co_return drained.error();
  if (!reply) co_return reply.error();
  // With all of its bytes here already there is no range left to ask for.
  const bool all_here = reply->status == kRangeNotSatisfiable && first > 0;
  if (reply->status != kOk && reply->status != kPartialContent && !all_here)
    co_return refused("fetched", hash.value, *reply);
  Finish finish{upload, hash};
  const auto finished = co_await disk_.run(std::move(finish));
  if (!finished) co_return finished.error();
  co_return Result<void>{};
}

asio::awaitable<void> Transfers::keep_to_limit() {
  RemoveFiles removal{cache_.take_surplus()};
  if (!removal.files.empty()) co_await disk_.run(std::move(removal));
}

asio::awaitable<Result<Outgoing>> Transfers::prepare(std::string name, std::filesystem::path file,
                                                     KeepCopy keep) {
  std::error_code failed;
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(file, failed));
  if (failed) co_return Error{ErrorKind::failed, file.string() + " vanished", ""};
  Prepare prepare{&cache_.store(), file, keep};
  auto hash = co_await disk_.run(std::move(prepare));
  if (!hash) co_return hash.error();
  Outgoing outgoing{{std::move(name), hash->value, bytes}, std::move(file), {}};
  if (keep == KeepCopy::yes) {
    outgoing.path = cache_.path_of(*hash);
    outgoing.pin = cache_.pin(*hash);
    cache_.add(*hash);
    co_await keep_to_limit();
  }
  co_return outgoing;
}

asio::awaitable<Result<void>> Transfers::send(std::string http, const Outgoing* outgoing) {
  const auto& hash = outgoing->output.hash;
  const auto url = artifact_url(http, hash);
  const auto known = co_await client_.head(url);
  if (!known) co_return known.error();
  if (known->status == kOk) co_return Result<void>{};
  auto there = number_in(known->header("Upload-Offset"));
  if (there < 0 || there > outgoing->output.bytes) there = 0;
  for (;;) {
    const auto where = there == 0 ? url : fmt::format("{}?offset={}", url, there);
    const auto stored =
        co_await client_.upload(where, outgoing->path, static_cast<std::uint64_t>(there), disk_.executor());
    if (!stored) co_return stored.error();
    if (stored->succeeded()) co_return Result<void>{};
    // What an earlier try left there was spoilt, and is gone now.
    if (stored->status != kBadRequest || there == 0) co_return refused("stored", hash, *stored);
    there = 0;
  }
}

}  // namespace espalier::agent
