#include "worker/agent/transfers.hpp"

#include <optional>
#include <utility>

namespace espalier::agent {
namespace asio = boost::asio;
namespace {

std::string artifact_url(const std::string& http, const std::string& hash) {
  return http + "/api/v1/artifacts/" + hash;
}

Error refused(const std::string& what, const std::string& hash, const net::HttpReply& reply) {
  // A server in trouble may recover; what it refuses it will refuse again.
  const bool may_pass = reply.status >= 500 && reply.status != 507;
  return {may_pass ? ErrorKind::unavailable : ErrorKind::failed,
          "the coordinator's store answered status " + std::to_string(reply.status) + " when artifact " +
              hash + " was " + what + (reply.body.empty() ? "" : ": " + reply.body.substr(0, 300)),
          ""};
}

struct WriteTo {
  artifact::Upload* upload;
  Result<void> operator()(std::span<const std::byte> bytes) const { return upload->write(bytes); }
};

struct Finish {
  artifact::Upload* upload;
  ContentHash expected;
  Result<ContentHash> operator()() const { return upload->finish(expected); }
};

// Where the bytes to send lie, and their hash.
struct Source {
  std::filesystem::path file;
  std::string hash;
};

struct Prepare {
  artifact::ArtifactStore* cache;
  std::filesystem::path file;
  KeepCopy keep;
  Result<Source> operator()() const {
    if (keep == KeepCopy::yes) {
      auto hash = cache->put(file);
      if (!hash) return hash.error();
      return Source{cache->path_of(*hash), hash->value};
    }
    auto hash = sha256_hex_of_file(file);
    if (!hash) return hash.error();
    return Source{file, *hash};
  }
};

}  // namespace

Transfers::Transfers(asio::io_context& io, DiskThreads& disk, artifact::ArtifactStore cache)
    : cache_(std::move(cache)), client_(io.get_executor()), disk_(disk) {}

asio::awaitable<Result<std::filesystem::path>> Transfers::fetch(std::string http, wire::Input input) {
  if (!is_sha256_hex(input.hash))
    co_return Error{ErrorKind::failed, "input " + input.role + " has no valid hash: " + input.hash, ""};
  const ContentHash hash{input.hash};
  if (cache_.has(hash)) co_return cache_.path_of(hash);
  auto upload = cache_.begin();
  if (!upload) co_return upload.error();
  const net::HttpClient::Sink sink = WriteTo{&*upload};
  const auto url = artifact_url(http, hash.value);
  const auto reply = co_await client_.download(url, sink);
  if (!reply) co_return reply.error();
  if (reply->status != 200) co_return refused("fetched", hash.value, *reply);
  Finish finish{&*upload, hash};
  const auto finished = co_await disk_.run(std::move(finish));
  if (!finished) co_return finished.error();
  co_return cache_.path_of(hash);
}

asio::awaitable<Result<wire::Output>> Transfers::publish(std::string http, std::string name,
                                                         std::filesystem::path file, KeepCopy keep) {
  Prepare prepare{&cache_, std::move(file), keep};
  auto source = co_await disk_.run(std::move(prepare));
  if (!source) co_return source.error();
  std::error_code failed;
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(source->file, failed));
  if (failed) co_return Error{ErrorKind::failed, source->file.string() + " vanished", ""};
  wire::Output output{std::move(name), source->hash, bytes};
  const auto url = artifact_url(http, output.hash);
  const auto known = co_await client_.head(url);
  if (!known) co_return known.error();
  if (known->status == 200) co_return output;
  const auto stored = co_await client_.upload(url, source->file);
  if (!stored) co_return stored.error();
  if (!stored->succeeded()) co_return refused("stored", output.hash, *stored);
  co_return output;
}

}  // namespace espalier::agent
