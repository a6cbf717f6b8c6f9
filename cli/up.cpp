// espalier up: coordinator, workers and page on this machine, until Ctrl-C.
#include <iostream>

#include "cli/command.hpp"
#include "cli/local_system.hpp"

namespace espalier::cli {
namespace {

constexpr const char* kExample = R"(
Example:
  espalier up &
  espalier submit jobs/pruning.toml

For people on other hosts, who then need a token (`espalier tokens add NAME --role submitter`):
  espalier up --http 10.0.0.5:8470 --tls-certificate certificate.pem --tls-key key.pem

For workers of other hosts:
  espalier keys init && espalier keys add-worker gpu-3        # and move gpu-3.worker there
  espalier up --keys .espalier/keys --zmq tcp://10.0.0.5:8471 --http 10.0.0.5:8470 --tls-certificate … --tls-key …
  espalier-worker --coordinator tcp://10.0.0.5:8471 --key gpu-3.worker         # there)";

Result<int> up(LocalOptions options) {
  Interrupts interrupts;
  auto system = LocalSystem::start(std::move(options), interrupts);
  if (!system) {
    if (interrupts.came()) return 0;
    return system.error();
  }
  std::cout << "the page: " << (*system)->http() << "\nCtrl-C ends it; `espalier submit FILE` hands it jobs"
            << std::endl;
  while (!interrupts.came())
    if (auto alive = (*system)->supervise(std::chrono::seconds(60)); !alive) return alive.error();
  return 0;
}

}  // namespace

void add_up(CLI::App& app, Action& chosen) {
  auto options =
      std::make_shared<LocalOptions>();  // shared: CLI11 keeps references to it beyond this function
  options->state.root = kDefaultState;
  auto* command = app.add_subcommand("up", "Start coordinator, worker and page on this machine and stay");
  command->footer(kExample);
  command->add_option("--state", options->state.root, "Folder for database, artifacts and logs")
      ->capture_default_str();
  command->add_option("--workers", options->workers, "Worker processes; 0: only workers elsewhere")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command->add_option("--slots", options->slots, "Tasks at once in each worker; default: cores / workers")
      ->check(CLI::Range(1, 1024));
  command->add_option("--http", options->http,
                      "Address of the page; default 127.0.0.1:8470, or any free port");
  command->add_option("--zmq", options->zmq,
                      "Address for workers of other hosts; default: a free loopback port");
  command->add_flag("--insecure-bind", options->insecure_bind, "Allow addresses that others can reach");
  command->add_option(
      "--keys", options->keys,
      "Folder that `espalier keys init` made: workers have to come with a key, and are encrypted");
  command->add_flag("--require-tokens", options->require_tokens, "Let nobody in over HTTP without a token");
  auto* certificate =
      command->add_option("--tls-certificate", options->certificate, "PEM file: the page is https");
  auto* key = command->add_option("--tls-key", options->key, "PEM file with its key");
  certificate->needs(key);
  key->needs(certificate);
  command
      ->add_option(
          "--job-files", options->job_files,
          "Folder in which job files may name files; repeatable. Default: anywhere, and nowhere where tokens "
          "are demanded")
      ->allow_extra_args(false);
  command->add_option("--database", options->database, "Use this PostgreSQL instead of a private one");
  command->callback([options, &chosen] { chosen = [options] { return up(*options); }; });
}

}  // namespace espalier::cli
