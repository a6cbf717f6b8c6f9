#include "coordinator/store/logs.hpp"

#include <algorithm>

#include "coordinator/store/recovery.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

constexpr std::size_t kKeyDigits = 64;
constexpr std::size_t kFewestDigits = 4;
constexpr std::size_t kLongestTrial = 15;

bool consists_of(const std::string& text, std::string_view letters) {
  return text.find_first_not_of(letters) == std::string::npos;
}

// Every parameter of the selection; unset if the text names neither a trial nor a task.
std::optional<std::vector<Value>> selection_of(const std::string& of) {
  if (!of.empty() && of.size() <= kLongestTrial && consists_of(of, "0123456789"))
    return std::vector<Value>{of, std::nullopt, std::nullopt};
  if (of.size() < kFewestDigits || of.size() > kKeyDigits || !consists_of(of, "0123456789abcdef"))
    return std::nullopt;
  const std::string rest_low(kKeyDigits - of.size(), '0'), rest_high(kKeyDigits - of.size(), 'f');
  return std::vector<Value>{std::nullopt, of + rest_low, of + rest_high};
}

// The place in a text of UTF-8 at or behind `at` where a character begins.
std::size_t character_from(std::string_view text, std::size_t at) {
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  return at;
}

}  // namespace

std::optional<json::object> read_attempts_of(Transaction& transaction, const std::string& of) {
  const auto selection = selection_of(of);
  if (!selection) return std::nullopt;
  const auto tasks = transaction.run(sql::tasks_to_read, *selection);
  if (tasks.integer(0, 0) == 0) return std::nullopt;
  const auto rows = transaction.run(sql::attempts_to_read, *selection);
  json::array attempts;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    attempts.push_back({{"attempt", rows.integer(row, 0)},
                        {"stage", rows.text(row, 1)},
                        {"task", rows.text(row, 2)},
                        {"worker", rows.text(row, 3)},
                        {"state", rows.text(row, 4)}});
  }
  return json::object{{"attempts", std::move(attempts)}, {"ended", tasks.integer(0, 1) == 0}};
}

std::vector<TaskToExplain> read_tasks_to_explain(Transaction& transaction, const std::string& of) {
  std::vector<TaskToExplain> tasks;
  const auto selection = selection_of(of);
  if (!selection) return tasks;
  const auto rows = transaction.run(sql::tasks_to_explain, *selection);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    TaskToExplain& task = tasks.emplace_back();
    task.id = {rows.integer(row, 0)};
    task.key.value = rows.text(row, 1);
    task.stage = rows.text(row, 2);
    task.state = rows.text(row, 3);
    task.reason = rows.text(row, 4);
    if (!rows.is_null(row, 5)) task.target = target_from(parse_json(rows.text(row, 5)).value());
  }
  return tasks;
}

std::optional<json::object> read_attempt_log(Transaction& transaction, AttemptId attempt, std::int64_t from) {
  from = std::max<std::int64_t>(from, 0);
  const auto rows =
      transaction.run(sql::log_of_attempt, {std::to_string(attempt.value), std::to_string(from)});
  if (rows.empty()) return std::nullopt;
  std::string text;
  std::int64_t next = from;
  for (std::size_t row = 0; row < rows.size() && !rows.is_null(row, 0); ++row) {
    const auto first = rows.integer(row, 0);
    const auto part = rows.text(row, 1);
    const auto skipped =
        character_from(part, static_cast<std::size_t>(std::max<std::int64_t>(from - first, 0)));
    if (first > next) break;  // a part between them is still on its way
    text += part.substr(skipped);
    next = first + static_cast<std::int64_t>(part.size());
  }
  return json::object{{"attempt", attempt.value},
                      {"from", from},
                      {"text", std::move(text)},
                      {"next", next},
                      {"ended", rows.truth(0, 2)}};
}

}  // namespace espalier::store
