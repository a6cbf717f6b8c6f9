// A folder of files named by the SHA-256 of their bytes. Writing is atomic: a name exists only with the right
// bytes. Used by the coordinator (the store) and by each worker (its cache). Calls block on the disk: not for
// an io loop with large files; the HTTP code reads and writes in chunks through `Upload` and `path_of`.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace espalier::artifact {

// Bytes on their way in; dropped unless `finish` accepts them. Errors: unavailable if the disk is full, which
// may pass; failed for what else a disk can say; usage for bytes that hash to something else than promised.
class Upload {
 public:
  Upload(Upload&&) noexcept;
  Upload& operator=(Upload&&) noexcept;
  ~Upload();
  Result<void> write(std::span<const std::byte> bytes);
  // The two halves of `write`, for two threads at once; each has to get all of the bytes in their order.
  void hash(std::span<const std::byte> bytes);
  Result<void> append(std::span<const std::byte> bytes);
  [[nodiscard]] std::int64_t bytes() const;
  // Syncs and gives the file its name. With `expected`, other bytes are refused and dropped.
  Result<ContentHash> finish(const std::optional<ContentHash>& expected = std::nullopt);
  Result<void> start_again();  // as if nothing had come yet

 private:
  friend class ArtifactStore;
  struct State;
  explicit Upload(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct PartialUploads;

// What a finished file has to survive. Syncing a large file takes longer than receiving it.
enum class Durability {
  power_cut,
  process_end,  // after a power cut a name may stand for other bytes: whoever uses the folder has to check
};

inline constexpr std::chrono::hours kPartialsAreKept{24};

struct StoredFile {
  using Time = std::filesystem::file_time_type;
  ContentHash hash;
  std::int64_t bytes = 0;
};

// Where a store in that folder keeps it: <folder>/ab/cdef…
std::filesystem::path stored_path(const std::filesystem::path& folder, const ContentHash& hash);

class ArtifactStore {
 public:
  // Makes it; removes half-written leftovers, but for those that may still be gone on with.
  static Result<ArtifactStore> open(std::filesystem::path folder,
                                    Durability durability = Durability::power_cut);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] bool has(const ContentHash& hash) const;
  [[nodiscard]] std::filesystem::path path_of(const ContentHash& hash) const;  // <folder>/ab/cdef…
  [[nodiscard]] std::optional<std::int64_t> size_of(const ContentHash& hash) const;
  Result<Upload> begin();
  // An upload whose bytes stay if it is dropped unfinished, so that the next one can go on there. It begins
  // with what is there (read once more for the hash), or from 0. While another one of the same artifact is
  // under way it is a plain one: from 0, and nothing stays.
  enum class From { where_it_stopped, start };
  Result<Upload> resume(const ContentHash& expected, From from);
  [[nodiscard]] std::int64_t partial_bytes(const ContentHash& expected) const;  // 0 if there is nothing
  Result<ContentHash> put(const std::filesystem::path& file);                   // copies the file in
  // Takes the file itself if it lies on the same disk, else a copy; it is gone afterwards.
  Result<ContentHash> take(const std::filesystem::path& file);

  // ---- what garbage collection rests on ----
  // Somebody is about to refer to it: from now on it counts as new. False if it isn't there.
  bool touch(const ContentHash& hash);
  // By when they were written or touched.
  [[nodiscard]] std::vector<StoredFile> files_older_than(StoredFile::Time time) const;
  // False if it was touched after all; the two exclude each other.
  bool remove_if_older_than(const ContentHash& hash, StoredFile::Time time);
  std::vector<std::int64_t> remove_partials_older_than(StoredFile::Time time, bool only_say);  // their sizes

 private:
  ArtifactStore(std::filesystem::path folder, Durability durability);
  std::filesystem::path folder_;
  Durability durability_ = Durability::power_cut;
  std::shared_ptr<PartialUploads> partials_;  // shared by the copies of this store and the uploads into it
};

}  // namespace espalier::artifact
