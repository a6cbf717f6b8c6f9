#include "coordinator/store/documents.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "common/job/catalogue.hpp"
#include "coordinator/store/array_column.hpp"
#include "coordinator/store/job_summaries.hpp"
#include "coordinator/store/nullable_column.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

FrontHistory::Front read_front(Transaction& transaction, JobId job) {
  const auto rows = transaction.run(sql::pareto_trials, {std::to_string(job.value)});
  FrontHistory::Front front;
  for (std::size_t row = 0; row < rows.size(); ++row) front.insert(rows.integer(row, 0));
  return front;
}

json::value family_of(const Rows& rows, std::size_t row, int column) {
  const auto* entry = rows.is_null(row, column) ? nullptr : job::find_model(rows.text(row, column));
  return entry == nullptr ? json::value(nullptr) : json::value(entry->family);
}

// `only`: the text of an array of trial ids; unset: all of the job's.
json::array read_trials(Transaction& transaction, JobId job, const Value& only,
                        const FrontHistory::Front& front) {
  const auto rows = transaction.run(sql::trial_documents, {std::to_string(job.value), only});
  json::array result;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto id = rows.integer(row, 0);
    result.push_back(json::object{
        {"id", id},
        {"group", rows.text(row, 1)},
        {"params", parse_json(rows.text(row, 2)).value()},
        {"state", rows.text(row, 3)},
        {"reason", text_or_null(rows, row, 4)},
        {"metrics",
         rows.is_null(row, 5) ? json::value(json::object{}) : parse_json(rows.text(row, 5)).value()},
        {"speedup_verdict", text_or_null(rows, row, 10)},
        {"pareto", front.contains(id)},
        {"model", text_or_null(rows, row, 6)},
        {"family", family_of(rows, row, 6)},
        {"rung", integer_or_null(rows, row, 7)},
        {"generation", integer_or_null(rows, row, 8)},
        {"rungs", rows.is_null(row, 9) ? json::value(nullptr) : parse_json(rows.text(row, 9)).value()}});
  }
  return result;
}

json::array read_generations(Transaction& transaction, JobId job) {
  const auto rows = transaction.run(sql::generations, {std::to_string(job.value)});
  json::array result;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    result.push_back(json::object{
        {"group_name", rows.text(row, 0)},
        {"generation", rows.integer(row, 1)},
        {"trials", rows.integer(row, 2)},
        {"feasible", rows.integer(row, 3)},
        {"front", rows.integer(row, 4)},
        {"hypervolume", rows.is_null(row, 5) ? json::value(nullptr) : json::value(rows.real(row, 5))}});
  }
  return result;
}

json::object objectives_of(std::string_view stored) {
  json::object result;
  const auto parsed = parse_json(stored).value();
  for (const auto& each : parsed.as_array()) {
    result[each.at("metric").as_string()] = each.at("maximize").as_bool() ? "max" : "min";
  }
  if (result.empty()) result = {{"accuracy", "max"}, {"latency_p50_ms", "min"}, {"size_bytes", "min"}};
  return result;
}

json::object constraints_of(std::string_view stored) {
  json::object result;
  const auto parsed = parse_json(stored).value();
  for (const auto& each : parsed.as_array()) {
    result[each.at("metric").as_string()] =
        std::string(each.at("comparison").as_string()) + " " + to_text(each.at("bound").to_number<double>());
  }
  return result;
}

}  // namespace

const FrontHistory::Front* FrontHistory::at(JobId job, std::int64_t watermark) const {
  const auto known = fronts_.find(job);
  if (known == fronts_.end()) return nullptr;
  const auto found = known->second.find(watermark);
  return found == known->second.end() ? nullptr : &found->second;
}

void FrontHistory::remember(JobId job, std::int64_t watermark, Front front) {
  constexpr std::size_t kWatermarks = 16;  // as many readers of one job can be at different places
  constexpr std::size_t kJobs = 64;
  auto& known = fronts_[job];
  known[watermark] = std::move(front);
  if (known.size() > kWatermarks) known.erase(known.begin());
  if (fronts_.size() > kJobs)
    fronts_.erase(fronts_.begin()->first == job ? std::next(fronts_.begin()) : fronts_.begin());
}

std::optional<json::object> read_job_document(Transaction& transaction, JobId job) {
  auto summaries = read_job_summaries(transaction, job);
  if (summaries.empty()) return std::nullopt;
  const auto aims = transaction.run(sql::job_aims, {std::to_string(job.value)});
  return json::object{{"job", std::move(summaries.front())},
                      {"objectives", objectives_of(aims.text(0, 0))},
                      {"constraints", constraints_of(aims.text(0, 1))},
                      {"trials", read_trials(transaction, job, std::nullopt, read_front(transaction, job))},
                      {"generations", read_generations(transaction, job)}};
}

json::array read_workers(Transaction& transaction, bool with_facts) {
  const auto rows = transaction.run(sql::worker_list);
  json::array result;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    json::object worker{{"name", rows.text(row, 0)},       {"device_class", rows.text(row, 1)},
                        {"slots", rows.integer(row, 2)},   {"state", rows.truth(row, 3) ? "alive" : "lost"},
                        {"running", rows.integer(row, 4)}, {"cordoned", rows.truth(row, 5)}};
    if (with_facts) worker["facts"] = parse_json(rows.text(row, 6)).value();
    result.push_back(std::move(worker));
  }
  return result;
}

json::array read_changed_trials(Transaction& transaction, JobId job, std::int64_t& watermark,
                                FrontHistory& history) {
  const auto now = transaction.run(sql::last_event).integer(0, 0);
  const std::vector<Value> span{std::to_string(job.value), std::to_string(watermark), std::to_string(now)};
  const auto* before = history.at(job, watermark);
  if (before == nullptr || transaction.run(sql::job_changed, span).truth(0, 0)) {
    auto front = read_front(transaction, job);
    auto all = read_trials(transaction, job, std::nullopt, front);
    history.remember(job, now, std::move(front));
    watermark = now;
    return all;
  }
  const auto changed = transaction.run(sql::changed_trials, span);
  FrontHistory::Front ids;
  for (std::size_t row = 0; row < changed.size(); ++row) ids.insert(changed.integer(row, 0));
  auto front = ids.empty() ? *before : read_front(transaction, job);
  std::set_symmetric_difference(before->begin(), before->end(), front.begin(), front.end(),
                                std::inserter(ids, ids.end()));
  ArrayColumn only;
  for (const auto id : ids) only.add(id);
  auto trials = ids.empty() ? json::array{} : read_trials(transaction, job, only.text(), front);
  history.remember(job, now, std::move(front));
  watermark = now;
  return trials;
}

}  // namespace espalier::store
