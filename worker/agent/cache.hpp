// The files that this worker has: as many bytes as it may keep, the least recently used go first. A pinned
// one stays, and so the limit may be passed for a while. Lives on the agent's loop; only `open` and `remove`
// block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/artifact/artifact_store.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace espalier::agent {

inline constexpr std::int64_t kDefaultCacheBytes = std::int64_t{10} << 30;

class Cache {
 public:
  // Finds again what an earlier process left. Files that a power cut may have spoilt count as unchecked.
  static Result<Cache> open(const std::filesystem::path& folder, std::int64_t limit_bytes);

  class Pin {  // while it lives, the artifact's file isn't taken away
   public:
    Pin() = default;
    Pin(Pin&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Pin& operator=(Pin&& other) noexcept {
      std::swap(count_, other.count_);
      return *this;
    }

   private:
    friend class Cache;
    explicit Pin(std::shared_ptr<void> count) : count_(std::move(count)) {}
    std::shared_ptr<void> count_;  // shared by all pins of one artifact
  };
  [[nodiscard]] Pin pin(const ContentHash& hash);

  [[nodiscard]] bool has(const ContentHash& hash) const { return files_.contains(hash.value); }
  [[nodiscard]] bool is_unchecked(const ContentHash& hash) const;
  [[nodiscard]] std::filesystem::path path_of(const ContentHash& hash) const { return store_.path_of(hash); }
  void use(const ContentHash& hash);  // it was checked, and needed just now
  void add(const ContentHash& hash);  // its file is in the store now
  void forget(const ContentHash& hash);
  // What has to go to keep to the limit. It is out of the books; the caller removes the files.
  [[nodiscard]] std::vector<std::filesystem::path> take_surplus();

  [[nodiscard]] artifact::ArtifactStore& store() { return store_; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }

 private:
  struct File {
    std::int64_t bytes = 0;
    std::uint64_t used = 0;  // when, as a number that rises with every use
    bool unchecked = false;
  };
  Cache(artifact::ArtifactStore store, std::int64_t limit_bytes)
      : store_(std::move(store)), limit_bytes_(limit_bytes) {}
  void find_files(const std::filesystem::path& folder, bool unchecked);

  artifact::ArtifactStore store_;
  std::int64_t limit_bytes_ = 0;
  std::int64_t bytes_ = 0;
  std::uint64_t uses_ = 0;
  std::map<std::string, File> files_;
  std::set<std::pair<std::uint64_t, std::string>> by_use_;
  std::map<std::string, std::weak_ptr<void>> pins_;
};

}  // namespace espalier::agent
