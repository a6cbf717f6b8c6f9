// Beside the plot: the selected trial in full, or else the Pareto front to choose from.

import type { Trial } from '../api/types';
import { param, params } from '../format';
import { openJob } from '../live/state';
import { metricText } from '../trials/metrics';
import { rungText } from '../trials/search';
import { aims, allTrials, columns, figureX, figureY, rungs, selectedTrial, unit } from '../trials/shown';
import { changeView, pointedTrial } from '../view/view';
import { TrialMark } from './marks';
import { StateBadge } from './state_badge';

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
        <TrialMark trial={trial} />
        <h3 class="name">{trial.group} <span class="quiet">#{trial.id}</span></h3>
        <button type="button" class="small end" aria-label="Close the trial's details" title="Esc" onClick={() => { changeView({ trial: null }); }}>✕</button>
      </div>
      <p>
        <StateBadge state={trial.state} />
        {trial.rung != null && !trial.reason && <span class="quiet"> {rungText(trial, rungs.value)}</span>}
        {trial.pareto && <span class="star"> ★ on the Pareto front</span>}
      </p>
      {trial.reason !== null && trial.reason !== '' && <p class={`reason ${trial.state === 'failed' ? 'bad' : ''}`}>{trial.reason}</p>}
      <dl>
        {trial.model != null && trial.params['model.name'] === undefined && <div><dt>Net</dt><dd>{trial.model}</dd></div>}
        {trial.generation != null && <div><dt>Generation</dt><dd>{trial.generation}</dd></div>}
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
  const [x, y] = [figureX.value, figureY.value];
  const [ofX, ofY] = [x.of(trial), y.of(trial)];
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
        <TrialMark trial={trial} />
        <span class="name">
          {trial.group}
          <small class="quiet"> {params(trial.params)}</small>
        </span>
        <span class="numbers">
          {ofY !== null && y.text(ofY) + y.unit}
          <small class="quiet">{ofX !== null && x.text(ofX) + x.unit}</small>
        </span>
      </button>
    </li>
  );
}

function Front() {
  const x = figureX.value;
  const at = (trial: Trial) => (x.numeric ? Number(x.of(trial) ?? Infinity) : 0);
  const front = allTrials.value.filter((trial) => trial.pareto).sort((a, b) => at(a) - at(b));
  const objectives = openJob.value?.objectives ?? {};
  return (
    <>
      <h3>Pareto front</h3>
      <p class="quiet">
        {front.length === 0
          ? 'Nothing on it yet: it needs a trial that is measured and keeps the constraints.'
          : `Ship one of these: no other trial is better in every objective.${aims.value !== null ? '' : ` Objectives: ${Object.keys(objectives).join(', ')}.`}`}
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
