// espalier sql "select …": questions to a state folder's database, whether or not something runs in it.
#include <algorithm>
#include <iostream>
#include <string_view>

#include "cli/command.hpp"
#include "cli/state_database.hpp"
#include "cli/terminal_table.hpp"
#include "common/base/json.hpp"
#include "coordinator/store/store.hpp"

namespace espalier::cli {
namespace {

constexpr const char* kExample = R"(
Example:
  espalier sql "select group_name, params, accuracy, latency_p50_ms from results order by accuracy desc"
  espalier sql --csv "select * from pareto" > pareto.csv

The schema v1 is on the search path: jobs, trials, tasks, attempts, metrics, results, pareto, curves, workers, artifacts.)";

struct SqlOptions {
  std::string statement;
  StateFolder state{kDefaultState};
  std::string database;
  bool json = false;
  bool csv = false;
};

// By PostgreSQL's own names of types.
bool is_number(const std::string& type) {
  static constexpr std::string_view kNumbers[] = {"smallint",         "integer", "bigint", "real",
                                                  "double precision", "numeric", "oid"};
  return std::find(std::begin(kNumbers), std::end(kNumbers), type) != std::end(kNumbers);
}

json::value typed(const std::optional<std::string>& cell, const std::string& type) {
  if (!cell) return nullptr;
  if (type == "boolean") return *cell == "t";
  if (is_number(type) || type == "json" || type == "jsonb")
    if (auto value = parse_json(*cell)) return *value;
  return json::value(*cell);
}

void print_json(const store::Table& table) {
  json::array rows;
  for (const auto& row : table.rows) {
    json::object object;
    for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i]] = typed(row[i], table.types[i]);
    rows.push_back(std::move(object));
  }
  std::cout << json::serialize(rows) << "\n";
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos && !text.empty()) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// RFC 4180; null is an empty cell, an empty text is "".
void print_csv(const store::Table& table) {
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    std::cout << (i > 0 ? "," : "") << csv_cell(table.columns[i]);
  std::cout << "\r\n";
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      std::cout << (i > 0 ? "," : "") << (row[i] ? csv_cell(*row[i]) : "");
    std::cout << "\r\n";
  }
}

void print_text(const store::Table& table) {
  std::vector<TerminalTable::Column> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    columns.push_back({table.columns[i], is_number(table.types[i])});
  TerminalTable text(std::move(columns));
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    cells.reserve(row.size());
    for (const auto& cell : row) cells.push_back(cell.value_or("–"));
    text.add(std::move(cells));
  }
  text.print(std::cout);
  std::cout << table.rows.size() << (table.rows.size() == 1 ? " row\n" : " rows\n");
}

Result<int> sql(const SqlOptions& options) {
  const auto database =
      StateDatabase::open(options.state, options.database, StateDatabase::Access::beside_others);
  if (!database) return database.error();
  const auto table = store::query(database->connection(), options.statement);
  if (!table) return table.error();
  if (options.json)
    print_json(*table);
  else if (options.csv)
    print_csv(*table);
  else
    print_text(*table);
  return 0;
}

}  // namespace

void add_sql(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<SqlOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("sql", "Ask the database, read-only");
  command->footer(kExample);
  command->add_option("STATEMENT", options->statement, "One SQL statement")->required();
  command->add_option("--state", options->state.root, "The state folder")->capture_default_str();
  command->add_option("--database", options->database, "Ask this PostgreSQL instead");
  auto* as_json = command->add_flag("--json", options->json, "An array of objects");
  command->add_flag("--csv", options->csv, "Comma-separated values with a header")->excludes(as_json);
  command->callback([options, &chosen] { chosen = [options] { return sql(*options); }; });
}

}  // namespace espalier::cli
