// espalier resume JOB: goes on with a paused one.
#include "cli/command.hpp"
#include "cli/job_choice.hpp"

namespace espalier::cli {

void add_resume(CLI::App& app, Action& chosen) {
  auto choice = std::make_shared<JobChoice>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("resume", "Go on with a paused job");
  command->footer(R"(
Example:
  espalier pause 3
  espalier resume 3)");
  add_options(*command, *choice);
  command->callback([choice, &chosen] { chosen = [choice] { return change_job(*choice, "resume"); }; });
}

}  // namespace espalier::cli
