// A folder of files named by the SHA-256 of their bytes. Writing is atomic: a name exists only with the right bytes.
// Used by the coordinator (the store) and by each worker (its cache). Calls block on the disk: not for an io loop
// with large files; the HTTP code reads and writes in chunks through `Upload` and `path_of`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace espalier::artifact {

class Upload {  // bytes on their way in; dropped unless `finish` accepts them
 public:
  Upload(Upload&&) noexcept;
  Upload& operator=(Upload&&) noexcept;
  ~Upload();
  Result<void> write(std::span<const std::byte> bytes);
  [[nodiscard]] std::int64_t bytes() const;
  // Syncs and gives the file its name. With `expected`, other bytes are refused and dropped.
  Result<ContentHash> finish(const std::optional<ContentHash>& expected = std::nullopt);

 private:
  friend class ArtifactStore;
  struct State;
  explicit Upload(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class ArtifactStore {
 public:
  static Result<ArtifactStore> open(std::filesystem::path folder);  // makes it; removes half-written leftovers

  [[nodiscard]] bool has(const ContentHash& hash) const;
  [[nodiscard]] std::filesystem::path path_of(const ContentHash& hash) const;  // <folder>/ab/cdef…
  [[nodiscard]] std::optional<std::int64_t> size_of(const ContentHash& hash) const;
  Result<Upload> begin();
  Result<ContentHash> put(const std::filesystem::path& file);  // copies the file in

 private:
  explicit ArtifactStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

}  // namespace espalier::artifact
