// espalier keys: who may be a worker of a coordinator on another host.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "cli/state_folder.hpp"
#include "cli/terminal_table.hpp"
#include "common/base/json.hpp"
#include "common/net/key_folder.hpp"

namespace espalier::cli {
namespace {

struct KeysOptions {
  std::filesystem::path folder;
  std::string name;
  bool json = false;
  [[nodiscard]] net::KeyFolder keys() const { return net::KeyFolder(folder); }
};

Result<int> init(const KeysOptions& options) {
  if (auto made = options.keys().init(); !made) return made.error();
  std::cout << fmt::format(
      "the coordinator's keys are in {0}: start it with --keys {0}\n"
      "and let workers in with `espalier keys add-worker NAME`\n",
      options.folder.string());
  return 0;
}

Result<int> add_worker(const KeysOptions& options) {
  const auto file = options.keys().add_worker(options.name);
  if (!file) return file.error();
  std::cout << fmt::format(
      "worker {0} may come in with the key in {1}\n"
      "move that file to its host, as only its owner may read it, and start there:\n"
      "  espalier-worker --coordinator tcp://… --key {2}\n",
      options.name, file->string(), file->filename().string());
  return 0;
}

Result<int> revoke(const KeysOptions& options) {
  if (auto revoked = options.keys().revoke(options.name); !revoked) return revoked.error();
  std::cout << fmt::format(
      "the key of worker {} is worth nothing any more; a coordinator at work disconnects it within two "
      "seconds\n",
      options.name);
  return 0;
}

Result<int> list(const KeysOptions& options) {
  const auto admitted = options.keys().admitted();
  if (!admitted) return admitted.error();
  for (const auto& complaint : admitted->complaints) std::cerr << "espalier: warning: " << complaint << "\n";
  std::map<std::string, std::string> by_name;
  for (const auto& [key, name] : admitted->keys) by_name[name] = key;
  if (options.json) {
    json::array workers;
    for (const auto& [name, key] : by_name) workers.push_back({{"name", name}, {"public", key}});
    std::cout << json::serialize(workers) << "\n";
    return 0;
  }
  if (by_name.empty()) std::cout << "no worker has a key; `espalier keys add-worker NAME` makes one\n";
  TerminalTable table({{"worker"}, {"public key"}});
  for (const auto& [name, key] : by_name) table.add({name, key});
  if (!by_name.empty()) table.print(std::cout);
  return 0;
}

CLI::App* add_verb(CLI::App& keys, Action& chosen, const std::shared_ptr<KeysOptions>& options,
                   const std::string& verb, const std::string& example, const std::string& meaning,
                   Result<int> (*action)(const KeysOptions&)) {
  auto* command = keys.add_subcommand(verb, meaning);
  command->footer("\nExample:\n  espalier keys " + example);
  command->fallthrough();
  command->callback([options, action, &chosen] { chosen = [options, action] { return action(*options); }; });
  return command;
}

}  // namespace

void add_keys(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<KeysOptions>();  // shared: CLI11 keeps references to it beyond this function
  options->folder = std::filesystem::path(kDefaultState) / "keys";
  auto* command = app.add_subcommand("keys", "Let workers of other hosts in, each with a key of its own");
  command->footer(R"(
Example:
  espalier keys init
  espalier-coordinator … --keys .espalier/keys --zmq tcp://10.0.0.5:8471
  espalier keys add-worker gpu-3        # makes gpu-3.worker, to be moved to its host
  espalier-worker --coordinator tcp://10.0.0.5:8471 --key gpu-3.worker         # there
  espalier keys revoke gpu-3)");
  command->add_option("--keys", options->folder, "The folder with the keys")->capture_default_str();
  command->require_subcommand(1);
  add_verb(*command, chosen, options, "init", "init", "Make a folder with a coordinator's key", init);
  for (auto* named :
       {add_verb(*command, chosen, options, "add-worker", "add-worker gpu-3",
                 "Make a worker's key, and the file that it needs", add_worker),
        add_verb(*command, chosen, options, "revoke", "revoke gpu-3",
                 "A worker's key is worth nothing any more, also while it is connected", revoke)})
    named->add_option("NAME", options->name, "The worker's name")->required();
  add_verb(*command, chosen, options, "list", "list --json", "Who may come in, and by which public key", list)
      ->add_flag("--json", options->json, "An array of workers");
}

}  // namespace espalier::cli
