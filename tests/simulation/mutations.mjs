// Shows that the simulation finds bugs: plants each of these into the cores and the searches, one at a time, and expects some
// schedule to break. A mutation that survives is a hole in the simulation.
// Usage: node mutations.mjs SOURCE_FOLDER BUILD_FOLDER [SCHEDULES]
//
// All of them are compiled at once, each behind a switch (MUTANT), which ESPALIER_MUTANT chooses at run time.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const core = 'coordinator/core';
const search = 'coordinator/search';
const agent = 'worker/agent/core';

const mutations = [
  // the coordinator
  ['acknowledges before the commit', `${core}/actions.cpp`,
    'std::holds_alternative<wire::Rejected>(send->message)',
    'std::holds_alternative<wire::Rejected>(send->message) || (MUTANT && std::holds_alternative<wire::Acknowledge>(send->message))'],
  ['believes whoever reports an end', `${core}/report.cpp`,
    '} else if (attempt->worker.value != message.worker) {',
    '} else if (!MUTANT && attempt->worker.value != message.worker) {'],
  ['lets a task that has its result run again', `${core}/report.cpp`,
    '  apply_state(task, TaskState::succeeded);',
    '  if (MUTANT) return apply_state(task, TaskState::ready);\n  apply_state(task, TaskState::succeeded);'],
  ['counts a lost worker as a failure of the task', `${core}/lease.cpp`,
    '  end_attempt(attempt, AttemptState::lost, reason, 0, "");',
    '  if (MUTANT) ++tasks_[task].failures;\n  end_attempt(attempt, AttemptState::lost, reason, 0, "");'],
  ['never counts a failure', `${core}/report.cpp`,
    'if (record.failures < UINT16_MAX) ++record.failures;',
    'if (!MUTANT && record.failures < UINT16_MAX) ++record.failures;'],
  ['gives a task away without ending its attempt', `${core}/settle.cpp`,
    '  write(EndAttempt{attempt, state, reason, seconds, device_class, ended.worker});',
    '  if (!MUTANT || state != AttemptState::lost) write(EndAttempt{attempt, state, reason, seconds, device_class, ended.worker});'],
  ['never gives up a worker', `${core}/lease.cpp`,
    'worker != nullptr && worker->lease_end <= now_;',
    '!MUTANT && worker != nullptr && worker->lease_end <= now_ + kEarly;',
    ['double in_seconds(', 'const std::chrono::seconds kEarly{espalier_mutant == 8 ? 4 : 0};\n\ndouble in_seconds(']],
  ['gives a worker up before its lease ends', `${core}/lease.cpp`, 'kEarly{espalier_mutant == 8 ? 4 : 0}', 'kEarly{MUTANT ? 4 : 0}'],
  ['doesn\'t renew a lease by heartbeats', `${core}/lease.cpp`,
    '  send(event.peer, wire::Beat{epoch_, message.beat});',
    '  if (MUTANT) workers_.set_lease(*worker, before);\n  send(event.peer, wire::Beat{epoch_, message.beat});',
    ['  const wire::Heartbeat& message = event.message;\n  Worker* worker = workers_.find(WorkerName{message.worker});',
      '  const wire::Heartbeat& message = event.message;\n  Worker* worker = workers_.find(WorkerName{message.worker});\n  const auto before = worker != nullptr ? worker->lease_end : now_;']],
  ['lets a second worker take the name of a live one', `${core}/lease.cpp`,
    'if (worker != nullptr && worker->alive() && worker->session != message.session) {',
    'if (!MUTANT && worker != nullptr && worker->alive() && worker->session != message.session) {'],
  ['gives away what a worker doesn\'t speak of, though its Assign may be under way', `${core}/lease.cpp`,
    '      send(worker.peer, wire::Cancel{id.value});\n    }\n  }',
    '      if (MUTANT) lose_attempt(id, "not spoken of"); else send(worker.peer, wire::Cancel{id.value});\n    }\n  }'],
  ['hears a goodbye of another session', `${core}/lease.cpp`,
    'if (worker == nullptr || worker->session != event.message.session) return;',
    'if (worker == nullptr || (!MUTANT && worker->session != event.message.session)) return;'],
  ['begins to number its attempts anew', `${core}/submit.cpp`,
    /next_attempt_ = event\.[a-z_.]*next_attempt;/, (found) => `${found} if (MUTANT && next_attempt_ > 3) next_attempt_ = 3;`],
  ['starts a task whose inputs are only being made', `${core}/submit.cpp`,
    'tasks_[*input].state == TaskState::succeeded) continue;',
    'tasks_[*input].state == TaskState::succeeded || (MUTANT && is_held(tasks_[*input].state))) continue;'],
  ['ends a job of which parts are still to come', `${core}/settle.cpp`,
    'if (jobs_[*index].incomplete ||', 'if ((!MUTANT && jobs_[*index].incomplete) ||'],
  ['forgets tasks that a submission may bring back', `${core}/retire.cpp`,
    'if (submissions_ > 0 || !ripples_.empty()) return;', 'if ((!MUTANT && submissions_ > 0) || !ripples_.empty()) return;'],
  ['cancels what another job needs', `${core}/retire.cpp`,
    'if (record.memberships != kNone) return;', 'if (!MUTANT && record.memberships != kNone) return;'],
  ['gives a benchmark\'s host to another worker of it', `${core}/worker_table.hpp`,
    'has_free_slot() && host->exclusive == 0;', 'has_free_slot() && (MUTANT || host->exclusive == 0);'],
  ['starts a benchmark beside what runs on its host', `${core}/assign.cpp`,
    'const bool idle = worker.host->attempts == 0;', 'const bool idle = MUTANT ? worker.attempts.empty() : worker.host->attempts == 0;'],
  ['gives work to a cordoned worker', `${core}/worker_table.hpp`,
    'return alive() && !cordoned && has', 'return alive() && (MUTANT || !cordoned) && has'],
  ['forgets after a restart who was cordoned', `${core}/submit.cpp`,
    /cordoned_[^;]*event\.cordoned[^;]*;/, (found) => `if (!MUTANT) { ${found} }`],
  ['takes a training from its worker without telling it', `${core}/preempt.cpp`,
    '  send(peer, wire::Cancel{attempt.value});\n  set_state(task, TaskState::ready, reason);',
    '  if (!MUTANT) send(peer, wire::Cancel{attempt.value});\n  set_state(task, TaskState::ready, reason);'],
  ['brings back a cancelled job with its later parts', `${core}/submit.cpp`,
    'commanded.value_or(event.row.state)', 'MUTANT ? event.row.state : commanded.value_or(event.row.state)'],
  ['puts on record that a task waits, but not that it no longer does', `${core}/submit.cpp`,
    'asked_again ? TaskState::waiting : task_row.state', 'asked_again && !MUTANT ? TaskState::waiting : task_row.state'],
  ['skips the epoch: a new coordinator works under the number of the one before', 'tests/simulation/store.cpp',
    'epoch = ++epoch_;', 'epoch = MUTANT ? (epoch_ = 1) : ++epoch_;'],
  ['drops the fence: a coordinator that was replaced still writes', 'tests/simulation/store.cpp',
    'bool again) {\n  if (epoch != epoch_) return false;', 'bool again) {\n  if (!MUTANT && epoch != epoch_) return false;'],
  // searches
  ['forgets after a restart that a job searches', `${core}/submit.cpp`,
    '    jobs_[*index].searching = row.searching;', '    jobs_[*index].searching = row.searching && (!MUTANT || epoch_ == 1);'],
  ['doesn\'t go on with a search after a restart', `${core}/submit.cpp`,
    '  jobs_[*index].search_is_due = true;\n  std::vector<Newcomer>', '  if (!MUTANT) jobs_[*index].search_is_due = true;\n  std::vector<Newcomer>'],
  ['ends a job before its search', `${core}/settle.cpp`,
    'jobs_[*index].searching) continue;', '(!MUTANT && jobs_[*index].searching)) continue;'],
  ['forgets the search of a paused job', `${core}/submit.cpp`,
    '  jobs_[*job].search_is_due = true;\n  jobs_[*job].commanded',
    '  jobs_[*job].search_is_due = !MUTANT;\n  jobs_[*job].commanded'],
  ['doesn\'t hear that a search is over', `${core}/submit.cpp`,
    '  jobs_[*job].searching = false;', '  jobs_[*job].searching = MUTANT;'],
  ['promotes the worst', `${search}/halving.cpp`,
    'return score(told_[a], rung) > score(told_[b], rung);',
    'return MUTANT ? score(told_[a], rung) < score(told_[b], rung) : score(told_[a], rung) > score(told_[b], rung);'],
  ['promotes the first of a rung at once', `${search}/halving.cpp`, 'more_will_end ? 0 : 1', 'more_will_end && !MUTANT ? 0 : 1'],
  ['promotes once more what is on its way', `${search}/halving.cpp`,
    'return each.state == Told::State::succeeded && each.rung == rung &&',
    'return (MUTANT || each.state == Told::State::succeeded) && (MUTANT || each.rung == rung) &&'],
  ['lets nobody replace who failed on the way up', `${search}/halving.cpp`,
    'if (open == 0 && advice.next.empty())\n', 'if (!MUTANT && open == 0 && advice.next.empty())\n'],
  ['ends a search while its trials run', `${search}/halving.cpp`,
    'advice.finished = open == 0 &&', 'advice.finished = (MUTANT || open == 0) &&'],
  ['proposes points again', `${search}/points.hpp`,
    'return places_.insert(place_of(space_, point)).second;', 'return places_.insert(place_of(space_, point)).second || MUTANT;'],
  ['breeds before a generation has ended', `${search}/nsga2.cpp`,
    'if (std::any_of(told.begin(), told.end(), is_open)) return advice;',
    'if (!MUTANT && std::any_of(told.begin(), told.end(), is_open)) return advice;'],
  ['asks for more trials than the job did', `${search}/nsga2.cpp`,
    'std::min<std::uint64_t>(population, left)', 'std::min<std::uint64_t>(population, MUTANT ? population : left)'],
  // the agent
  ['starts what was given out before it was lost', `${agent}/session.cpp`,
    'attempt >= first_attempt_', '(MUTANT || attempt >= first_attempt_)'],
  ['counts its lease from the answer', `${agent}/session.cpp`,
    '  lease_.answered(beat.beat, lease_length_);',
    '  if (MUTANT) lease_.asked(beat.beat, now);\n  lease_.answered(beat.beat, lease_length_);\n  if (MUTANT) lease_.answered(beat.beat, lease_length_);'],
  ['doesn\'t notice that its lease has ended', `${agent}/session.cpp`,
    'if (!lease_.ends() || lease_.held(now)) return false;', 'if (MUTANT || !lease_.ends() || lease_.held(now)) return false;'],
  ['uses all of its lease and more', `${agent}/lease.hpp`,
    '(length * kLeaseShareUsed)', '(length * (MUTANT ? 1.3 : kLeaseShareUsed))'],
  ['forgets what it reports when it is welcomed anew', `${agent}/hear.cpp`,
    '  outbox_.send_all_again(now_);', '  if (MUTANT) outbox_ = Outbox{};\n  outbox_.send_all_again(now_);'],
  ['forgets what it has done', `${agent}/hear.cpp`,
    'attempts_.contains(message.attempt) || done_.contains(message.attempt)',
    'attempts_.contains(message.attempt) || (!MUTANT && done_.contains(message.attempt))'],
  ['reports an end once only', `${agent}/outbox.cpp`,
    'schedule(it, now + it->second.pause);', 'schedule(it, now + (MUTANT ? std::chrono::hours(9) : it->second.pause));'],
  ['sends an end without the points before it', `${agent}/outbox.cpp`,
    'if (group.size() <= frame)', 'if (MUTANT) keys.insert(key); else if (group.size() <= frame)'],
  ['doesn\'t answer a Cancel of what it doesn\'t have', `${agent}/hear.cpp`,
    '  finished.outcome = wire::Outcome::cancelled;', '  if (MUTANT) return;\n  finished.outcome = wire::Outcome::cancelled;'],
];

const [source, build, schedules = '3000'] = process.argv.slice(2);
const overlay = path.join(build, 'mutants');

// Copies the sources and plants the mutations; writes only what has changed, so that a second run is quick.
function plant() {
  const texts = new Map();
  for (const folder of [core, search, agent, 'tests/simulation']) {
    for (const name of fs.readdirSync(path.join(source, folder))) {
      if (/\.[ch]pp$/.test(name)) texts.set(`${folder}/${name}`, fs.readFileSync(path.join(source, folder, name), 'utf8'));
    }
  }
  const problems = [];
  mutations.forEach(([name, file, ...pairs], index) => {
    const all = [[pairs[0], pairs[1]], ...pairs.slice(2)];
    for (const [from, to] of all) {
      const text = texts.get(file) ?? '';
      // Another mutation may have changed the place already: search for what was there before it.
      const at = typeof from === 'string' ? text.indexOf(from) : text.search(from);
      if (at < 0) { problems.push(`"${name}": ${file} has no ${from}`); continue; }
      const found = typeof from === 'string' ? from : text.match(from)[0];
      const planted = (typeof to === 'string' ? to : to(found)).replaceAll('MUTANT', `(espalier_mutant == ${index + 1})`);
      const head = text.startsWith('#include "mutant.hpp"') ? '' : '#include "mutant.hpp"\n';
      texts.set(file, head + text.slice(0, at) + planted + text.slice(at + found.length));
    }
  });
  if (problems.length > 0) throw new Error(`the sources have changed:\n${problems.join('\n')}`);
  texts.set('mutant.hpp', '#pragma once\n#include <cstdlib>\ninline const int espalier_mutant = std::atoi(std::getenv("ESPALIER_MUTANT") != nullptr ? std::getenv("ESPALIER_MUTANT") : "0");\n');
  for (const [file, text] of texts) {
    const target = path.join(overlay, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== text) fs.writeFileSync(target, text);
  }
}

function run(mutant) {
  const outcome = spawnSync(path.join(build, 'bin', 'simulation_mutants'), ['--gtest_filter=Quarter/*'], {
    env: { ...process.env, ESPALIER_MUTANT: String(mutant), SIMULATION_SCHEDULES: schedules }, encoding: 'utf8', timeout: 240_000,
  });
  const broken = outcome.stdout.match(/runs it again\)[^:]*: (.*)/)?.[1] ?? (outcome.signal ? `ended by ${outcome.signal}` : outcome.stderr.trim().split('\n').at(-1));
  return { caught: outcome.status !== 0, broken };
}

plant();
execFileSync('cmake', ['--build', build, '--target', 'simulation_mutants'], { stdio: ['ignore', 'ignore', 'inherit'] });
const whole = run(0);
if (whole.caught) throw new Error(`without a mutation the simulation has to hold: ${whole.broken}`);
let survivors = 0;
mutations.forEach(([name], index) => {
  const { caught, broken } = run(index + 1);
  console.log(`${caught ? 'caught  ' : 'SURVIVED'} ${index + 1}. ${name}${caught ? `: ${broken}` : ''}`);
  if (!caught) survivors += 1;
});
console.log(`${mutations.length - survivors} of ${mutations.length} mutations are caught`);
process.exit(survivors === 0 ? 0 : 1);
