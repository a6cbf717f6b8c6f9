// espalier workers: who there is, what they tell of themselves, which of them a target matches; and drain,
// cordon, undrain.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "cli/job_choice.hpp"
#include "cli/terminal_table.hpp"
#include "common/base/files.hpp"
#include "common/match/requirement.hpp"
#include "common/match/worker_facts.hpp"

namespace espalier::cli {
namespace {

struct WorkersOptions {
  CoordinatorChoice coordinator;
  std::string match;     // a job file, or a file with an expression
  std::string facts_of;  // a worker's name
  std::string name;      // whom a verb is about
  bool json = false;
};

std::string state_of(const json::object& worker) {
  std::string state(worker.at("state").as_string());
  if (worker.at("cordoned").as_bool())
    state += worker.at("running").to_number<std::int64_t>() > 0 ? ", draining" : ", cordoned";
  return state;
}

void print_table(const json::array& workers) {
  TerminalTable table({{"worker"}, {"state"}, {"running", true}, {"slots", true}, {"device class"}});
  for (const auto& each : workers) {
    const auto& worker = each.as_object();
    table.add({std::string(worker.at("name").as_string()), state_of(worker),
               std::to_string(worker.at("running").to_number<std::int64_t>()),
               std::to_string(worker.at("slots").to_number<std::int64_t>()),
               std::string(worker.at("device_class").as_string())});
  }
  table.print(std::cout);
}

Result<int> print_facts(const json::array& workers, const std::string& name) {
  for (const auto& worker : workers) {
    if (worker.at("name").as_string() != name) continue;
    TerminalTable table({{"fact"}, {"value"}});
    for (const auto& [fact, value] : worker.at("facts").as_object())
      table.add(
          {std::string(fact), value.is_string() ? std::string(value.get_string()) : json::serialize(value)});
    table.print(std::cout);
    return 0;
  }
  return Error{ErrorKind::not_found, "there never was a worker \"" + name + "\"",
               "`espalier workers` lists them"};
}

struct NamedTarget {
  std::string text;
  match::Requirement requirement;
};

// The targets of a job file; of any other file, the expression that it is.
Result<std::vector<NamedTarget>> read_targets(const std::string& path) {
  std::vector<job::Target> targets;
  if (path.ends_with(".toml")) {
    const auto file = read_job(path);
    if (!file) return file.error();
    const Outline planned = outline(*file);
    if (!planned.errors.empty()) {
      report_errors(*file, planned.errors, false);
      return Error{ErrorKind::invalid_job, "the job file has errors", ""};
    }
    targets = planned.head.targets;
  } else {
    const auto text = read_file(path);
    if (!text) return text.error();
    targets.emplace_back().require = *text;
  }
  std::vector<NamedTarget> compiled;
  for (const auto& target : targets) {
    auto requirement = match::requirement_of(target.require, target.any_of);
    if (!requirement) return requirement.error();
    std::string text = target.require;
    for (const auto& term : target.any_of)
      text += fmt::format("{}{}", text.empty() ? "any of: " : "; any of: ", term);
    if (text.empty()) text = "any worker";
    compiled.push_back({std::move(text), std::move(*requirement)});
  }
  return compiled;
}

std::string in_words(const std::vector<match::FailedTerm>& failed) {
  std::string text;
  for (const auto& term : failed)
    text += fmt::format("{}{}: it has {}, wanted is {}", text.empty() ? "" : "; ", term.term, term.has,
                        term.wants);
  return text;
}

Result<int> try_target(const json::array& workers, const std::string& path, bool as_json) {
  const auto targets = read_targets(path);
  if (!targets) return targets.error();
  json::array documents;
  for (const auto& target : *targets) {
    json::object document{{"target", target.text}};
    json::array& found = document["workers"].emplace_array();
    TerminalTable table({{"worker"}, {"state"}, {"matches"}, {"why not"}});
    for (const auto& each : workers) {
      const auto& worker = each.as_object();
      const auto failed = target.requirement.what_fails(match::worker_facts(worker));
      found.push_back(
          {{"name", worker.at("name")}, {"matches", failed.empty()}, {"why_not", in_words(failed)}});
      table.add({std::string(worker.at("name").as_string()), state_of(worker), failed.empty() ? "yes" : "no",
                 in_words(failed)});
    }
    documents.push_back(std::move(document));
    if (as_json) continue;
    std::cout << target.text << "\n";
    table.print(std::cout);
  }
  if (as_json) std::cout << json::serialize(documents) << "\n";
  return 0;
}

Result<int> workers(const WorkersOptions& options) {
  const auto client = client_of(options.coordinator);
  if (!client) return client.error();
  const auto found = client->workers();
  if (!found) return found.error();
  if (!options.match.empty()) return try_target(*found, options.match, options.json);
  if (!options.facts_of.empty()) return print_facts(*found, options.facts_of);
  if (options.json)
    std::cout << json::serialize(*found) << "\n";
  else if (found->empty())
    std::cout << "no worker ever came; start one with `espalier-worker --coordinator ADDRESS`\n";
  else
    print_table(*found);
  return 0;
}

Result<int> cordon(const CoordinatorChoice& coordinator, const std::string& name, const std::string& verb) {
  const auto client = client_of(coordinator);
  if (!client) return client.error();
  const auto worker = client->cordon(name, verb);
  if (!worker) return worker.error();
  const auto running = worker->at("running").to_number<std::int64_t>();
  std::cout << (worker->at("cordoned").as_bool()
                    ? fmt::format("worker {} is given nothing any more; {} tasks still run there\n", name,
                                  running)
                    : fmt::format("worker {} is given tasks again\n", name));
  return 0;
}

// Its options are those of `espalier workers`, before the verb or behind it.
void add_verb(CLI::App& workers, Action& chosen, const std::shared_ptr<WorkersOptions>& options,
              const std::string& verb, const std::string& meaning) {
  auto* command = workers.add_subcommand(verb, meaning);
  command->footer("\nExample:\n  espalier workers " + verb + " gpu-3");
  command->add_option("NAME", options->name, "The worker's name")->required();
  command->fallthrough();
  command->callback([options, verb, &chosen] {
    chosen = [options, verb] { return cordon(options->coordinator, options->name, verb); };
  });
}

}  // namespace

void add_workers(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<WorkersOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command =
      app.add_subcommand("workers", "List a coordinator's workers, and which of them a job may run on");
  command->footer(R"(
Example:
  espalier workers
  espalier workers --facts gpu-3
  espalier workers --match job.toml     # for each worker, which terms of [target] fail
  espalier workers drain gpu-3          # before it is switched off)");
  add_options(*command, options->coordinator);
  command->add_option("--match", options->match,
                      "A job file, or a file with an expression: who matches, and why not");
  command->add_option("--facts", options->facts_of, "What this worker tells of itself");
  command->add_flag("--json", options->json, "An array of workers");
  command->require_subcommand(0, 1);
  add_verb(*command, chosen, options, "cordon", "Give a worker nothing any more; what runs there goes on");
  add_verb(
      *command, chosen, options, "drain",
      "Give a worker nothing any more; its trainings go on elsewhere, from where they last saved themselves");
  add_verb(*command, chosen, options, "undrain", "Give a worker tasks again");
  command->callback([options, command, &chosen] {
    if (command->get_subcommands().empty()) chosen = [options] { return workers(*options); };
  });
}

}  // namespace espalier::cli
