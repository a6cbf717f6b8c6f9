// Beside the plot: the selected trial in full, or else the Pareto front to choose from.

import type { Trial } from '../api/types';
import { bytes, count, digits, kUnmeasured, param, params, percent } from '../format';
import { openJob } from '../live/state';
import { latencyText } from '../trials/columns';
import { frontIsInPlane } from '../trials/front';
import { allTrials, columns, groupOrder, selectedTrial, unit } from '../trials/shown';
import { changeView, pointedTrial } from '../view/view';
import { Mark } from './marks';
import { StateBadge } from './state_badge';

function metricText(name: string, value: number | null): string {
  if (value === null) return kUnmeasured;
  if (name.endsWith('_bytes')) return bytes(value);
  if (name === 'params' || name === 'macs' || name === 'flops') return count(value);
  if (name === 'accuracy' || name === 'sparsity') return percent(value, 2);
  if (name.endsWith('_ms')) return `${digits(value)} ms`;
  if (name.endsWith('_j')) return `${digits(value)} J`;
  if (name.endsWith('_per_s')) return `${digits(value)} /s`;
  return digits(value);
}

function Metric({ trial, name, value }: { trial: Trial; name: string; value: number | null }) {
  const column = columns.value.find((candidate) => candidate.key === name);
  const cell = column?.cell(trial);
  const label = column === undefined ? name.replace(/_(ms|per_s|bytes|j)$/, '').replaceAll('_', ' ') : column.label;
  const text = cell === undefined ? metricText(name, value) : cell.text;
  const suffix = name === 'latency_p50_ms' && value !== null ? ` ${unit.value.name}` : '';
  return (
    <div>
      <dt title={name}>{label}</dt>
      <dd title={value === null ? 'could not be measured' : (cell?.title ?? String(value))} class={cell?.tone}>
        {text + suffix}
        {cell?.note !== undefined && <small class="quiet"> {cell.note}</small>}
      </dd>
    </div>
  );
}

function TrialDetails({ trial }: { trial: Trial }) {
  const metrics = Object.entries(trial.metrics).filter(
    (entry): entry is [string, number | null] => entry[1] !== undefined && !/_ci_(low|high)(_ms)?$/.test(entry[0]),
  );
  return (
    <>
      <div class="line">
        <Mark index={groupOrder.value.get(trial.group) ?? 0} />
        <h3 class="name">{trial.group} <span class="quiet">#{trial.id}</span></h3>
        <button type="button" class="small end" aria-label="Close the trial's details" title="Esc" onClick={() => { changeView({ trial: null }); }}>✕</button>
      </div>
      <p>
        <StateBadge state={trial.state} />
        {trial.pareto && <span class="star"> ★ on the Pareto front</span>}
      </p>
      {trial.reason !== null && trial.reason !== '' && <p class={`reason ${trial.state === 'failed' ? 'bad' : ''}`}>{trial.reason}</p>}
      <dl>
        {Object.entries(trial.params).map(([key, value]) => (
          <div key={key}>
            <dt class="code">{key}</dt>
            <dd>{param(value)}</dd>
          </div>
        ))}
        {metrics.map(([name, value]) => <Metric key={name} trial={trial} name={name} value={value} />)}
      </dl>
    </>
  );
}

function FrontItem({ trial }: { trial: Trial }) {
  const { accuracy, latency_p50_ms: latency } = trial.metrics;
  const id = String(trial.id);
  return (
    <li>
      <button
        type="button"
        class="front-item"
        onClick={() => { changeView({ trial: id }); }}
        onPointerEnter={() => { pointedTrial.value = id; }}
        onPointerLeave={() => { pointedTrial.value = null; }}
      >
        <Mark index={groupOrder.value.get(trial.group) ?? 0} />
        <span class="name">
          {trial.group}
          <small class="quiet"> {params(trial.params)}</small>
        </span>
        <span class="numbers">
          {accuracy != null && percent(accuracy)}
          <small class="quiet">{latency != null && `${latencyText(latency, unit.value)} ${unit.value.name}`}</small>
        </span>
      </button>
    </li>
  );
}

function Front() {
  const front = allTrials.value
    .filter((trial) => trial.pareto)
    .sort((a, b) => (a.metrics.latency_p50_ms ?? Infinity) - (b.metrics.latency_p50_ms ?? Infinity));
  const objectives = openJob.value?.objectives ?? {};
  return (
    <>
      <h3>Pareto front</h3>
      <p class="quiet">
        {front.length === 0
          ? 'Nothing on it yet: it needs a trial that is measured and keeps the constraints.'
          : `Ship one of these: no other trial is better in every objective.${frontIsInPlane(objectives) ? '' : ` Objectives: ${Object.keys(objectives).join(', ')}.`}`}
      </p>
      <ul class="front">
        {front.map((trial) => <FrontItem key={String(trial.id)} trial={trial} />)}
      </ul>
    </>
  );
}

export function Details() {
  const trial = selectedTrial.value;
  return (
    <section class="card details" aria-label={trial === null ? 'Pareto front' : 'Selected trial'}>
      {trial === null ? <Front /> : <TrialDetails trial={trial} />}
    </section>
  );
}
