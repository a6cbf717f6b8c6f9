#include "coordinator/runtime/garbage.hpp"

#include <algorithm>
#include <functional>

#include "common/net/run_on.hpp"

namespace espalier::runtime {

namespace asio = boost::asio;
using artifact::ArtifactStore;
using artifact::StoredFile;

namespace {

constexpr std::size_t kAtOnce = 5'000;
constexpr std::size_t kMostListed = 1'000;
// Between the database's clock and the disk's.
constexpr std::chrono::minutes kClocksDiffer{5};

struct List {
  const ArtifactStore* store;
  StoredFile::Time before;
  std::vector<StoredFile> operator()() const { return store->files_older_than(before); }
};

struct Remove {
  ArtifactStore* store;
  std::vector<StoredFile> files;
  StoredFile::Time before;
  bool dry_run;
  std::vector<StoredFile> operator()() const {
    std::vector<StoredFile> removed;
    for (const auto& file : files)
      if (dry_run || store->remove_if_older_than(file.hash, before)) removed.push_back(file);
    return removed;
  }
};

struct RemovePartials {
  ArtifactStore* store;
  StoredFile::Time before;
  bool dry_run;
  std::vector<std::int64_t> operator()() const { return store->remove_partials_older_than(before, dry_run); }
};

}  // namespace

asio::awaitable<json::object> Garbage::collect(GarbageOptions options, std::int64_t epoch) {
  const auto now = StoredFile::Time::clock::now();
  std::function<std::optional<std::chrono::seconds>(store::Store&)> oldest = [](store::Store& store) {
    return store.oldest_attempt();
  };
  const auto attempt = co_await reader_.answer(std::move(oldest));
  auto grace = options.grace;
  if (attempt) grace = std::max<std::chrono::seconds>(grace, *attempt + kClocksDiffer);
  const auto before = now - grace;

  List list{&artifacts_, before};
  const auto candidates = co_await net::run_on(thread_.get_executor(), std::move(list));
  json::array files;
  std::int64_t count = 0, bytes = 0;
  for (std::size_t from = 0; from < candidates.size(); from += kAtOnce) {
    const auto end = std::min(candidates.size(), from + kAtOnce);
    std::vector<ContentHash> hashes;
    for (std::size_t i = from; i < end; ++i) hashes.push_back(candidates[i].hash);
    std::function<std::vector<ContentHash>(store::Store&)> question = [hashes](store::Store& store) {
      return store.unneeded_artifacts(hashes);
    };
    auto unneeded = co_await reader_.answer(std::move(question));
    std::sort(unneeded.begin(), unneeded.end());
    Remove removal{&artifacts_, {}, before, options.dry_run};
    for (std::size_t i = from; i < end; ++i)
      if (std::binary_search(unneeded.begin(), unneeded.end(), candidates[i].hash))
        removal.files.push_back(candidates[i]);
    const auto removed = co_await net::run_on(thread_.get_executor(), std::move(removal));
    for (const auto& file : removed) {
      ++count;
      bytes += file.bytes;
      if (files.size() < kMostListed) files.push_back({{"hash", file.hash.value}, {"bytes", file.bytes}});
    }
  }
  RemovePartials partials{&artifacts_, before, options.dry_run};
  const auto halves = co_await net::run_on(thread_.get_executor(), std::move(partials));
  std::int64_t half_bytes = 0;
  for (const auto size : halves) half_bytes += size;
  if (!options.dry_run) {
    std::function<bool(store::Store&)> work = [epoch](store::Store& store) {
      store.drop_ended_checkpoints(epoch);
      return true;
    };
    co_await store_.result(std::move(work));
  }
  co_return json::object{{"dry_run", options.dry_run},
                         {"files", std::move(files)},
                         {"count", count},
                         {"bytes", bytes},
                         {"partial", json::object{{"count", halves.size()}, {"bytes", half_bytes}}}};
}

}  // namespace espalier::runtime
