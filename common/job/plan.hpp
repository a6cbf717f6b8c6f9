// What a job file means: parsed, checked, expanded to trials and to a DAG of keyed tasks. Pure: files are
// looked at only through `Surroundings`, so that the command line can plan offline and the coordinator can
// submit with the same code.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/job/search.hpp"

namespace espalier::job {

// One thing that is wrong with a job file. Lines and columns count from 1; end_column is one past the last.
struct Diagnostic {
  std::string code;     // "E014": stable, one a kind of mistake
  std::string message;  // what is wrong, one sentence
  std::string help;     // what to write instead; may be empty
  int line = 0;         // 0: the file as a whole
  int column = 0;
  int end_column = 0;
};

// As text for people: file:line:column, the offending line, the underline, the help.
std::string render(const std::vector<Diagnostic>& diagnostics, std::string_view file_name,
                   std::string_view text);
json::array to_json(const std::vector<Diagnostic>& diagnostics);
// The way back; what is no diagnostic is left out.
std::vector<Diagnostic> diagnostics_from(const json::value& array);

// Where a task's input comes from: another task's output, or a file of the user's, already hashed.
struct TaskInput {
  std::string role;       // "model", "baseline", "logits", "masks", "weights", "baseline_weights"
  TaskKey task;           // empty if it is a file
  std::string output;     // name of that task's output: "model", "logits", "masks"
  ContentHash file;       // set if it is a file
  std::size_t place = 0;  // of that task among the plan's tasks, unless it is a file
};

enum class Stage { train, distill, finetune, prune, quantize, teacher_logits, evaluate, benchmark };
std::string_view to_string(Stage stage);  // "teacher-logits" for teacher_logits

struct Task {
  TaskKey key;  // SHA-256 of canonical(spec)
  Stage stage{};
  json::object spec;  // see docs/how-it-works.md; holds the keys of its inputs, so keys chain
  std::vector<TaskInput> inputs;
  bool exclusive = false;  // measures: nothing else of ours may run on its host meanwhile
  std::size_t target = 0;  // index among the plan's targets; of the first group that needs it
  // Tasks of one kind take as long on one device class for each unit of work. 0: none.
  std::uint64_t kind = 0;
  double work = 1;
};

// Why a trial has a task. Only `own` tasks' metrics are the trial's metrics.
enum class TaskRole {
  own,      // the trial's pipeline, its evaluation and benchmark
  teacher,  // the teacher's training, evaluation and logits
  twin,     // distilled student's teacherless twin, for `gain`
  rung,     // a trial's evaluation on the way, for the search that decides whether it goes on
};
std::string_view to_string(TaskRole role);

struct TrialTask {
  std::size_t task = 0;  // index among the plan's tasks
  TaskRole role{};
};

struct Trial {
  std::string group;
  json::object params;           // swept dotted keys (and "job.seed" with repeats > 1) to this trial's values
  std::vector<TrialTask> tasks;  // in the order of the pipeline
  // Where it stands in its group's search space; empty unless the search is adaptive: see Proposal.
  std::vector<double> point = {};
  std::int64_t generation = 0;
  std::size_t rung = 0;
};

struct Objective {
  std::string metric;
  bool maximize = false;
};

struct Constraint {
  std::string metric;
  std::string comparison;  // ">=", "<=", ">", "<", "=="
  double bound = 0;
};

// Which workers may run a task: conditions on their facts, as `match::requirement_of` takes them. No part of
// its key.
struct Target {
  std::string require;              // blank: any worker
  std::vector<std::string> any_of;  // in order of preference; empty: any worker
  bool operator==(const Target&) const = default;
};

struct Plan {
  std::string name;
  std::string description;
  std::int64_t priority = 50;
  double timeout_s = 0;           // per task; 0: none
  int retries = 2;                // user errors and crashes; a lost worker never counts
  std::int64_t memory_bytes = 0;  // per task; 0: no limit
  std::int64_t max_parallel = 0;  // so many of its tasks run at once; 0: no limit
  std::vector<Target> targets;    // of its groups, each once; the first is any worker
  std::vector<std::string> groups;
  std::vector<Objective> objectives;
  std::vector<Constraint> constraints;
  std::optional<Search> search;     // set if points depend on what earlier ones gave
  std::vector<SearchSpace> spaces;  // then: of the groups that sweep
  std::vector<Trial> trials;
  std::vector<Task> tasks;  // each key once; inputs come before their users
};

// The model that a trial of an earlier job ended with.
struct TrialModel {
  // As a task's specification has it, with the `seed` that it is drawn from; empty if the file says it all.
  json::object spec;
  std::optional<TaskInput> file;  // role "model", or "weights" of a net of the zoo
  json::object data;  // as its benchmark has them; empty unless the net is described by them and `spec`
  std::optional<std::vector<std::int64_t>> input_shape;  // of one sample; unset if only the files know
  // How the trial was measured; unset if it wasn't to be.
  struct Measured {
    json::object settings;
    std::string device_class;
    Target target;
  };
  std::optional<Measured> measured;
  [[nodiscard]] bool is_described() const { return !spec.empty(); }
};

// A file that the job names (model, weights), as the caller sees it.
struct Surroundings {
  // Path as written in the job file -> hash of its bytes (the coordinator also keeps the bytes).
  std::function<Result<ContentHash>(const std::string& path)> file;
  // A dataset's folder as written, or the installed place of a catalogue dataset -> hash that changes if the
  // data does.
  std::function<Result<std::string>(const std::string& path)> data;
  // The device classes of the workers that match, each once, the one with the most workers first. Unset: none
  // is known.
  std::function<std::vector<std::string>(const Target& target)> device_classes;
  // A path as written -> as workers of this host see it. Unset: as written.
  std::function<std::string(const std::string& path)> absolute;
  // Whether a folder that `data` accepted holds the files of a format. Unset: not looked at.
  std::function<Result<void>(const std::string& format, const std::string& path)> layout = {};
  // What a trial of an earlier job ended with. Unset: nothing is known of trials, and each is taken to have a
  // model.
  std::function<Result<TrialModel>(TrialId trial)> trial = {};
};

// The surroundings of this process: paths relative to `folder`, hashes of real files.
Surroundings local_surroundings(std::string folder);

struct Planned {
  std::optional<Plan> plan;        // unset if there are errors
  std::vector<Diagnostic> errors;  // all of them, in file order
};

// `asked`: what an adaptive search (halving, nsga2) wants planned of the groups that sweep: exactly these
// trials, each up to its rung; groups without a sweep are planned in any case. Empty, as when the job is
// submitted: no trial, but the points that were drawn are checked like all others. Null: all that were drawn,
// up to the last rung, which is the most that would run. Ignored for a grid and for random.
Planned plan_job(std::string_view toml_text, const Surroundings& surroundings,
                 const std::vector<Proposal>* asked = nullptr);

// Takes a plan as it is made, so that nobody has to hold a million trials: first the head (a plan without
// trials and tasks), then these in parts, in their order; the tasks of a trial come with it or before.
struct PlanSink {
  std::function<void(const Plan& head)> head;
  std::function<void(std::vector<Trial> trials, std::vector<Task> tasks)> part;
};
inline constexpr std::size_t kTrialsInAPart = 2000;

// All errors. They may show after the first parts: then nothing that the sink got is of any use.
// A job that searches has the trials that are `asked` for, and those of groups that it doesn't search; with
// null, every point that it may begin with, up to the last rung.
std::vector<Diagnostic> plan_job(std::string_view toml_text, const Surroundings& surroundings,
                                 const PlanSink& sink, const std::vector<Proposal>* asked = nullptr);

}  // namespace espalier::job
