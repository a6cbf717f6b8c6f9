// Which coordinator a command speaks to, and which of its jobs it is about.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/coordinator_client.hpp"
#include "cli/state_folder.hpp"
#include "common/base/json.hpp"
#include "common/base/result.hpp"

namespace espalier::cli {

struct CoordinatorChoice {
  std::string url;  // empty: of the one that works in the state folder
  StateFolder state{kDefaultState};
  std::string token_file;  // empty: ESPALIER_TOKEN, if that is set
  std::string
      authorities;  // empty: of a coordinator in the state folder its own certificate, else this system's
};
void add_options(CLI::App& command, CoordinatorChoice& choice);
Result<CoordinatorClient> client_of(const CoordinatorChoice& choice);

struct JobChoice {
  CoordinatorChoice coordinator;
  std::string job;  // its number, or its name if only one job has it
  bool json = false;
};
void add_options(CLI::App& command, JobChoice& choice);
Result<std::int64_t> find_job(const CoordinatorClient& client, const std::string& job);

// Finds the job, has `verb` done to it (POST /api/v1/jobs/ID/VERB) and says what became of it.
Result<int> change_job(const JobChoice& choice, const std::string& verb);

// One line for people, or the JobSummary.
void print_job(const json::object& summary, bool as_json);

}  // namespace espalier::cli
