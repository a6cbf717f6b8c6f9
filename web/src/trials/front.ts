// Accuracy against latency: the plot's points and its front. Pure.

import type { Trial } from '../api/types';

export interface Point {
  trial: Trial;
  id: string;
  latency: number; // ms
  accuracy: number; // 0..1
}

export function plotPoints(trials: readonly Trial[]): Point[] {
  const points: Point[] = [];
  for (const trial of trials) {
    const { latency_p50_ms: latency, accuracy } = trial.metrics;
    if (latency == null || accuracy == null || latency <= 0) continue;
    points.push({ trial, id: String(trial.id), latency, accuracy });
  }
  return points;
}

// The corners of the front in this plane, from fast to slow, each more accurate than the one before. Of trials that
// the coordinator counts to the Pareto set; where a third objective put one there, it can lie below the line.
export function frontCorners(points: readonly Point[]): Point[] {
  const sorted = points
    .filter((point) => point.trial.pareto)
    .sort((a, b) => a.latency - b.latency || b.accuracy - a.accuracy);
  const corners: Point[] = [];
  for (const point of sorted) {
    const last = corners.at(-1);
    if (last === undefined || point.accuracy > last.accuracy) corners.push(point);
  }
  return corners;
}

// The line only means something where both axes are objectives, in the usual directions.
export function frontIsInPlane(objectives: Record<string, string>): boolean {
  return objectives.accuracy === 'max' && objectives.latency_p50_ms === 'min';
}

export function nearest(points: readonly { x: number; y: number; id: string }[], x: number, y: number, within: number): string | null {
  let best: string | null = null;
  let bestDistance = within * within;
  for (const point of points) {
    const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
    if (distance <= bestDistance) [best, bestDistance] = [point.id, distance];
  }
  return best;
}
