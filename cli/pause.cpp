// espalier pause JOB: nothing of it starts any more; what runs goes on to its end.
#include "cli/command.hpp"
#include "cli/job_choice.hpp"

namespace espalier::cli {

void add_pause(CLI::App& app, Action& chosen) {
  auto choice = std::make_shared<JobChoice>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("pause", "Start nothing more of a job; what runs goes on");
  command->footer(R"(
Example:
  espalier pause 3
  espalier resume 3)");
  add_options(*command, *choice);
  command->callback([choice, &chosen] { chosen = [choice] { return change_job(*choice, "pause"); }; });
}

}  // namespace espalier::cli
