// espalier datasets: the catalogue, and whether each is installed.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "cli/terminal_table.hpp"
#include "common/base/json.hpp"
#include "common/job/catalogue.hpp"

namespace espalier::cli {
namespace {

constexpr const char* kExample = R"(
Example:
  espalier datasets)";

Result<int> datasets(bool as_json) {
  TerminalTable table(
      {{"dataset"}, {"train", true}, {"validation", true}, {"classes", true}, {"shape"}, {"installed"}});
  json::array list;
  for (const auto& entry : job::datasets()) {
    const bool installed = std::filesystem::is_directory(job::folder_of(entry));
    list.push_back(json::object{{"name", entry.name},
                                {"format", entry.format},
                                {"package", entry.package},
                                {"folder", job::folder_of(entry).string()},
                                {"installed", installed},
                                {"classes", entry.classes},
                                {"shape", json::array{entry.channels, entry.height, entry.width}},
                                {"train_samples", entry.train_samples},
                                {"val_samples", entry.val_samples},
                                {"description", entry.description}});
    table.add({std::string(entry.name), std::to_string(entry.train_samples),
               std::to_string(entry.val_samples), std::to_string(entry.classes),
               fmt::format("{}x{}x{}", entry.channels, entry.height, entry.width),
               installed ? "yes" : fmt::format("no: apt-get install {}", entry.package)});
  }
  if (as_json)
    std::cout << json::serialize(list) << "\n";
  else
    table.print(std::cout);
  return 0;
}

}  // namespace

void add_datasets(CLI::App& app, Action& chosen) {
  auto as_json = std::make_shared<bool>(false);  // shared: CLI11 keeps a reference to it beyond this function
  auto* command = app.add_subcommand("datasets", "List the datasets that jobs can name");
  command->footer(kExample);
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([as_json, &chosen] { chosen = [as_json] { return datasets(*as_json); }; });
}

}  // namespace espalier::cli
