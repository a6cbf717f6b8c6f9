// espalier cancel JOB: ends it, but for the tasks that another unfinished job needs.
#include "cli/command.hpp"
#include "cli/job_choice.hpp"

namespace espalier::cli {

void add_cancel(CLI::App& app, Action& chosen) {
  auto choice = std::make_shared<JobChoice>();  // shared: CLI11 keeps references to it beyond this function
  auto* command = app.add_subcommand("cancel", "End a job; what no other job needs is not run any more");
  command->footer(R"(
Example:
  espalier cancel 3
  espalier cancel pruning        # by its name, if only one job has it

What is finished stays; submitting the same file again goes on from there.)");
  add_options(*command, *choice);
  command->callback([choice, &chosen] { chosen = [choice] { return change_job(*choice, "cancel"); }; });
}

}  // namespace espalier::cli
