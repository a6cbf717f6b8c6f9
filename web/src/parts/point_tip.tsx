import type { Trial } from '../api/types';
import { param, params } from '../format';
import { latencyText } from '../trials/columns';
import { columns, groupOrder, unit } from '../trials/shown';
import type { Point } from '../trials/front';
import { Mark } from './marks';

function cellText(trial: Trial, key: string): string {
  const cell = columns.value.find((column) => column.key === key)?.cell(trial);
  return cell === undefined ? '' : `${cell.text} ${cell.note ?? ''}`.trim();
}

function latencyWithInterval(trial: Trial): string {
  const { latency_p50_ms: value, latency_ci_low_ms: low, latency_ci_high_ms: high } = trial.metrics;
  if (value == null) return '';
  const bounds = low == null || high == null ? '' : ` [${latencyText(low, unit.value)}, ${latencyText(high, unit.value)}]`;
  return `${latencyText(value, unit.value)} ${unit.value.name}${bounds}`;
}

export function pointText(trial: Trial): string {
  return `${trial.group}, ${params(trial.params)}: accuracy ${cellText(trial, 'accuracy')}, latency ${latencyWithInterval(trial)}${trial.pareto ? ', on the Pareto front' : ''}`;
}

export function PointTip({ point, x, y, width }: { point: Point; x: number; y: number; width: number }) {
  const { trial } = point;
  const onTheRight = x < width / 2;
  return (
    <div
      class="tip"
      style={{
        left: onTheRight ? `${x + 16}px` : 'auto',
        right: onTheRight ? 'auto' : `${width - x + 16}px`,
        top: `${Math.max(4, y - 40)}px`,
      }}
    >
      <p class="line">
        <Mark index={groupOrder.value.get(trial.group) ?? 0} />
        <b class="name">{trial.group}</b>
        {trial.pareto && <span class="star">★</span>}
      </p>
      {Object.entries(trial.params).map(([key, value]) => (
        <p key={key}><span class="quiet">{key}</span> {param(value)}</p>
      ))}
      <p>{cellText(trial, 'accuracy')}</p>
      <p>{latencyWithInterval(trial)}</p>
      {trial.metrics.speedup != null && <p><span class="quiet">speed-up</span> {cellText(trial, 'speedup')}</p>}
    </div>
  );
}
