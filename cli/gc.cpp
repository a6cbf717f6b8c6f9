// espalier gc: removes artifacts that nobody needs any more.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "cli/job_choice.hpp"

namespace espalier::cli {
namespace {

struct GcOptions {
  CoordinatorChoice coordinator;
  bool dry_run = false;
  int keep_days = 0;
  bool json = false;
};

Result<int> gc(const GcOptions& options) {
  const auto client = client_of(options.coordinator);
  if (!client) return client.error();
  const auto collected = client->collect_garbage(options.dry_run, options.keep_days);
  if (!collected) return collected.error();
  if (options.json) {
    std::cout << json::serialize(*collected) << "\n";
    return 0;
  }
  for (const auto& file : collected->at("files").as_array())
    std::cout << fmt::format("{}  {:>14}\n", file.at("hash").as_string().c_str(),
                             file.at("bytes").to_number<std::int64_t>());
  const auto& partial = collected->at("partial");
  std::cout << fmt::format(
      "{} {} artifacts, {} bytes, and {} unfinished uploads, {} bytes\n",
      options.dry_run ? "would remove" : "removed", collected->at("count").to_number<std::int64_t>(),
      collected->at("bytes").to_number<std::int64_t>(), partial.at("count").to_number<std::int64_t>(),
      partial.at("bytes").to_number<std::int64_t>());
  return 0;
}

}  // namespace

void add_gc(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<GcOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("gc", "Remove artifacts that no task needs");
  command->footer(R"(
Example:
  espalier gc --dry-run
  espalier gc --keep-days 7

Never removed: outputs and inputs of tasks, the newest checkpoint of a task without a result, and whatever is younger
than an hour or than the oldest attempt that runs.)");
  command->add_flag("--dry-run", options->dry_run, "Only say what would go");
  command->add_option("--keep-days", options->keep_days, "Keep what is younger, instead of an hour")
      ->check(CLI::Range(1, 36'500));
  command->add_flag("--json", options->json, "Print an object");
  add_options(*command, options->coordinator);
  command->callback([options, &chosen] { chosen = [options] { return gc(*options); }; });
}

}  // namespace espalier::cli
