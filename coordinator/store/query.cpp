#include "coordinator/store/array_column.hpp"
#include "coordinator/store/connection.hpp"
#include "coordinator/store/store.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

// PostgreSQL's report is "ERROR:  what", then the line with a caret below the place, then "HINT:  …".
Error as_error(std::string_view report) {
  constexpr std::string_view kError = "ERROR:";
  constexpr std::string_view kHint = "HINT:";
  const auto trimmed = [](std::string_view text) {
    const auto first = text.find_first_not_of(" \n");
    return first == text.npos ? std::string_view{}
                              : text.substr(first, text.find_last_not_of(" \n") - first + 1);
  };
  if (report.starts_with(kError)) report.remove_prefix(kError.size());
  const auto hint = report.find(kHint);
  const auto help = hint == report.npos ? std::string_view{} : trimmed(report.substr(hint + kHint.size()));
  return Error{ErrorKind::usage, std::string(trimmed(report.substr(0, hint))), std::string(help)};
}

std::string as_text(const pqxx::result& result) {
  return result[0][0].c_str();
}

std::vector<std::string> type_names(pqxx::transaction_base& transaction, const pqxx::result& result) {
  ArrayColumn types;
  for (int column = 0; column < static_cast<int>(result.columns()); ++column) {
    types.add(std::int64_t{result.column_type(column)});
  }
  std::vector<std::string> names;
  for (const auto& row : run_with(transaction, sql::type_names, types.text()))
    names.emplace_back(row[0].c_str());
  return names;
}

Table as_table(const pqxx::result& result) {
  Table table;
  const auto columns = static_cast<int>(result.columns());
  for (int column = 0; column < columns; ++column) table.columns.emplace_back(result.column_name(column));
  table.rows.reserve(static_cast<std::size_t>(result.size()));
  for (const auto& row : result) {
    auto& cells = table.rows.emplace_back();
    for (int column = 0; column < columns; ++column) {
      const auto field = row[column];
      cells.emplace_back(field.is_null() ? std::nullopt : std::optional<std::string>(field.c_str()));
    }
  }
  return table;
}

}  // namespace

Result<Table> query(const std::string& connection, const std::string& statement,
                    std::optional<std::chrono::milliseconds> limit) {
  try {
    pqxx::connection link(with_deadlines(connection));
    pqxx::read_transaction transaction(link);
    run_one(transaction, std::string(sql::set_up_session));
    run_one(transaction, std::string(sql::set_search_path_v1));
    if (limit) run_with(transaction, sql::set_statement_timeout, std::to_string(limit->count()));
    // As the reader where we may be it: then even a superuser's statement reaches nothing but v1.
    if (as_text(run_one(transaction, std::string(sql::reader_role))) == "t") {
      run_one(transaction, std::string(sql::set_reader_role));
    }
    const auto result = run_one(transaction, statement);
    auto table = as_table(result);
    if (!table.columns.empty()) table.types = type_names(transaction, result);
    return table;
  } catch (const pqxx::broken_connection& away) {
    return Error{ErrorKind::unavailable, std::string("can't reach the database: ") + away.what(),
                 "check that it runs: a private database runs while `espalier run` or `./dev up` does"};
  } catch (const pqxx::failure& refused) {
    return as_error(refused.what());
  }
}

}  // namespace espalier::store
