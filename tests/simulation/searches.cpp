#include "tests/simulation/searches.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "tests/simulation/coordinator.hpp"

namespace espalier::simulation {

namespace {

constexpr std::chrono::seconds kWhileTheDatabaseIsAway{1};

struct Said {  // what the search book says
  bool nothing = false;
  bool is_over = false;
  SearchText text;
  search::JobAdvice advice;
};

}  // namespace

void Searches::is_due(JobId job) {
  due_.insert(job);
  look_at_next();
}

void Searches::workers_changed() {
  const std::size_t slots = coordinator_.core().counts().slots;
  if (waiting_.empty() || slots <= slots_) return;
  due_.insert(waiting_.begin(), waiting_.end());
  look_at_next();
}

void Searches::crash() {
  if (under_way_ && database_.coin()) under_way_();
}

void Searches::look_at_next() {
  if (job_ || due_.empty()) return;
  job_ = *due_.begin();
  due_.erase(*job_);
  slots_ = std::max<std::size_t>(1, coordinator_.core().counts().slots);
  waiting_.erase(*job_);
  if (doubtful_.contains(*job_)) return read_again();
  advise();
}

void Searches::end_look() {
  job_.reset();
  look_at_next();
}

void Searches::pause() {
  due_.insert(*job_);
  coordinator_.later(kWhileTheDatabaseIsAway, [this] { end_look(); });
}

// If the connection breaks, what was asked may have been done.
void Searches::ask(Step question, Step answered, Step broken) {
  under_way_ = std::move(question);
  coordinator_.later(database_.time_for_a_commit(), [this, answered, broken] {
    const Step work = std::exchange(under_way_, {});
    if (database_.away()) return broken();
    if (database_.breaks()) {
      if (database_.coin()) work();
      return broken();
    }
    work();
    if (is_fenced()) return coordinator_.step_down();
    coordinator_.later(coordinator_.way_from_submitter(), answered);
  });
}

bool Searches::is_fenced() const {
  return coordinator_.epoch() != database_.store.epoch();
}

void Searches::read_again() {
  const JobId job = *job_;
  coordinator_.happen(core::SubmissionBegun{job, true});
  coordinator_.when_committed([this, job] {
    const auto row = std::make_shared<core::JobRow>();
    ask([this, job, row] { *row = database_.store.job(job); },
        [this, job, row] {
          coordinator_.take_up(*row, doubtful_.at(job));
          doubtful_.erase(job);
          advise();
        },
        [this, job] {
          coordinator_.happen(core::SubmissionEnded{job});
          pause();
        });
  });
}

void Searches::advise() {
  const JobId job = *job_;
  const auto said = std::make_shared<Said>();
  ask(
      [this, job, said] {
        Store& store = database_.store;
        const std::int64_t epoch = coordinator_.epoch();
        if (!store.is_searching(job)) {
          said->is_over = !store.job(job).searching;
          said->nothing = !said->is_over;
          return;
        }
        const auto& search = store.searches().at(job.value);
        const auto told = store.told(job);
        said->text = search.text;
        said->advice = search::advance(search.rules, told, slots_);
        judge_.advised(search.rules, told, slots_, said->advice);
        store.add_generations(job, said->advice, epoch);
        said->is_over = said->advice.finished;
        if (said->is_over) said->nothing = !store.end_search(job, said->text, epoch);
      },
      [this, job, said] {
        if (said->nothing) return end_look();
        if (!said->is_over) return follow(said->text, said->advice);
        coordinator_.happen(core::SearchEnded{job, false});
        end_look();
      },
      [this] { pause(); });
}

void Searches::follow(const SearchText& text, const search::JobAdvice& advice) {
  const JobId job = *job_;
  waiting_.insert(job);
  if (advice.next.empty()) return end_look();
  const std::int64_t ticket = doubtful_[job] = database_.new_ticket();
  coordinator_.happen(core::SubmissionBegun{job, true});
  coordinator_.when_committed([this, job, text, ticket, next = advice.next] {
    const auto extended = std::make_shared<std::optional<Store::Extended>>();
    ask([this, job, text, ticket, next,
         extended] { *extended = database_.store.extend(job, text, next, ticket, coordinator_.epoch()); },
        [this, job, ticket, extended] {
          doubtful_.erase(job);
          if ((*extended)->outdated)
            coordinator_.happen(core::SubmissionEnded{job});
          else
            coordinator_.take_up((*extended)->job, ticket);
          end_look();
        },
        [this, job] {
          coordinator_.happen(core::SubmissionEnded{job});
          pause();
        });
  });
}

}  // namespace espalier::simulation
