// Makes a backup, restores one, and compares artifacts with what the database says of them. Calls block; make
// them from the main thread, since they start children.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace espalier::backup {

// Where the database and its artifacts are. Without a folder, artifacts are left out.
struct Place {
  std::string database;
  std::optional<std::filesystem::path> artifacts;
};

// What is being done, and how far: bytes, or files for a check; `of` is 0 if nobody knows.
using Progress = std::function<void(const char* what, std::int64_t done, std::int64_t of)>;

struct BackedUp {
  std::int64_t artifacts = 0, bytes = 0;  // of artifacts
  std::vector<ContentHash> missing;       // not in the folder: nothing of them is in the backup
  std::vector<ContentHash> damaged;       // other bytes than their name says; they are in the backup
};
// The file appears when it is complete; one of that name is replaced then.
Result<BackedUp> make(const Place& place, const std::filesystem::path& file, const Progress& progress);

struct Restored {
  std::string made_at;
  std::int64_t artifacts = 0, bytes = 0;  // that weren't there already
  std::vector<ContentHash> missing;       // already when the backup was made
  std::vector<ContentHash> damaged;       // not restored
  bool had_artifacts = false;
};
// `replace`: what the database holds goes. Artifacts that are there already stay. If the backup can't be read
// to its end, or its dump is damaged, the database is as it was before.
Result<Restored> restore(const Place& place, const std::filesystem::path& file, bool replace,
                         const Progress& progress);

struct FilesChecked {
  std::int64_t files = 0;
  struct Wrong {
    ContentHash hash;
    std::string what;  // "is missing", "has 3 bytes instead of 5000"
  };
  std::vector<Wrong> wrong;
};
// `hashes`: reads every byte of every file.
Result<FilesChecked> check_files(const Place& place, bool hashes, const Progress& progress);

}  // namespace espalier::backup
