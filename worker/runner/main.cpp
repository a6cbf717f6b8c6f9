#include <ATen/Parallel.h>

#include <fcntl.h>
#include <unistd.h>
#ifdef ESPALIER_MIMALLOC
#include <mimalloc.h>
#endif

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "common/base/files.hpp"
#include "common/base/log.hpp"
#include "worker/confinement/fence.hpp"
#include "worker/confinement/seal.hpp"
#include "worker/confinement/starter.hpp"
#include "worker/runner/measure/peak_memory.hpp"
#include "worker/runner/measure/turns.hpp"
#include "worker/runner/models/listing.hpp"
#include "worker/runner/models/model.hpp"
#include "worker/runner/serve.hpp"
#include "worker/runner/train/tensors_file.hpp"

namespace espalier::runner {
namespace {

constexpr int kConversation = 3;

int fail(const Error& error) {
  std::fprintf(stderr, "espalier-runner: %s\n", error.message.c_str());
  if (!error.help.empty()) std::fprintf(stderr, "  help: %s\n", error.help.c_str());
  return exit_code(error.kind);
}

int run_once(const std::string& spec_file, const std::string& folder,
             const std::vector<std::string>& inputs) {
  const auto text = read_file(spec_file);
  if (!text) return fail(text.error());
  const auto spec = parse_json(*text);
  if (!spec || !spec->is_object())
    return fail({ErrorKind::usage, spec_file + " is not a JSON object",
                 "docs/how-it-works.md shows a specification"});
  TaskContext task{spec->as_object(), folder, {}, {}};
  for (const auto& input : inputs) {
    const auto equals = input.find('=');
    if (equals == std::string::npos)
      return fail({ErrorKind::usage, "\"" + input + "\" is not role=path", "write model=/path/to/model.pt"});
    task.inputs.emplace(input.substr(0, equals), input.substr(equals + 1));
  }
  task.progress = [](double fraction, const std::string& note, const std::vector<CurvePoint>& points) {
    std::fprintf(stderr, "%5.1f %%  %s", 100 * fraction, note.c_str());
    for (const auto& point : points) std::fprintf(stderr, "  %s %.4f", point.name.c_str(), point.value);
    std::fputc('\n', stderr);
  };
  std::filesystem::create_directories(task.folder);
  const auto finished = finished_by(task);
  std::printf("%s\n", json::serialize(finished).c_str());
  return finished.at("outcome").as_string() == "succeeded" ? 0 : exit_code(ErrorKind::failed);
}

struct ForwardOptions {
  std::string model, weights, input, output, saved;
  std::int64_t classes = 1000;
};

// For comparisons with other programs' nets: the scores of images, both in a file of tensors by name.
int give_scores(const ForwardOptions& options) {
  const auto spec = parse_json(options.model);
  if (!spec || !spec->is_object())
    return fail({ErrorKind::usage, options.model + " is not a JSON object", R"(write {"name": "resnet18"})"});
  const auto images = load_tensors(options.input).at("images");
  auto model = make_zoo_model(spec->as_object(), images.sizes().slice(1).vec(), options.classes, /*seed=*/1,
                              options.weights);
  const torch::NoGradGuard no_grad;
  save_tensors({{"scores", model.module.forward({images}).toTensor()}}, options.output);
  if (!options.saved.empty()) save_model(model, options.saved);
  return 0;
}

int answer_turns(const std::string& model_text, std::int64_t batch) {
  const auto spec = parse_json(model_text);
  if (!spec || !spec->is_object())
    return fail({ErrorKind::usage, model_text + " is not a JSON object", R"(write {"name": "resnet18"})"});
  auto model = make_zoo_model(spec->as_object(), {3, 224, 224}, /*classes=*/1000, /*seed=*/1);
  time_in_turns(model, batch, std::cin, std::cout);
  return 0;
}

int print_models(bool as_json) {
  const bool is_watched = isatty(STDERR_FILENO) != 0;
  const auto list = list_zoo([&](std::string_view name, std::size_t number, std::size_t count) {
    if (is_watched)
      std::fprintf(stderr, "\r\x1b[Kcounting %.*s (%zu of %zu)", static_cast<int>(name.size()), name.data(),
                   number, count);
  });
  if (is_watched) std::fprintf(stderr, "\r\x1b[K");
  if (as_json) {
    std::printf("%s\n", json::serialize(list).c_str());
    return 0;
  }
  for (const auto& model : list)
    std::printf("%-14s %12lld parameters %14lld MACs\n", model.at("name").as_string().c_str(),
                static_cast<long long>(model.at("params").as_int64()),
                static_cast<long long>(model.at("macs").as_int64()));
  return 0;
}

// mimalloc gives every block above its segments' size back to the kernel at once, unless it lies in an arena:
// a net's activations would be faulted in again at every step, which doubles the time of a MobileNet's.
// Reserving costs nothing until the memory is used.
void keep_big_blocks() {
#ifdef ESPALIER_MIMALLOC
  const auto memory =
      static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  constexpr std::size_t kMost = std::size_t{8} << 30;
  mi_reserve_os_memory(std::min(kMost, memory / 2), /*commit=*/true, /*allow_large=*/false);
  const std::unique_ptr<void, void (*)(void*)> probe(std::malloc(64), std::free);
  if (!mi_is_in_heap_region(probe.get()))
    std::fputs("espalier-runner: malloc is not mimalloc's; training will be slower\n", stderr);
#endif
}

void settle() {
  at::set_num_threads(1);
  keep_big_blocks();
}

// Nothing of a task has been read yet. Without a fence, as by hand, nothing is given up.
Result<std::vector<std::string>> seal_in(const std::string& fence_text) {
  if (fence_text.empty()) return std::vector<std::string>{};
  const auto fence = confinement::fence_from(fence_text);
  if (!fence) return fence.error();
  auto starter = confinement::Starter::leave_outside(
      {(program_folder() / "espalier-runner").string(), "memory", "--fence", fence_text, "--"}, kConversation,
      kPeakMemoryLimit);
  if (!starter) return starter.error();
  const auto protections = confinement::seal(*fence, {kConversation, starter->descriptor()});
  measure_peak_memory_by(std::move(*starter));
  return confinement::names_of_active(protections);
}

int print_peak_memory(const std::string& model, std::int64_t batch, const std::string& fence_text) {
  if (!fence_text.empty()) {
    const auto fence = confinement::fence_from(fence_text);
    if (!fence) return fail(fence.error());
    confinement::seal(*fence, {STDOUT_FILENO});
  }
  settle();
  const auto bytes = peak_memory_here(model, batch);
  if (!bytes) return fail({ErrorKind::failed, "this system doesn't say how much memory a process used", ""});
  std::printf("%lld\n", static_cast<long long>(*bytes));
  return 0;
}

int main_of(int count, char** words) {
  CLI::App app("Runs single tasks of Espalier: trains, compresses and measures networks.", "espalier-runner");
  app.require_subcommand(1);
  auto* serving = app.add_subcommand("serve", "run tasks as told over descriptor 3, until it is closed");
  auto* listing = app.add_subcommand("models", "the zoo: parameters and MACs");
  bool as_json = false;
  listing->add_flag("--json", as_json, "as JSON");
  auto* running = app.add_subcommand("run", "run one task");
  auto* weighing =
      app.add_subcommand("memory", "load a model, run it, print the peak of this process's memory");
  std::string model_file;
  std::int64_t batch = 1;
  std::string fence;
  for (auto* sealed : {serving, weighing})
    sealed->add_option("--fence", fence, "what this process may do, in the worker's words (JSON)");
  weighing->add_option("model", model_file, "a model file that a stage wrote")->required();
  weighing->add_option("batch", batch, "images at a time");
  std::string spec_file, folder;
  std::vector<std::string> inputs;
  running->add_option("spec", spec_file, "file with the task's specification (JSON)")->required();
  running->add_option("folder", folder, "where the outputs go")->required();
  running->add_option("inputs", inputs, "the task's inputs as role=path");
  auto* forwarding = app.add_subcommand("forward", "a zoo net's scores of images");
  ForwardOptions forward;
  forwarding->add_option("model", forward.model, "as in a job file, as JSON")->required();
  forwarding->add_option("input", forward.input, "dict with `images`, float [N, C, H, W], of torch.save")
      ->required();
  forwarding->add_option("output", forward.output, "where a dict with `scores` [N, classes] goes")
      ->required();
  forwarding->add_option("--weights", forward.weights, "a state dict for it");
  forwarding->add_option("--classes", forward.classes, "of the net");
  forwarding->add_option("--save", forward.saved, "where the model goes, as TorchScript");
  auto* taking_turns =
      app.add_subcommand("turns", "time a zoo net, as many passes as each line on stdin says");
  std::string timed_model;
  std::int64_t timed_batch = 1;
  taking_turns->add_option("model", timed_model, "as in a job file, as JSON")->required();
  taking_turns->add_option("batch", timed_batch, "images of 224x224 at a time");
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_code(ErrorKind::usage);
  }
  std::signal(SIGPIPE, SIG_IGN);
  // To standard error, which is the attempt's log; standard output is for results.
  if (const auto set = set_up_log("runner"); !set) return fail(set.error());
  if (*serving) {
    if (fcntl(kConversation, F_GETFD) == -1)
      return fail({ErrorKind::usage, "descriptor 3 is not open: an agent starts `serve` with a socket there",
                   "run one task by hand with `espalier-runner run`"});
    const auto sealed = seal_in(fence);
    if (!sealed) return fail(sealed.error());
    settle();
    return serve(kConversation, *sealed);
  }
  if (*weighing) return print_peak_memory(model_file, batch, fence);
  settle();
  if (*listing) return print_models(as_json);
  if (*forwarding) return give_scores(forward);
  if (*taking_turns) return answer_turns(timed_model, timed_batch);
  return run_once(spec_file, folder, inputs);
}

}  // namespace
}  // namespace espalier::runner

int main(int count, char** words) {
  try {
    return espalier::runner::main_of(count, words);
  } catch (const espalier::ErrorException& error) {
    return espalier::runner::fail(error.error());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "espalier-runner: %s\n", error.what());
    return espalier::exit_code(espalier::ErrorKind::internal);
  }
}
