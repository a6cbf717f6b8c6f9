// Artifacts between the coordinator's store and this worker's cache. Lives on the agent's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "common/base/result.hpp"
#include "common/net/http_client.hpp"
#include "common/wire/messages.hpp"
#include "worker/agent/cache.hpp"
#include "worker/agent/disk_threads.hpp"

namespace espalier::agent {

enum class KeepCopy { no, yes };  // in the cache: the next stage may well run here

struct Fetched {
  std::filesystem::path path;
  Cache::Pin pin;
};

struct Outgoing {  // a file whose hash is known
  wire::Output output;
  std::filesystem::path path;
  Cache::Pin pin;
};

// Errors: unavailable if the coordinator can't be reached or a disk is full, which may pass; anything else
// won't pass by trying again.
class Transfers {
 public:
  Transfers(boost::asio::io_context& io, DiskThreads& disk, Cache cache, net::HttpLimits limits = {});

  // What the coordinator's store asks for from now on, and the certificate (PEM) that it has.
  Result<void> set_access(const std::optional<std::string>& token,
                          const std::optional<std::string>& certificate);

  // One try. The file is in the cache and stays there while it is pinned. What a broken transfer brought is
  // kept for the next try; bytes that hash wrongly are thrown away, and asked for once more. Several that
  // want the same file at once share one transfer. `http` is the coordinator's address.
  boost::asio::awaitable<Result<Fetched>> fetch(std::string http, wire::Input input);

  // With KeepCopy::yes the cache takes the file itself.
  boost::asio::awaitable<Result<Outgoing>> prepare(std::string name, std::filesystem::path file,
                                                   KeepCopy keep);
  // One try: asks first what the store has of it, and sends the rest. `outgoing` outlives the call.
  boost::asio::awaitable<Result<void>> send(std::string http, const Outgoing* outgoing);

 private:
  boost::asio::awaitable<Result<void>> wait_for_others(ContentHash hash);
  boost::asio::awaitable<bool> find(ContentHash hash);
  boost::asio::awaitable<Result<void>> download(std::string url, ContentHash hash);
  boost::asio::awaitable<Result<void>> download_once(std::string url, ContentHash hash);
  boost::asio::awaitable<void> keep_to_limit();

  Cache cache_;
  net::HttpClient client_;
  DiskThreads& disk_;
  std::set<std::string> on_their_way_;  // hashes
  boost::asio::steady_timer arrival_;   // never expires; cancelled when a transfer has ended
};

}  // namespace espalier::agent
