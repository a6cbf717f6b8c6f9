// Where things stand in the plot: scales, ticks, positions. Pure.

import { scaleLinear, scaleLog } from 'd3-scale';

import type { Point } from './front';

export interface Tick {
  at: number; // pixels
  value: number;
}

export interface Axes {
  x(latency: number): number;
  y(accuracy: number): number;
  xTicks: Tick[];
  yTicks: Tick[];
  yDecimals: number; // that tell the ticks' percentages apart
  logarithmic: boolean;
}

export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const kLogSpread = 12;

function linearDomain(low: number, high: number, least: number): [number, number] {
  const pad = Math.max((high - low) * 0.08, least);
  return [low - pad, high + pad];
}

export function axesFor(points: readonly Point[], frame: Frame): Axes {
  const latencies = points.map((point) => point.latency);
  const accuracies = points.map((point) => point.accuracy);
  const [fastest, slowest] = [Math.min(...latencies), Math.max(...latencies)];
  const logarithmic = slowest / fastest > kLogSpread;

  const xPad = Math.max((slowest - fastest) * 0.06, slowest * 0.02);
  const x = logarithmic
    ? scaleLog([fastest / 1.25, slowest * 1.25], [frame.left, frame.right])
    : scaleLinear([Math.max(0, fastest - xPad), slowest + xPad], [frame.left, frame.right]);
  const [low, high] = linearDomain(Math.min(...accuracies), Math.max(...accuracies), 0.01);
  const y = scaleLinear([Math.max(0, low), Math.min(1, Math.max(high, low + 0.004))], [frame.bottom, frame.top]);

  const xCount = Math.max(2, Math.floor((frame.right - frame.left) / 90));
  const yCount = Math.max(2, Math.floor((frame.bottom - frame.top) / 48));
  let xValues = x.ticks(xCount);
  if (logarithmic) {
    const leading = (value: number) => Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9));
    const fine = xValues.filter((value) => [1, 2, 5].includes(leading(value)));
    xValues = fine.length <= 1.5 * xCount ? fine : xValues.filter((value) => leading(value) === 1);
  }
  const yValues = y.ticks(yCount);
  const step = yValues.length > 1 ? ((yValues[1] ?? 0) - (yValues[0] ?? 0)) * 100 : 1;
  return {
    x,
    y,
    xTicks: xValues.map((value) => ({ at: x(value), value })),
    yTicks: yValues.map((value) => ({ at: y(value), value })),
    yDecimals: step >= 0.999 ? 0 : step >= 0.0999 ? 1 : 2,
    logarithmic,
  };
}

// Stairs from the fastest corner to the slowest, then on to the right edge: what is best at each latency.
export function stairs(corners: readonly Point[], axes: Axes, frame: Frame): string {
  if (corners.length === 0) return '';
  let path = '';
  for (const corner of corners) {
    const [x, y] = [axes.x(corner.latency).toFixed(1), axes.y(corner.accuracy).toFixed(1)];
    path += path === '' ? `M${x},${frame.bottom}V${y}` : `H${x}V${y}`;
  }
  return `${path}H${frame.right}`;
}

// The cross of both intervals around a point, as far as they are known, inside the frame.
export function whiskers(point: Point, axes: Axes, frame: Frame): string {
  const { metrics } = point.trial;
  const [x, y] = [axes.x(point.latency), axes.y(point.accuracy)];
  let path = '';
  const { latency_ci_low_ms: left, latency_ci_high_ms: right, accuracy_ci_low: low, accuracy_ci_high: high } = metrics;
  if (left != null && right != null && left > 0) {
    const from = Math.max(frame.left, axes.x(left));
    const to = Math.min(frame.right, axes.x(right));
    path += `M${from.toFixed(1)},${y.toFixed(1)}H${to.toFixed(1)}`;
  }
  if (low != null && high != null) {
    const from = Math.min(frame.bottom, axes.y(low));
    const to = Math.max(frame.top, axes.y(high));
    path += `M${x.toFixed(1)},${from.toFixed(1)}V${to.toFixed(1)}`;
  }
  return path;
}
