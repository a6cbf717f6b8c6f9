// What coordinator and workers say to each other. Every handler is idempotent: any message may be lost,
// doubled or late. Worker -> coordinator messages that must not be lost (Progress, LogText, Finished) carry
// (attempt, seq) and are repeated until acknowledged.
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/json.hpp"

namespace espalier::wire {

inline constexpr int kProtocolVersion = 1;

// ---- values that messages carry ----

// A number a task measured. `unit` is "" for a pure ratio; ci_low..ci_high is its 95 % interval where there
// is one; `samples` how many observations it rests on (0: exact, nothing was sampled).
struct Metric {
  std::string name;
  std::optional<double> value;  // unset: could not be measured, which is not 0
  std::string unit;
  std::optional<double> ci_low;
  std::optional<double> ci_high;
  std::int64_t samples = 0;
};

// One point of a curve: train_loss at epoch 3.
struct CurvePoint {
  std::string name;
  double step = 0;
  double value = 0;
};

// A file that a task made, already in the coordinator's artifact store when it is reported.
struct Output {
  std::string name;  // role: "model", "logits", "masks", "samples"
  std::string hash;  // SHA-256 of its bytes
  std::int64_t bytes = 0;
};

// A file a task reads: the role the task knows it by, and the artifact.
struct Input {
  std::string role;  // "model", "baseline", "logits", "masks", "weights", "baseline_weights", "checkpoint"
  std::string hash;
  std::int64_t bytes = 0;
};

// How an attempt ended, as the worker saw it. `lost` and `superseded` are the coordinator's words, not a
// worker's.
enum class Outcome { succeeded, failed, crashed, timed_out, out_of_memory, cancelled };

// ---- worker -> coordinator ----

// First message of a session, and again whenever the coordinator asks for it.
struct Hello {
  int protocol = kProtocolVersion;
  std::string worker;                  // unique name
  std::string session;                 // random per agent process
  int slots = 1;                       // runners that may work at once
  std::string device_class;            // "cpu|AMD EPYC|avx2|t1|libtorch 1.13.1"
  json::object facts;                  // everything else that placement may use
  std::vector<std::int64_t> attempts;  // attempts it still holds: running, or finished and not acknowledged
  std::int64_t beat = 0;               // counts up with those of heartbeats; the answering Welcome repeats it
  std::int64_t epoch = 0;              // of the coordinator that welcomed this process last; 0: none yet
};

struct Heartbeat {
  std::string worker;
  std::string session;
  std::vector<std::int64_t> attempts;
  std::int64_t beat = 0;  // counts up within a session; the answering Beat repeats it
  // What changes of the worker's facts, all of it, if it has changed enough to matter: until it is answered.
  std::optional<json::object> facts = {};
};

// Where an attempt stood, already in the coordinator's artifact store: a later attempt goes on from there.
struct Checkpoint {
  std::string hash;
  std::int64_t bytes = 0;
  std::int64_t step = 0;  // rises within an attempt
};

struct Progress {
  std::string worker;
  std::int64_t attempt = 0;
  std::int64_t seq = 0;
  double fraction = 0;  // 0..1 of this task
  std::string note;     // "epoch 2 of 3"
  std::vector<CurvePoint> points;
  std::optional<Checkpoint> checkpoint;
};

// What an attempt's runner wrote since the last one. The offsets of an attempt's texts join without a gap.
struct LogText {
  std::string worker;
  std::int64_t attempt = 0;
  std::int64_t seq = 0;     // counts with those of Progress
  std::int64_t offset = 0;  // in bytes of UTF-8
  std::string text;
};

struct Finished {
  std::string worker;
  std::int64_t attempt = 0;
  std::int64_t seq = 0;
  Outcome outcome = Outcome::succeeded;
  std::string reason;      // in words; empty if it succeeded
  bool retryable = false;  // a crash is, an impossible setting isn't
  double seconds = 0;      // run time on the worker
  std::string device_class;
  std::vector<Metric> metrics;
  std::vector<Output> outputs;
};

struct Goodbye {  // the worker leaves in order; its attempts are requeued at once
  std::string worker;
  std::string session;
};

// ---- coordinator -> worker ----

struct Welcome {
  std::int64_t epoch = 0;       // number of the coordinator's reign over this database
  std::int64_t beat_ms = 2000;  // send a heartbeat this often
  std::int64_t lease_ms = 10000;
  std::string http;       // where artifacts are fetched and stored: "http://127.0.0.1:8470"
  std::int64_t beat = 0;  // of that Hello: the lease counts from when it was sent
  // Lower numbers, but for those that the worker holds, are over for it: their late Assign starts nothing.
  std::int64_t first_attempt = 1;
  // Where HTTP asks for it: what the worker shows with each request (a secret, never logged), and the
  // certificate (PEM) by which it knows the server, as this message came over a channel that is encrypted.
  std::optional<std::string> http_token = {};
  std::optional<std::string> http_certificate = {};
};

struct Beat {  // answer to a heartbeat; renews the worker's own copy of the lease
  std::int64_t epoch = 0;
  std::int64_t beat = 0;  // of that heartbeat: the lease counts from when it was sent
};

struct Rejected {  // the worker must not go on: wrong protocol, name in use
  std::string reason;
};

struct Assign {
  std::int64_t epoch = 0;
  std::int64_t attempt = 0;
  std::string task;   // key
  json::object spec;  // see docs/how-it-works.md, "A task's specification"
  std::vector<Input> inputs;
  double timeout_s = 0;           // 0: none
  std::int64_t memory_bytes = 0;  // 0: no limit
};

struct Cancel {
  std::int64_t attempt = 0;
};

struct Acknowledge {  // Progress or Finished (attempt, seq) is committed, or known and harmless
  std::int64_t attempt = 0;
  std::int64_t seq = 0;
};

struct WhoAreYou {                    // the coordinator doesn't know this worker (it restarted): say Hello
  std::optional<std::int64_t> epoch;  // as in Beat; earlier versions don't say it
};

using ToCoordinator = std::variant<Hello, Heartbeat, Progress, LogText, Finished, Goodbye>;
using ToWorker = std::variant<Welcome, Beat, Rejected, Assign, Cancel, Acknowledge, WhoAreYou>;

BOOST_DESCRIBE_STRUCT(Metric, (), (name, value, unit, ci_low, ci_high, samples))
BOOST_DESCRIBE_STRUCT(CurvePoint, (), (name, step, value))
BOOST_DESCRIBE_STRUCT(Output, (), (name, hash, bytes))
BOOST_DESCRIBE_STRUCT(Input, (), (role, hash, bytes))
BOOST_DESCRIBE_ENUM(Outcome, succeeded, failed, crashed, timed_out, out_of_memory, cancelled)
BOOST_DESCRIBE_STRUCT(Hello, (),
                      (protocol, worker, session, slots, device_class, facts, attempts, beat, epoch))
BOOST_DESCRIBE_STRUCT(Heartbeat, (), (worker, session, attempts, beat, facts))
BOOST_DESCRIBE_STRUCT(Checkpoint, (), (hash, bytes, step))
BOOST_DESCRIBE_STRUCT(Progress, (), (worker, attempt, seq, fraction, note, points, checkpoint))
BOOST_DESCRIBE_STRUCT(LogText, (), (worker, attempt, seq, offset, text))
BOOST_DESCRIBE_STRUCT(Finished, (),
                      (worker, attempt, seq, outcome, reason, retryable, seconds, device_class, metrics,
                       outputs))
BOOST_DESCRIBE_STRUCT(Goodbye, (), (worker, session))
BOOST_DESCRIBE_STRUCT(Welcome, (),
                      (epoch, beat_ms, lease_ms, http, beat, first_attempt, http_token, http_certificate))
BOOST_DESCRIBE_STRUCT(Beat, (), (epoch, beat))
BOOST_DESCRIBE_STRUCT(Rejected, (), (reason))
BOOST_DESCRIBE_STRUCT(Assign, (), (epoch, attempt, task, spec, inputs, timeout_s, memory_bytes))
BOOST_DESCRIBE_STRUCT(Cancel, (), (attempt))
BOOST_DESCRIBE_STRUCT(Acknowledge, (), (attempt, seq))
BOOST_DESCRIBE_STRUCT(WhoAreYou, (), (epoch))

}  // namespace espalier::wire
