#include <iostream>

#include "cli/command.hpp"
#include "common/base/log.hpp"

namespace {

constexpr const char* kAbout =
    "Espalier: train, prune, quantize and distil networks on the machines you have, and see which one to "
    "ship.";
constexpr const char* kFooter = R"(
Example:
  espalier run jobs/quickstart.toml
  espalier sql "select group_name, params, accuracy, latency_p50_ms from v1.pareto"

Exit codes: 0 all well; 1 the work failed (some trials, or a program); 2 wrong command line; 3 the job file has errors;
4 not found; 5 something must be installed; 6 in use (state folder, port), or the job has ended already; 7 coordinator or database can't be reached;
130 interrupted; 70 a defect of ours.)";

int report(const espalier::Error& error) {
  std::cerr << "espalier: error: " << error.message << "\n";
  if (!error.help.empty()) std::cerr << "  help: " << error.help << "\n";
  return espalier::exit_code(error.kind);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace espalier;
  if (const auto set = set_up_log("espalier", spdlog::level::warn); !set) return report(set.error());
  CLI::App app(kAbout, "espalier");
  app.footer(kFooter);
  app.set_version_flag("--version", "espalier " ESPALIER_VERSION);
  app.require_subcommand(1);
  cli::Action chosen;
  cli::add_run(app, chosen);
  cli::add_up(app, chosen);
  cli::add_submit(app, chosen);
  cli::add_jobs(app, chosen);
  cli::add_cancel(app, chosen);
  cli::add_pause(app, chosen);
  cli::add_resume(app, chosen);
  cli::add_retry(app, chosen);
  cli::add_extend(app, chosen);
  cli::add_workers(app, chosen);
  cli::add_compare(app, chosen);
  cli::add_explain(app, chosen);
  cli::add_plan(app, chosen);
  cli::add_keys(app, chosen);
  cli::add_logs(app, chosen);
  cli::add_gc(app, chosen);
  cli::add_tokens(app, chosen);
  cli::add_sql(app, chosen);
  cli::add_db(app, chosen);
  cli::add_models(app, chosen);
  cli::add_datasets(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = error.get_exit_code() == 0;
    app.exit(error);
    return asked_for_help ? 0 : exit_code(ErrorKind::usage);
  }
  try {
    const auto code = chosen();
    return code ? *code : report(code.error());
  } catch (const std::exception& unexpected) {
    return report({ErrorKind::internal, unexpected.what(), "please report this"});
  }
}
