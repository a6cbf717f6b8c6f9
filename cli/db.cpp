// espalier db backup|restore|check: the whole of one Espalier as a file, back, and whether it is in order.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "cli/command.hpp"
#include "cli/state_database.hpp"
#include "common/base/json.hpp"
#include "coordinator/backup/backup.hpp"
#include "coordinator/store/check.hpp"

namespace espalier::cli {
namespace {

struct DbOptions {
  StateFolder state{kDefaultState};
  std::string database;
  std::string artifacts;
  bool without_artifacts = false;
  bool replace = false;
  bool hashes = false;
  bool json = false;
  std::filesystem::path file;
};

// Says how far it is, for what takes longer than two seconds: once a second, on standard error.
class ProgressLine {
 public:
  void operator()(const char* what, std::int64_t done, std::int64_t of) {
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::seconds(1);
    std::cerr << what << "…";
    if (of > 0)
      std::cerr << fmt::format(" {:.0f} %", 100.0 * static_cast<double>(done) / static_cast<double>(of));
    else if (done > 0)
      std::cerr << fmt::format(" {:.1f} MB", static_cast<double>(done) / 1e6);
    std::cerr << std::endl;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point next_ = Clock::now() + std::chrono::seconds(2);
};

backup::Place place_of(const DbOptions& options, const StateDatabase& database) {
  backup::Place place{database.connection(), std::nullopt};
  if (options.without_artifacts) return place;
  place.artifacts =
      options.artifacts.empty() ? options.state.artifacts() : std::filesystem::path(options.artifacts);
  return place;
}

// Of another database than the state folder's, nobody knows where the artifacts are.
std::optional<Error> objection_to(const DbOptions& options) {
  if (options.database.empty() || !options.artifacts.empty() || options.without_artifacts)
    return std::nullopt;
  return Error{ErrorKind::usage, "where are the artifacts of that database?",
               "name the coordinator's folder with --artifacts, or leave them out with --without-artifacts"};
}

// The first of some files, for a warning.
std::string some_of(const std::vector<ContentHash>& hashes) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(hashes.size(), 3); ++i) text += "\n  " + hashes[i].value;
  if (hashes.size() > 3) text += "\n  …";
  return text;
}

// Says which artifacts are missing or damaged; the exit code that this is worth.
int tell_losses(const std::vector<ContentHash>& missing, const std::vector<ContentHash>& damaged,
                const char* not_in, const char* of_damaged) {
  if (!missing.empty())
    std::cerr << fmt::format("espalier: warning: {} artifacts {}:{}\n", missing.size(), not_in,
                             some_of(missing));
  if (!damaged.empty())
    std::cerr << fmt::format("espalier: warning: {} artifacts {}:{}\n", damaged.size(), of_damaged,
                             some_of(damaged));
  if (missing.empty() && damaged.empty()) return 0;
  std::cerr << "  help: `espalier db check --hashes` says what they are needed for\n";
  return exit_code(ErrorKind::failed);
}

Result<int> make_backup(const DbOptions& options) {
  if (const auto wrong = objection_to(options)) return *wrong;
  const auto database =
      StateDatabase::open(options.state, options.database, StateDatabase::Access::beside_others);
  if (!database) return database.error();
  const auto made = backup::make(place_of(options, *database), options.file, ProgressLine());
  if (!made) return made.error();
  std::error_code unknown;
  std::cout << fmt::format("{}: {} bytes", options.file.string(),
                           std::filesystem::file_size(options.file, unknown));
  if (!options.without_artifacts)
    std::cout << fmt::format(", {} artifacts of {} bytes", made->artifacts, made->bytes);
  std::cout << "\n";
  return tell_losses(made->missing, made->damaged, "are missing, and so they are in the backup",
                     "hold other bytes than their name says, in the backup too");
}

Result<int> restore_backup(const DbOptions& options) {
  if (const auto wrong = objection_to(options)) return *wrong;
  if (!std::filesystem::exists(options.file))
    return Error{ErrorKind::not_found, "there is no file " + options.file.string(), ""};
  const auto database = StateDatabase::open(options.state, options.database, StateDatabase::Access::alone);
  if (!database) return database.error();
  const auto restored =
      backup::restore(place_of(options, *database), options.file, options.replace, ProgressLine());
  if (!restored) return restored.error();
  std::cout << "restored the backup of " << restored->made_at;
  if (restored->had_artifacts && !options.without_artifacts)
    std::cout << fmt::format(", and {} artifacts of {} bytes that were not there", restored->artifacts,
                             restored->bytes);
  std::cout << "\n";
  if (!restored->had_artifacts)
    std::cout << "It holds no artifacts: put those of the same time into place.\n";
  return tell_losses(restored->missing, restored->damaged, "were missing already when the backup was made",
                     "of the backup hold other bytes than their name says, and were left out");
}

// What is wrong with files as one more violation.
Result<std::optional<store::Violation>> check_files(const DbOptions& options, const backup::Place& place,
                                                    std::int64_t& files) {
  const auto checked = backup::check_files(place, options.hashes, ProgressLine());
  if (!checked) return checked.error();
  files = checked->files;
  if (checked->wrong.empty()) return std::optional<store::Violation>();
  std::vector<std::string> hashes;
  for (const auto& wrong : checked->wrong) hashes.push_back(wrong.hash.value);
  // Asked again: a checkpoint may have been collected as garbage since the database was asked for the list.
  const auto uses = store::uses_of(place.database, hashes);
  if (!uses) return uses.error();
  store::Violation violation{
      "files",
      "artifacts are missing or damaged",
      "copy them back from a backup with `espalier db restore`; what a task made it makes again "
      "in a new state folder",
      0,
      {}};
  for (std::size_t i = 0; i < uses->size(); ++i) {
    if ((*uses)[i] == store::kNoUse) continue;
    if (++violation.count <= 3)
      violation.examples.push_back(fmt::format("{} {}: {}", hashes[i], checked->wrong[i].what, (*uses)[i]));
  }
  return violation.count > 0 ? std::optional(std::move(violation)) : std::nullopt;
}

void print_json(const store::Checked& checked, std::int64_t files) {
  json::array violations;
  for (const auto& each : checked.violations) {
    json::array examples;
    for (const auto& example : each.examples) examples.emplace_back(example);
    violations.push_back(json::object{{"check", each.check},
                                      {"what", each.what},
                                      {"count", each.count},
                                      {"examples", std::move(examples)},
                                      {"help", each.help}});
  }
  std::cout << json::serialize(json::object{{"jobs", checked.jobs},
                                            {"trials", checked.trials},
                                            {"tasks", checked.tasks},
                                            {"attempts", checked.attempts},
                                            {"artifacts", files},
                                            {"violations", std::move(violations)}})
            << "\n";
}

void print_text(const store::Checked& checked, std::int64_t files, bool with_files) {
  for (const auto& each : checked.violations) {
    std::cout << fmt::format("{}: {} ({})\n", each.check, each.what, each.count);
    for (const auto& example : each.examples) std::cout << "  for example: " << example << "\n";
    std::cout << "  what to do: " << each.help << "\n";
  }
  std::cout << fmt::format("{} checks of {} jobs, {} trials, {} tasks, {} attempts", checked.checks,
                           checked.jobs, checked.trials, checked.tasks, checked.attempts);
  if (with_files) std::cout << fmt::format(" and {} artifacts", files);
  std::cout << (checked.violations.empty()
                    ? ": all is in order\n"
                    : fmt::format(": {} found something\n", checked.violations.size()));
}

Result<int> check(const DbOptions& options) {
  if (const auto wrong = objection_to(options)) return *wrong;
  const auto database =
      StateDatabase::open(options.state, options.database, StateDatabase::Access::beside_others);
  if (!database) return database.error();
  auto checked = store::check(database->connection());
  if (!checked) return checked.error();
  const auto place = place_of(options, *database);
  std::int64_t files = 0;
  if (place.artifacts) {
    auto wrong = check_files(options, place, files);
    if (!wrong) return wrong.error();
    ++checked->checks;
    if (*wrong) checked->violations.push_back(std::move(**wrong));
  }
  if (options.json)
    print_json(*checked, files);
  else
    print_text(*checked, files, place.artifacts.has_value());
  return checked->violations.empty() ? 0 : exit_code(ErrorKind::failed);
}

CLI::App* add_verb(CLI::App& group, const char* name, const char* about, const char* example,
                   DbOptions& options) {
  auto* verb = group.add_subcommand(name, about);
  verb->footer(example);
  verb->add_option("--state", options.state.root, "The state folder")->capture_default_str();
  verb->add_option("--database", options.database, "This PostgreSQL instead of the state folder's");
  verb->add_option("--artifacts", options.artifacts, "Folder of the artifacts; default: the state folder's");
  verb->add_flag("--without-artifacts", options.without_artifacts, "The database alone");
  return verb;
}

}  // namespace

void add_db(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<DbOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* group = app.add_subcommand("db", "Back up, restore or check database and artifacts");
  group->footer(R"(
Example:
  espalier db backup /backups/espalier-monday.tar
  espalier db check)");
  group->require_subcommand(1);

  auto* verb = add_verb(*group, "backup", "Write database and artifacts to one file, also while jobs run", R"(
Example:
  espalier db backup /backups/espalier-monday.tar
  espalier db backup --database postgresql://espalier@db/espalier --artifacts /srv/artifacts /backups/monday.tar

The file appears when it is complete. Exit code 1: it was written, but artifacts were missing or damaged already.)",
                        *options);
  verb->add_option("FILE", options->file, "The file to write")->required();
  verb->callback([options, &chosen] { chosen = [options] { return make_backup(*options); }; });

  verb = add_verb(*group, "restore", "Bring a backup back, into a new state folder or an empty database", R"(
Example:
  espalier db restore --state restored /backups/espalier-monday.tar
  espalier run --state restored my-job.toml

No coordinator may work on the database meanwhile. Workers that live on find their place by themselves.)",
                  *options);
  verb->add_option("FILE", options->file, "What `espalier db backup` wrote")->required();
  verb->add_flag("--replace", options->replace, "Jobs that the database holds go; artifacts stay");
  verb->callback([options, &chosen] { chosen = [options] { return restore_backup(*options); }; });

  verb = add_verb(*group, "check", "Say what of database and artifacts is not in order", R"(
Example:
  espalier db check
  espalier db check --hashes --json

Changes nothing, and may run at any time. Exit code 0: all is in order; 1: something is not.)",
                  *options);
  verb->add_flag("--hashes", options->hashes, "Read every byte of every artifact");
  verb->add_flag("--json", options->json, "One JSON object");
  verb->callback([options, &chosen] { chosen = [options] { return check(*options); }; });
}

}  // namespace espalier::cli
