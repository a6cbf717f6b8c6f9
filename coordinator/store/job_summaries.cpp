#include "coordinator/store/job_summaries.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "coordinator/store/array_column.hpp"
#include "coordinator/store/nullable_column.hpp"
#include "sql_files.hpp"

namespace espalier::store {
namespace {

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
  double growth = 1;  // for what is still to be asked for
  void expect(double asked, double wanted) {
    if (asked <= 0)
      total = std::max(total, 1.0);
    else
      growth = std::max(1.0, wanted / asked);
    total *= growth;
  }
  [[nodiscard]] double share() const { return total > 0 ? std::min(1.0, (done + partial) / total) : 1.0; }
};

struct Seconds {  // of its tasks
  double spent = 0;
  std::optional<double> left;  // unset while nothing tells it
  double longest = 0;
};
std::optional<Seconds> seconds_of(const Rows& jobs, std::size_t row) {
  const auto real = [&](int column) {
    return jobs.is_null(row, column) ? std::nullopt : std::optional(jobs.real(row, column));
  };
  const auto spent = real(20);
  return spent ? std::optional(Seconds{*spent, real(21), real(22).value_or(0)}) : std::nullopt;
}

// The rest at the speed of what was done since the job was last submitted, as many tasks at once as until
// now; null while nothing tells that speed.
json::value eta_s(const Work& work, const std::optional<Seconds>& seconds, double elapsed_s) {
  if (seconds && seconds->spent > 0) {
    if (!seconds->left) return nullptr;
    const double left = *seconds->left + (work.growth - 1) * (seconds->spent + *seconds->left);
    return std::max(seconds->longest, left * elapsed_s / seconds->spent);
  }
  const double done = work.done - work.reused + work.partial;
  const double left = work.total - work.done - work.partial;
  return done > 0 ? json::value(std::max(0.0, left * elapsed_s / done)) : nullptr;
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
          {"eta_s", jobs.text(row, 3) == "running" ? eta_s(work, seconds_of(jobs, row), jobs.real(row, 7))
                                                   : json::value(nullptr)},
          {"groups", groups},
          {"search", to_json(hunt, jobs, row)}};
}

}  // namespace

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

}  // namespace espalier::store
