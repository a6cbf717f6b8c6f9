// The database as one file: PostgreSQL's own pg_dump and pg_restore, as children. Calls block; make them from
// the main thread (see common/base/child_process.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace espalier::store {

struct ReferencedArtifact {
  ContentHash hash;
  std::optional<std::int64_t> bytes;  // unset for a user's file
  bool is_checkpoint = false;         // and nothing else: it may be collected as garbage meanwhile
};

// Called a few times a second while a child works.
using Waiting = std::function<void()>;

// One state of the database, however it changes, for as long as this lives.
class Snapshot {
 public:
  // Errors: not_found if there is no Espalier in the database, unavailable if there is no database.
  static Result<Snapshot> take(const std::string& connection);
  Snapshot(Snapshot&&) noexcept;
  Snapshot& operator=(Snapshot&&) noexcept;
  ~Snapshot();

  [[nodiscard]] const std::vector<ReferencedArtifact>& artifacts() const;  // checkpoints first
  [[nodiscard]] int schema_version() const;                                // of the newest migration
  [[nodiscard]] int server_version() const;                                // 150004 is 15.4

  // Writes schema `espalier` to that file, which must not exist, in pg_dump's custom format.
  Result<void> dump(const std::filesystem::path& file, const Waiting& waiting) const;

 private:
  struct State;
  explicit Snapshot(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

int newest_schema_version();  // that this program knows

// A database on its way back. No coordinator can begin to work on it meanwhile.
class Restoration {
 public:
  // Errors: busy if a coordinator works on the database or waits to, or if it holds jobs and may not be
  // replaced.
  static Result<Restoration> begin(const std::string& connection, bool replace);
  Restoration(Restoration&&) noexcept;
  ~Restoration();

  // All of the dump or nothing: on an error the database is as it was.
  Result<void> load(const std::filesystem::path& dump, const Waiting& waiting);
  // Brings it to the present schema, so that a coordinator may begin; `reason` goes to the events. The
  // checkpoints of these files are forgotten.
  Result<void> finish(const std::string& reason, const std::vector<ContentHash>& lost_checkpoints);

 private:
  struct State;
  explicit Restoration(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace espalier::store
