// Removes artifacts that nobody needs. What an attempt under way may be about to refer to was written or
// asked for since that attempt began (an upload precedes its result): so nothing is taken that is younger
// than the oldest.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>

#include "common/artifact/artifact_store.hpp"
#include "common/base/json.hpp"
#include "coordinator/runtime/store_thread.hpp"

namespace espalier::runtime {

inline constexpr std::chrono::seconds kGarbageGrace = std::chrono::hours(1);

struct GarbageOptions {
  bool dry_run = false;
  std::chrono::seconds grace = kGarbageGrace;  // nothing that was touched since
};

class Garbage {
 public:
  // `reader` is asked, `store` written to.
  Garbage(artifact::ArtifactStore& artifacts, StoreThread& store, StoreThread& reader)
      : artifacts_(artifacts), store_(store), reader_(reader) {}

  // {"dry_run", "files": [{"hash", "bytes"}], "count", "bytes", "partial": {"count", "bytes"}}: what was
  // removed, or would be. `files` holds the first thousand. Throws what the store throws.
  boost::asio::awaitable<json::object> collect(GarbageOptions options, std::int64_t epoch);

 private:
  artifact::ArtifactStore& artifacts_;
  StoreThread& store_;
  StoreThread& reader_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace espalier::runtime
