#include <fmt/format.h>

#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <memory>

#include "common/base/hash.hpp"
#include "common/net/run_on.hpp"
#include "common/net/write_behind.hpp"
#include "coordinator/api/file_transfer.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;
using artifact::ArtifactStore;
using artifact::Upload;

namespace {

constexpr const char* kUploadOffset = "Upload-Offset";  // how many bytes of an unfinished artifact are here

// Shared with the threads that hash and write, which may go on for a moment after a request has ended.
using SharedUpload = std::shared_ptr<Upload>;

struct Resume {
  ArtifactStore* store;
  ContentHash hash;
  ArtifactStore::From from;
  Result<Upload> operator()() const { return store->resume(hash, from); }
};

struct Finish {
  SharedUpload upload;
  ContentHash expected;
  Result<ContentHash> operator()() const { return upload->finish(expected); }
};

Error no_hash(const std::string& text) {
  std::string message("\"");
  message.append(text.substr(0, 80)).append("\" is no SHA-256");
  return {ErrorKind::usage, std::move(message), "an artifact's name is 64 lower-case hex digits"};
}

std::optional<std::int64_t> parse_offset(const std::string& text) {
  std::int64_t offset = 0;
  if (text.empty()) return offset;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (wrong != std::errc{} || end != text.data() + text.size() || offset < 0) return std::nullopt;
  return offset;
}

Error too_large(std::uint64_t limit) {
  return {ErrorKind::usage, fmt::format("artifacts of more than {} bytes are not taken here", limit),
          "espalier-coordinator's --largest-artifact sets the limit"};
}

// A full disk is told apart from a database that is away: both pass, but by other means.
status status_of_upload(const Error& error) {
  return error.kind == ErrorKind::unavailable ? status::insufficient_storage : status_of(error.kind);
}

// The body into the upload; an error is ours to tell, and an unset one says that the peer has gone.
asio::awaitable<std::optional<Result<void>>> receive(Exchange* exchange, SharedUpload upload) {
  std::vector<net::WriteBehind::Consumer> consumers;
  consumers.emplace_back([upload](std::span<const std::byte> bytes) {
    upload->hash(bytes);
    return Result<void>{};
  });
  consumers.emplace_back([upload](std::span<const std::byte> bytes) { return upload->append(bytes); });
  net::WriteBehind behind(exchange->stream().get_executor(), exchange->services().files,
                          std::move(consumers));
  net::Block block(net::kBlock);
  const auto limit = exchange->services().security.largest_artifact;
  auto total = static_cast<std::uint64_t>(upload->bytes());
  for (;;) {
    std::size_t got = 0;
    const auto bytes = co_await exchange->read_piece(block, &got);
    total += got;
    Result<void> written;
    if (total > limit) {  // its length wasn't announced
      exchange->refuse(Refusal::body_too_large);
      written = too_large(limit);
    } else if (got > 0) {
      written = co_await behind.put(&block, got);
    }
    if (!bytes || got == 0 || !written) {
      const auto drained = co_await behind.drain();
      if (!bytes) co_return std::nullopt;
      if (drained && !written) co_return written;
      co_return drained;
    }
  }
}

asio::awaitable<void> send_conflict(Exchange* exchange, std::int64_t here) {
  auto made = exchange->response(status::conflict);
  const auto document = json::serialize(to_json(
      {ErrorKind::busy, fmt::format("{} bytes of this artifact are here, not as many as `offset` says", here),
       "HEAD says in Upload-Offset where to go on"}));
  made.set(kUploadOffset, std::to_string(here));
  made.set(http::field::content_type, "application/json; charset=utf-8");
  made.content_length(document.size());
  const bool open = co_await exchange->send_header(std::move(made));
  if (open) co_await exchange->write(asio::buffer(document));
}

}  // namespace

asio::awaitable<void> put_artifact(Exchange* exchange) {
  const ContentHash hash{exchange->segments().at(3)};
  if (!is_sha256_hex(hash.value)) {
    exchange->refuse(Refusal::path);
    auto refusal = no_hash(hash.value);
    co_await exchange->send_error(std::move(refusal));
    co_return;
  }
  const auto offset = parse_offset(exchange->parameter("offset"));
  if (!offset) {
    Error refusal{ErrorKind::usage, "offset is no number of bytes", ""};
    co_await exchange->send_error(std::move(refusal));
    co_return;
  }
  const auto& files = exchange->services().files;
  auto& store = exchange->services().coordinator.artifacts();
  const auto from = *offset == 0 ? ArtifactStore::From::start : ArtifactStore::From::where_it_stopped;
  Resume resume{&store, hash, from};
  auto begun = co_await net::run_on(files, std::move(resume));
  if (begun.has_error()) {
    const auto code = status_of_upload(begun.error());
    co_await exchange->send_error(code, begun.error());
    co_return;
  }
  const auto upload = std::make_shared<Upload>(std::move(*begun));
  if (upload->bytes() != *offset) {
    co_await send_conflict(exchange, upload->bytes());
    co_return;
  }
  const auto limit = exchange->services().security.largest_artifact;
  if (exchange->announced_length() > limit - std::min(limit, static_cast<std::uint64_t>(*offset))) {
    exchange->refuse(Refusal::body_too_large);
    auto refusal = too_large(limit);
    co_await exchange->send_error(status::payload_too_large, std::move(refusal));
    co_return;
  }
  const bool begins = co_await exchange->begin_body();
  if (!begins) co_return;
  const auto received = co_await receive(exchange, upload);
  if (!received) co_return;
  if (received->has_error()) {
    const auto code = status_of_upload(received->error());
    co_await exchange->send_error(code, received->error());
    co_return;
  }
  const auto bytes = upload->bytes();
  Finish finish{upload, hash};
  const auto stored = co_await net::run_on(files, std::move(finish));
  if (stored.has_error()) {
    const auto code = status_of_upload(stored.error());
    co_await exchange->send_error(code, stored.error());
    co_return;
  }
  exchange->services().metrics.count_artifact(HttpMetrics::Direction::in, bytes);
  json::object body;
  body["hash"] = hash.value;
  body["bytes"] = bytes;
  co_await exchange->send_json(status::created, std::move(body));
}

asio::awaitable<void> get_artifact(Exchange* exchange) {
  const ContentHash hash{exchange->segments().at(3)};
  if (!is_sha256_hex(hash.value)) {
    exchange->refuse(Refusal::path);
    auto refusal = no_hash(hash.value);
    co_await exchange->send_error(std::move(refusal));
    co_return;
  }
  auto& store = exchange->services().coordinator.artifacts();
  // A worker asks so before it refers to an artifact in a result: it must not be collected in between.
  const bool here = exchange->head() ? store.touch(hash) : store.has(hash);
  const auto partial = exchange->head() && !here ? store.partial_bytes(hash) : 0;
  if (partial > 0) {
    auto made = exchange->response(status::not_found);
    made.set(kUploadOffset, std::to_string(partial));
    co_await exchange->send_header(std::move(made));
    co_return;
  }
  if (!here) {
    Error missing{ErrorKind::not_found, "there is no artifact " + hash.value, ""};
    co_await exchange->send_error(std::move(missing));
    co_return;
  }
  std::string etag("\"");
  etag.append(hash.value).append("\"");
  FileToSend file{store.path_of(hash), "application/octet-stream", std::move(etag),
                  "private, max-age=31536000, immutable"};
  const auto sent = co_await send_file(exchange, std::move(file));
  if (sent) exchange->services().metrics.count_artifact(HttpMetrics::Direction::out, *sent);
}

}  // namespace espalier::api
