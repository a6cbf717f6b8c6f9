#include "coordinator/store/documents.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "common/job/catalogue.hpp"
#include "coordinator/store/array_column.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

json::value text_or_null(const Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return nullptr;
  return json::value(rows.text(row, column));
}

json::value integer_or_null(const Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return nullptr;
  return rows.integer(row, column);
}

struct TrialCounts {
  json::object counts{{"total", 0},     {"succeeded", 0}, {"failed", 0},
                      {"cancelled", 0}, {"running", 0},   {"waiting", 0}};
  double progress = 0;  // sum over the trials

  void add(std::string_view state, std::int64_t trials, double done) {
    counts[state] = counts.at(state).as_int64() + trials;
    counts["total"] = counts.at("total").as_int64() + trials;
    progress += done;
  }
  [[nodiscard]] double share() const {
    const auto total = static_cast<double>(counts.at("total").as_int64());
    return total > 0 ? progress / total : 1.0;
  }
};

struct JobCounts {
  TrialCounts all;
  std::map<std::string, TrialCounts, std::less<>> groups;
};

std::map<std::int64_t, JobCounts> read_counts(Transaction& transaction, const Rows& jobs) {
  ArrayColumn ids;
  for (std::size_t row = 0; row < jobs.size(); ++row) ids.add(jobs.integer(row, 0));
  const auto rows = transaction.run(sql::group_summaries, {ids.text()});
  std::map<std::int64_t, JobCounts> result;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto& job = result[rows.integer(row, 0)];
    for (auto* counts : {&job.all, &job.groups[std::string(rows.text(row, 1))]}) {
      counts->add(rows.text(row, 2), rows.integer(row, 3), rows.real(row, 4));
    }
  }
  return result;
}

struct Work {  // of a job, in tasks
  double total = 0, reused = 0, done = 0, partial = 0;
  void expect(double asked, double wanted) {
    if (asked <= 0)
      total = std::max(total, 1.0);
    else if (wanted > asked)
      total *= wanted / asked;
  }
  [[nodiscard]] double share() const { return total > 0 ? std::min(1.0, (done + partial) / total) : 1.0; }
};

// The rest at the speed of what was done since the job was last submitted; null while nothing tells that
// speed.
json::value eta_s(const Work& work, std::string_view state, double elapsed_s) {
  const double done = work.done - work.reused + work.partial;
  const double left = work.total - work.done - work.partial;
  if (state != "running" || done <= 0) return nullptr;
  return std::max(0.0, left * elapsed_s / done);
}

struct Hunt {       // how far a job's search is; of the columns from 15 on
  json::object by;  // as the job's row keeps it
  std::int64_t wanted = 0, asked = 0;
  std::vector<std::int64_t> rungs;  // how many were asked to be trained up to each
};

std::optional<Hunt> hunt_of(const Rows& jobs, std::size_t row) {
  if (jobs.is_null(row, 15)) return std::nullopt;
  Hunt hunt;
  hunt.by = parse_json(jobs.text(row, 15)).value().as_object();
  const auto& groups = hunt.by.at("rungs").as_object();
  hunt.wanted = hunt.by.at("trials").to_number<std::int64_t>() * static_cast<std::int64_t>(groups.size());
  std::size_t rungs = 0;
  for (const auto& [group, epochs] : groups) rungs = std::max(rungs, epochs.as_array().size());
  hunt.rungs.resize(rungs);
  if (jobs.is_null(row, 19)) return hunt;
  const auto counts = parse_json(jobs.text(row, 19)).value();
  for (const auto& each : counts.as_array()) {
    const auto trials = each.at(1).to_number<std::int64_t>();
    hunt.asked += trials;
    if (each.at(0).is_null()) continue;
    const auto last = std::min(rungs, each.at(0).to_number<std::size_t>() + 1);
    for (std::size_t rung = 0; rung < last; ++rung) hunt.rungs[rung] += trials;
  }
  return hunt;
}

json::value to_json(const std::optional<Hunt>& hunt, const Rows& jobs, std::size_t row) {
  if (!hunt) return nullptr;
  const bool by_rungs = !hunt->rungs.empty();
  return json::object{
      {"strategy", hunt->by.at("strategy")},
      {"metric", by_rungs ? hunt->by.at("metric") : json::value(nullptr)},
      {"wanted", hunt->wanted},
      {"trials", hunt->asked},
      {"generation", jobs.is_null(row, 18) ? json::value(nullptr) : json::value(jobs.integer(row, 18))},
      {"rungs",
       by_rungs ? json::value(json::array(hunt->rungs.begin(), hunt->rungs.end())) : json::value(nullptr)},
      {"finished", !jobs.truth(row, 16)},
      {"failure", text_or_null(jobs, row, 17)}};
}

json::object summary_of(const Rows& jobs, std::size_t row, const JobCounts& counts) {
  const auto hunt = hunt_of(jobs, row);
  Work work{jobs.real(row, 8), jobs.real(row, 10), jobs.real(row, 13), jobs.real(row, 14)};
  // What is still to be asked for isn't known as tasks: it is taken for as much work as that which is.
  const auto asked = static_cast<double>(hunt ? hunt->asked : 0);
  if (hunt && jobs.truth(row, 16)) work.expect(asked, static_cast<double>(hunt->wanted));
  json::array groups;
  const auto names = parse_json(jobs.text(row, 4)).value();
  for (const auto& name : names.as_array()) {
    const auto found = counts.groups.find(std::string_view(name.as_string()));
    const TrialCounts group = found == counts.groups.end() ? TrialCounts{} : found->second;
    groups.push_back(json::object{{"name", name}, {"trials", group.counts}, {"progress", group.share()}});
  }
  return {{"id", jobs.integer(row, 0)},
          {"name", jobs.text(row, 1)},
          {"description", jobs.text(row, 2)},
          {"state", jobs.text(row, 3)},
          {"submitted_at", jobs.text(row, 5)},
          {"finished_at", text_or_null(jobs, row, 6)},
          {"trials", counts.all.counts},
          {"tasks",
           {{"total", jobs.integer(row, 8)},
            {"executed", jobs.integer(row, 9)},
            {"reused", jobs.integer(row, 10)},
            {"running", jobs.integer(row, 11)},
            {"failed", jobs.integer(row, 12)}}},
          {"progress", work.share()},
          {"eta_s", eta_s(work, jobs.text(row, 3), jobs.real(row, 7))},
          {"groups", groups},
          {"search", to_json(hunt, jobs, row)}};
}

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

json::array read_job_summaries(Transaction& transaction, std::optional<JobId> only) {
  const auto jobs =
      transaction.run(sql::job_summaries, {only ? Value(std::to_string(only->value)) : std::nullopt});
  const auto counts = read_counts(transaction, jobs);
  json::array result;
  for (std::size_t row = 0; row < jobs.size(); ++row) {
    const auto found = counts.find(jobs.integer(row, 0));
    result.push_back(summary_of(jobs, row, found == counts.end() ? JobCounts{} : found->second));
  }
  return result;
}

json::object read_untouched_summary(Transaction& transaction, JobId job) {
  const auto id = std::to_string(job.value);
  const auto jobs = transaction.run(sql::untouched_job, {id});
  const auto trials = transaction.run(sql::trials_of_groups, {id});
  JobCounts counts;
  for (std::size_t row = 0; row < trials.size(); ++row) {
    for (auto* each : {&counts.all, &counts.groups[std::string(trials.text(row, 0))]}) {
      each->add("waiting", trials.integer(row, 1), 0);
    }
  }
  return summary_of(jobs, 0, counts);
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
