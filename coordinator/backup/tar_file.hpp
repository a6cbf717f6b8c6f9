// A tar file, written or read in one pass (libarchive). Calls block on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/base/result.hpp"

namespace espalier::backup {

// Bytes of an entry as they go by.
using Piece = std::function<void(std::span<const std::byte>)>;

// Errors: unavailable if the disk is full, else failed.
class TarWriter {
 public:
  // Written as `path`.part, which only its owner may read, until `finish`.
  static Result<TarWriter> create(const std::filesystem::path& path);
  TarWriter(TarWriter&&) noexcept;
  ~TarWriter();  // removes what isn't finished

  Result<void> add(const std::string& name, std::string_view bytes);
  // Copies the file; `seen` gets every byte of it. It has to keep its size meanwhile.
  Result<void> add_file(const std::string& name, const std::filesystem::path& file, std::int64_t bytes,
                        const Piece& seen);
  Result<void> finish();  // synced, and renamed to `path`

 private:
  struct State;
  explicit TarWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class TarReader {
 public:
  static Result<TarReader> open(const std::filesystem::path& path);
  TarReader(TarReader&&) noexcept;
  ~TarReader();

  struct Entry {
    std::string name;
    std::int64_t bytes = 0;
  };
  Result<std::optional<Entry>> next();  // unset at the end
  // The bytes of the entry that `next` returned, until `use` objects.
  Result<void> read(const std::function<Result<void>(std::span<const std::byte>)>& use);

 private:
  struct State;
  explicit TarReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace espalier::backup
