#include "coordinator/runtime/search_book.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace espalier::runtime {
namespace {

const std::vector<job::Proposal> kNothing;

bool lies_in(const std::vector<double>& point, const job::SearchSpace& space) {
  if (point.size() != space.axes.size()) return false;
  for (std::size_t axis = 0; axis < point.size(); ++axis) {
    if (space.axes[axis].kind == job::SearchAxis::Kind::listed &&
        point[axis] >= static_cast<double>(space.axes[axis].count))
      return false;
  }
  return true;
}

}  // namespace

Meaning meaning_of(const std::string& toml, const job::Surroundings& surroundings) {
  Meaning meaning;
  store::PlanHash hash;
  job::PlanSink sink;
  sink.head = [&](const job::Plan& head) { meaning.head = head; };
  sink.part = [&](const std::vector<job::Trial>&, const std::vector<job::Task>& tasks) { hash.add(tasks); };
  meaning.errors = job::plan_job(toml, surroundings, sink, &kNothing);
  meaning.hash = hash.hex();
  return meaning;
}

void check_points(const job::Plan& head, const std::vector<job::Proposal>& points, JobId job) {
  for (const auto& point : points) {
    const auto space = std::find_if(head.spaces.begin(), head.spaces.end(),
                                    [&](const job::SearchSpace& each) { return each.group == point.group; });
    if (space == head.spaces.end() || !lies_in(point.point, *space))
      throw ErrorException(store::means_other_trials(job));
  }
}

std::optional<SearchAdvice> SearchBook::advise(store::Store& store, JobId job, std::size_t slots,
                                               std::int64_t epoch, const SurroundingsOf& surroundings_of) {
  const auto searching = store.searching(job);
  SearchAdvice advice;
  if (!searching) {
    pages_.erase(job);
    const auto row = store.job(job);
    if (row.searching) return std::nullopt;  // it is paused, or its job has ended
    // It was put on record before, and a broken connection kept us from hearing of it.
    advice.is_over = true;
    advice.failed = row.search_failed;
    return advice;
  }
  advice.toml = searching->text;
  advice.folder = searching->folder;
  try {
    Page& page = page_of(job, *searching, surroundings_of);
    auto said = search::advance(page.rules, searching->told, slots);
    for (const auto& [group, generations] : said.generations)
      record(store, job, page, group, generations, epoch);
    advice.next = std::move(said.next);
    advice.waits = said.waits;
    advice.is_over = said.finished;
    advice.failure = std::move(said.failure);
  } catch (const store::Unavailable&) {
    throw;
  } catch (const store::Fenced&) {
    throw;
  } catch (const std::exception& failure) {
    advice.failure = failure.what();
  }
  if (!advice.is_over) return advice;
  pages_.erase(job);
  if (!store.end_search(job, searching->text_hash, "", epoch)) return std::nullopt;
  return advice;
}

// A text is planned once as long as it is searched by.
SearchBook::Page& SearchBook::page_of(JobId job, const store::Searching& searching,
                                      const SurroundingsOf& surroundings_of) {
  const auto known = pages_.find(job);
  if (known != pages_.end() && known->second.text_hash == searching.text_hash) return known->second;
  const auto meaning = meaning_of(searching.text, surroundings_of(searching.folder));
  if (!meaning.errors.empty()) throw std::runtime_error(meaning.errors.front().message);
  if (!meaning.head.search) throw std::runtime_error("the job's text doesn't search");
  Page page;
  page.text_hash = searching.text_hash;
  for (const auto& space : meaning.head.spaces)
    page.rules.push_back({*meaning.head.search, space, meaning.head.objectives, meaning.head.constraints});
  return pages_.insert_or_assign(job, std::move(page)).first->second;
}

void SearchBook::record(store::Store& store, JobId job, Page& page, const std::string& group,
                        const std::vector<search::Generation>& generations, std::int64_t epoch) {
  std::size_t& known = page.generations[group];
  if (generations.size() <= known) return;
  store.add_generations(job, group, generations, epoch);
  known = generations.size();
}

}  // namespace espalier::runtime
