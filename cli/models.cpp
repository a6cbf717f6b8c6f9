// espalier models: the zoo, counted from the built nets by the runner.
#include <fmt/format.h>

#include <iostream>

#include "cli/command.hpp"
#include "cli/terminal_table.hpp"
#include "common/base/child_process.hpp"
#include "common/base/files.hpp"
#include "common/base/json.hpp"
#include "common/job/catalogue.hpp"

namespace espalier::cli {
namespace {

constexpr const char* kExample = R"(
Example:
  espalier models --json)";

std::string parameters_of(std::string_view model) {
  std::string text;
  if (const auto* entry = job::find_model(model))
    for (const auto& parameter : entry->parameters)
      text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", parameter.name, parameter.fallback);
  return text;
}

std::string shape_of(const json::value& shape) {
  std::string text;
  for (const auto& size : shape.as_array())
    text += (text.empty() ? "" : "x") + std::to_string(size.to_number<int>());
  return text;
}

Result<int> models(bool as_json) {
  ChildOptions runner;
  runner.arguments = {program_folder() / "espalier-runner", "models", "--json"};
  const auto output = run_to_end(runner, std::chrono::minutes(5));
  if (!output) return output.error();
  const auto list = parse_json(output->text);
  if (!output->exit.succeeded() || !list || !list->is_array())
    return Error{ErrorKind::failed, "espalier-runner models " + output->exit.in_words(), ""};
  if (as_json) {
    std::cout << output->text;
    return 0;
  }
  TerminalTable table(
      {{"model"}, {"family"}, {"weights", true}, {"MACs", true}, {"at input", true}, {"parameters"}});
  for (const auto& entry : list->as_array()) {
    const auto& model = entry.as_object();
    table.add({std::string(model.at("name").as_string()), std::string(model.at("family").as_string()),
               std::to_string(model.at("params").to_number<std::int64_t>()),
               std::to_string(model.at("macs").to_number<std::int64_t>()), shape_of(model.at("input")),
               parameters_of(model.at("name").as_string())});
  }
  table.print(std::cout);
  return 0;
}

}  // namespace

void add_models(CLI::App& app, Action& chosen) {
  auto as_json = std::make_shared<bool>(false);  // shared: CLI11 keeps a reference to it beyond this function
  auto* command = app.add_subcommand("models", "List the models that jobs can name");
  command->footer(kExample);
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([as_json, &chosen] { chosen = [as_json] { return models(*as_json); }; });
}

}  // namespace espalier::cli
