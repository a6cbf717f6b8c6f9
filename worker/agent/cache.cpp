#include "worker/agent/cache.hpp"

#include <algorithm>
#include <chrono>

#include "common/base/files.hpp"
#include "common/base/hash.hpp"
#include "common/base/log.hpp"

namespace espalier::agent {
namespace fs = std::filesystem;
namespace {

// Files are not synced here. So after the machine has started anew, they may hold other bytes than they had.
bool same_boot_as_before(const fs::path& folder) {
  const auto now = read_file("/proc/sys/kernel/random/boot_id");
  const auto before = read_file(folder / "boot");
  if (!now) return false;
  if (before && *before == *now) return true;
  if (auto noted = write_file_atomically(folder / "boot", *now); !noted)
    log::warn("{}", noted.error().message);
  return false;
}

}  // namespace

Result<Cache> Cache::open(const fs::path& folder, std::int64_t limit_bytes) {
  auto store = artifact::ArtifactStore::open(folder, artifact::Durability::process_end);
  if (!store) return store.error();
  Cache cache(std::move(*store), limit_bytes);
  cache.find_files(folder, !same_boot_as_before(folder));
  std::error_code ignored;
  for (const auto& path : cache.take_surplus()) fs::remove(path, ignored);
  return cache;
}

void Cache::find_files(const fs::path& folder, bool unchecked) {
  struct Found {
    fs::file_time_type used;
    std::string hash;
    std::int64_t bytes;
  };
  std::vector<Found> found;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    if (!entry->is_directory() || entry->path().filename().string().size() != 2) continue;
    for (fs::directory_iterator file(entry->path(), failed); !failed && file != end; file.increment(failed)) {
      auto hash = entry->path().filename().string() + file->path().filename().string();
      if (!is_sha256_hex(hash)) continue;
      found.push_back(
          {file->last_write_time(), std::move(hash), static_cast<std::int64_t>(file->file_size())});
    }
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.used < b.used; });
  for (const auto& file : found) {
    files_[file.hash] = {file.bytes, ++uses_, unchecked};
    by_use_.emplace(uses_, file.hash);
    bytes_ += file.bytes;
  }
}

Cache::Pin Cache::pin(const ContentHash& hash) {
  auto& known = pins_[hash.value];
  auto count = known.lock();
  if (!count) {
    count = std::make_shared<int>(0);
    known = count;
  }
  return Pin(std::move(count));
}

bool Cache::is_unchecked(const ContentHash& hash) const {
  const auto found = files_.find(hash.value);
  return found != files_.end() && found->second.unchecked;
}

void Cache::use(const ContentHash& hash) {
  const auto found = files_.find(hash.value);
  if (found == files_.end()) return;
  by_use_.erase({found->second.used, hash.value});
  found->second.used = ++uses_;
  found->second.unchecked = false;
  by_use_.emplace(uses_, hash.value);
  std::error_code ignored;  // the next process would merely find another order
  fs::last_write_time(path_of(hash), fs::file_time_type::clock::now(), ignored);
}

void Cache::add(const ContentHash& hash) {
  if (!has(hash)) {
    const auto bytes = store_.size_of(hash).value_or(0);
    files_[hash.value] = {bytes, 0, false};
    bytes_ += bytes;
  }
  use(hash);
}

void Cache::forget(const ContentHash& hash) {
  const auto found = files_.find(hash.value);
  if (found == files_.end()) return;
  bytes_ -= found->second.bytes;
  by_use_.erase({found->second.used, hash.value});
  files_.erase(found);
}

std::vector<fs::path> Cache::take_surplus() {
  std::erase_if(pins_, [](const auto& pin) { return pin.second.expired(); });
  std::vector<fs::path> surplus;
  for (auto oldest = by_use_.begin(); oldest != by_use_.end() && bytes_ > limit_bytes_;) {
    const ContentHash hash{oldest->second};
    ++oldest;
    if (pins_.contains(hash.value)) continue;
    surplus.push_back(path_of(hash));
    forget(hash);
  }
  return surplus;
}

}  // namespace espalier::agent
