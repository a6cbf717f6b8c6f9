// Artifacts between the coordinator's store and this worker's cache. Lives on the agent's loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <string>

#include "common/artifact/artifact_store.hpp"
#include "common/base/result.hpp"
#include "common/net/http_client.hpp"
#include "common/wire/messages.hpp"
#include "worker/agent/disk_threads.hpp"

namespace espalier::agent {

enum class KeepCopy { no, yes };  // in the cache: the next stage may well run here

// Errors: unavailable if the coordinator can't be reached, which may pass; anything else won't pass by trying
// again.
class Transfers {
 public:
  Transfers(boost::asio::io_context& io, DiskThreads& disk, artifact::ArtifactStore cache);

  // One try; the file stays in the cache, checked against its hash. `http` is the coordinator's address.
  boost::asio::awaitable<Result<std::filesystem::path>> fetch(std::string http, wire::Input input);

  // One try: asks first whether the store has the bytes already.
  boost::asio::awaitable<Result<wire::Output>> publish(std::string http, std::string name,
                                                       std::filesystem::path file, KeepCopy keep);

 private:
  artifact::ArtifactStore cache_;
  net::HttpClient client_;
  DiskThreads& disk_;
};

}  // namespace espalier::agent
