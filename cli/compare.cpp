// espalier compare TRIAL TRIAL: both models timed in turns on one device, and whether one is faster.
#include <fmt/format.h>

#include <iostream>
#include <optional>

#include "cli/command.hpp"
#include "cli/comparison_table.hpp"
#include "cli/follow.hpp"
#include "cli/job_choice.hpp"

namespace espalier::cli {
namespace {

constexpr const char* kExample = R"(
Example:
  espalier compare 12 34                                  # trials, as in `espalier sql "select id from trials"`
  espalier compare 12 34 --batch-sizes 1,8 --threads 1,4 --again
  espalier compare 12 12                                  # against itself: "can't tell", or something is wrong

It is measured where and how the first trial was, unless you say otherwise. The same comparison asked for again
is known; --again measures it anew. Without a running coordinator one is started for it in the state folder.)";

struct CompareOptions {
  CoordinatorChoice coordinator;
  std::optional<std::string> database;
  CoordinatorClient::Comparison comparison;
  bool json = false;
};

// A coordinator that runs already, or a local system for as long as it takes.
struct Place {
  std::unique_ptr<LocalSystem> system;
  std::optional<CoordinatorClient> client;
};

Result<Place> find_place(const CompareOptions& options, Interrupts& interrupts) {
  const auto& choice = options.coordinator;
  Place place;
  if (!choice.url.empty() || coordinator_of(choice.state)) {
    auto client = client_of(choice);
    if (!client) return client.error();
    place.client.emplace(std::move(*client));
    return place;
  }
  if (!options.database && !std::filesystem::exists(choice.state.postgres() / "data"))
    return Error{ErrorKind::not_found, "there are no trials in " + choice.state.root.string(),
                 "run a job first, or name its state folder with --state"};
  LocalOptions local;
  local.state = choice.state;
  local.database = options.database;
  auto system = LocalSystem::start(std::move(local), interrupts);
  if (!system) return interrupts.came() ? interrupted() : system.error();
  place.system = std::move(*system);
  place.client.emplace(place.system->http());
  if (auto ready = wait_for_workers(*place.client, supervising(*place.system, interrupts)); !ready)
    return ready.error();
  return place;
}

// Why the job that compares has not succeeded.
Error failure_of(const CoordinatorClient& client, std::int64_t job) {
  const auto document = client.document(job);
  if (!document) return document.error();
  Error error{ErrorKind::failed, fmt::format("the comparison (job {}) did not succeed", job),
              fmt::format("`espalier retry {} --failed` tries it again", job)};
  for (const auto& trial : document->at("trials").as_array()) {
    if (!trial.at("reason").is_string()) continue;
    error.message += ": " + std::string(trial.at("reason").as_string());
    error.help = fmt::format("`espalier logs {}` says more; {}", trial.at("id").as_int64(), error.help);
    break;
  }
  return error;
}

void print(const json::object& document, const json::object& summary, bool is_known, bool as_json) {
  if (as_json) {
    auto all = document;
    all["job"] = summary;
    all["known"] = is_known;
    std::cout << json::serialize(all) << "\n";
    return;
  }
  print_comparisons(document, std::cout);
  if (is_known) std::cout << "known already; --again measures it anew\n";
}

Result<int> compare(const CompareOptions& options) {
  Interrupts interrupts;
  const auto place = find_place(options, interrupts);
  if (!place) return place.error();
  const auto& client = *place->client;
  auto summary = client.compare(options.comparison, place->system != nullptr);
  if (!summary) return summary.error();
  const auto job = summary->at("id").to_number<std::int64_t>();
  const bool is_known =
      summary->at("tasks").at("reused").to_number<int>() == summary->at("tasks").at("total").to_number<int>();
  if (!summary->at("finished_at").is_string()) {
    const auto pause =
        place->system != nullptr
            ? supervising(*place->system, interrupts)
            : until_interrupted(interrupts,
                                fmt::format("job {0} goes on; `espalier cancel {0}` ends it", job));
    LiveProgress progress(client.url());
    summary = follow(client, job, progress, pause);
    progress.end();
    if (!summary) return summary.error();
  }
  if (summary->at("state").as_string() != "succeeded") return failure_of(client, job);
  const auto document = client.comparisons(job);
  if (!document) return document.error();
  print(*document, *summary, is_known, options.json);
  std::cerr << doubts_in_words(*document);
  return 0;
}

}  // namespace

void add_compare(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<CompareOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command =
      app.add_subcommand("compare", "Time two trials' models in turns and say whether one is faster");
  command->footer(kExample);
  auto& comparison = options->comparison;
  command->add_option("TRIAL", comparison.trial, "The number of a trial")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("AGAINST", comparison.against, "The trial that it is compared with")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--batch-sizes", comparison.batch_sizes, "Default: those of the first trial")
      ->delimiter(',')
      ->check(CLI::Range(1, 65536));
  command->add_option("--threads", comparison.threads, "Default: those of the first trial")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024));
  command->add_option("--device", comparison.device,
                      "Where: cpu, or a condition on workers' facts; default: as the first trial");
  command->add_flag("--again", comparison.again, "Measure even if it is known");
  add_options(*command, options->coordinator);
  command->add_option("--database", options->database,
                      "Without a running coordinator: use this PostgreSQL instead of the state folder's");
  command->add_flag("--json", options->json, "Print trials and comparisons as JSON");
  command->callback([options, &chosen] { chosen = [options] { return compare(*options); }; });
}

}  // namespace espalier::cli
