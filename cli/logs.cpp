// espalier logs TRIAL|TASK: what the runners of its attempts wrote.
#include <fmt/format.h>

#include <iostream>
#include <map>

#include "cli/command.hpp"
#include "cli/interrupts.hpp"
#include "cli/job_choice.hpp"

namespace espalier::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{500};

struct LogsOptions {
  CoordinatorChoice coordinator;
  std::string of;
  bool follow = false;
};

// What of each attempt has been printed.
class Printer {
 public:
  explicit Printer(const CoordinatorClient& client) : client_(client) {}

  Result<void> print_news(const json::object& attempt) {
    const auto number = attempt.at("attempt").to_number<std::int64_t>();
    const bool is_new = !printed_.contains(number);
    auto& next = printed_[number];
    if (is_new) announce(number, attempt);
    for (;;) {
      const auto log = client_.attempt_log(number, next);
      if (!log) return log.error();
      const auto& text = log->at("text").as_string();
      if (text.empty()) return {};
      if (last_ != number) announce(number, attempt);
      std::cout.write(text.data(), static_cast<std::streamsize>(text.size()));
      std::cout.flush();
      next = log->at("next").to_number<std::int64_t>();
    }
  }

 private:
  void announce(std::int64_t number, const json::object& attempt) {
    last_ = number;
    std::cerr << fmt::format(
        "== attempt {}, {} {}, on {}: {}\n", number, attempt.at("stage").as_string().c_str(),
        std::string(attempt.at("task").as_string()).substr(0, 12), attempt.at("worker").as_string().c_str(),
        attempt.at("state").as_string().c_str());
  }
  const CoordinatorClient& client_;
  std::map<std::int64_t, std::int64_t> printed_;  // attempt -> where to go on
  std::int64_t last_ = 0;
};

Result<int> logs(const LogsOptions& options) {
  Interrupts interrupts;
  const auto client = client_of(options.coordinator);
  if (!client) return client.error();
  Printer printer(*client);
  for (;;) {
    const auto found = client->attempts(options.of);
    if (!found) return found.error();
    for (const auto& attempt : found->at("attempts").as_array())
      if (auto printed = printer.print_news(attempt.as_object()); !printed) return printed.error();
    if (!options.follow || found->at("ended").as_bool()) return 0;
    if (interrupts.wait(kBetweenLooks)) return exit_code(ErrorKind::interrupted);
  }
}

}  // namespace

void add_logs(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<LogsOptions>();  // shared: CLI11 keeps references to it beyond this function
  auto* command =
      app.add_subcommand("logs", "Print what the attempts of a trial or task wrote, failed ones too");
  command->footer(R"(
Example:
  espalier logs 12                  # trial 12, as in `espalier sql "select id from trials"`
  espalier logs 3fa9c1 --follow     # the task whose key begins so, until it has ended)");
  command->add_option("TRIAL|TASK", options->of, "A trial's number, or how a task's key begins")->required();
  command->add_flag("--follow,-f", options->follow, "Go on until its tasks have ended");
  add_options(*command, options->coordinator);
  command->callback([options, &chosen] { chosen = [options] { return logs(*options); }; });
}

}  // namespace espalier::cli
