#include "coordinator/runtime/errors.hpp"

#include <fmt/format.h>

#include <boost/system/system_error.hpp>

#include "coordinator/store/store.hpp"

namespace espalier::runtime {

Error database_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const store::Unavailable& away) {
    return {ErrorKind::unavailable, std::string("the database can't be reached: ") + away.what(),
            "the coordinator goes on trying; ask again in a moment"};
  } catch (const store::Fenced& fenced) {
    return {ErrorKind::unavailable, fenced.what(), ""};
  } catch (const ErrorException& expected) {
    return expected.error();
  } catch (const boost::system::system_error&) {
    throw;  // a cancelled wait goes on being one
  } catch (const std::exception& other) {
    return {ErrorKind::internal, std::string("the database refused: ") + other.what(), ""};
  }
}

Error no_such_job(JobId job) {
  return {ErrorKind::not_found, "there is no job " + std::to_string(job.value), "`espalier jobs` lists them"};
}

Error no_such_trial_or_task(const std::string& name) {
  return {ErrorKind::not_found, "there is no trial or task \"" + name + "\"",
          "name a trial by its number or a task by the first digits of its key: `espalier sql \"select id "
          "from trials\"`, `select key, stage from tasks`"};
}

namespace {

std::string job_in_words(const json::object& summary) {
  return fmt::format("job {} ({})", summary.at("id").to_number<std::int64_t>(),
                     std::string_view(summary.at("name").as_string()));
}

}  // namespace

Error nothing_failed(const json::object& summary) {
  return {
      ErrorKind::busy,
      "of " + job_in_words(summary) + " nothing has failed or was cancelled: there is nothing to run again",
      "`espalier extend` adds trials, `espalier resume` goes on with a paused job"};
}

Error wrong_state(const json::object& summary) {
  const std::string job = job_in_words(summary);
  const std::string_view state = summary.at("state").as_string();
  if (!summary.at("finished_at").is_string())
    return {ErrorKind::busy, job + " is still being submitted", "ask again in a moment"};
  return {ErrorKind::busy,
          fmt::format("{} has ended already: it {}{}", job, state == "cancelled" ? "was " : "", state),
          "`espalier retry JOB --failed` runs again what failed, `espalier extend JOB FILE` adds trials"};
}

}  // namespace espalier::runtime
