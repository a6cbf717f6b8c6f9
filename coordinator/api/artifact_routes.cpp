#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/base/hash.hpp"
#include "coordinator/api/file_transfer.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;
using artifact::ArtifactStore;
using artifact::Upload;

namespace {

constexpr std::size_t kPiece = 512 * 1024;

// Optional, since a coroutine on another executor has to have a default result.
asio::awaitable<std::optional<Result<Upload>>> begin_upload(ArtifactStore* store) {
  co_return store->begin();
}

asio::awaitable<Result<void>> write_piece(Upload* upload, std::span<const std::byte> bytes) {
  co_return upload->write(bytes);
}

asio::awaitable<Result<ContentHash>> finish_upload(Upload* upload, ContentHash expected) {
  co_return upload->finish(expected);
}

Error no_hash(const std::string& text) {
  std::string message("\"");
  message.append(text.substr(0, 80)).append("\" is no SHA-256");
  return {ErrorKind::usage, std::move(message), "an artifact's name is 64 lower-case hex digits"};
}

// The body into the upload; an error is ours to tell, and an unset one says that the peer has gone.
asio::awaitable<std::optional<Result<void>>> receive(Exchange* exchange, Upload* upload) {
  std::string piece(kPiece, '\0');
  for (;;) {
    const auto bytes = co_await exchange->read_piece(piece.data(), piece.size());
    if (!bytes) co_return std::nullopt;
    if (*bytes == 0) co_return Result<void>{};
    const auto span = std::as_bytes(std::span(piece.data(), *bytes));
    auto written =
        co_await asio::co_spawn(exchange->services().files, write_piece(upload, span), asio::use_awaitable);
    if (written.has_error()) co_return written;
  }
}

}  // namespace

asio::awaitable<void> put_artifact(Exchange* exchange) {
  const ContentHash hash{exchange->segments().at(3)};
  if (!is_sha256_hex(hash.value)) {
    auto refusal = no_hash(hash.value);
    co_await exchange->send_error(std::move(refusal));
    co_return;
  }
  const auto& files = exchange->services().files;
  auto& store = exchange->services().coordinator.artifacts();
  auto begun = co_await asio::co_spawn(files, begin_upload(&store), asio::use_awaitable);
  auto& upload = begun.value();
  if (upload.has_error()) {
    co_await exchange->send_error(upload.error());
    co_return;
  }
  const bool begins = co_await exchange->begin_body();
  if (!begins) co_return;
  const auto received = co_await receive(exchange, &*upload);
  if (!received) co_return;
  if (received->has_error()) {
    co_await exchange->send_error(received->error());
    co_return;
  }
  const auto bytes = upload->bytes();
  const auto stored = co_await asio::co_spawn(files, finish_upload(&*upload, hash), asio::use_awaitable);
  if (stored.has_error()) {
    // The bytes are wrong rather than we broken: so says the kind that the store gives for another hash.
    const auto code =
        stored.error().kind == ErrorKind::failed ? status::bad_request : status_of(stored.error().kind);
    co_await exchange->send_error(code, stored.error());
    co_return;
  }
  json::object body;
  body["hash"] = hash.value;
  body["bytes"] = bytes;
  co_await exchange->send_json(status::created, std::move(body));
}

asio::awaitable<void> get_artifact(Exchange* exchange) {
  const ContentHash hash{exchange->segments().at(3)};
  if (!is_sha256_hex(hash.value)) {
    auto refusal = no_hash(hash.value);
    co_await exchange->send_error(std::move(refusal));
    co_return;
  }
  const auto& store = exchange->services().coordinator.artifacts();
  if (!store.has(hash)) {
    Error missing{ErrorKind::not_found, "there is no artifact " + hash.value, ""};
    co_await exchange->send_error(std::move(missing));
    co_return;
  }
  std::string etag("\"");
  etag.append(hash.value).append("\"");
  FileToSend file{store.path_of(hash), "application/octet-stream", std::move(etag),
                  "private, max-age=31536000, immutable"};
  co_await send_file(exchange, std::move(file));
}

}  // namespace espalier::api
