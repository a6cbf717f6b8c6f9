// A figure's points and its front. Pure.

import type { Trial } from '../api/types';
import type { Quantity, Value } from './quantities';

export interface Point {
  trial: Trial;
  id: string;
  x: Value;
  y: Value;
}

// Where it stands in the drawing, in pixels.
export interface Place {
  id: string;
  x: number;
  y: number;
}

export function plotPoints(trials: readonly Trial[], x: Quantity, y: Quantity): Point[] {
  const points: Point[] = [];
  for (const trial of trials) {
    const [atX, atY] = [x.of(trial), y.of(trial)];
    if (atX !== null && atY !== null) points.push({ trial, id: String(trial.id), x: atX, y: atY });
  }
  return points;
}

// Which end of each axis is better.
export interface Aims {
  x: 'min' | 'max';
  y: 'min' | 'max';
}

// A line of the best only means something where both axes are objectives.
export function aimsOf(objectives: Record<string, string>, x: string, y: string): Aims | null {
  const [ofX, ofY] = [objectives[x], objectives[y]];
  const known = (way: string | undefined) => way === 'min' || way === 'max';
  return x !== y && known(ofX) && known(ofY) ? { x: ofX, y: ofY } as Aims : null;
}

// The corners of the front in this plane, from the best x to the worst, each better in y than the one before. Of trials
// that the coordinator counts to the Pareto set; where a third objective put one there, it can lie behind the line.
export function frontCorners(points: readonly Point[], aims: Aims): Point[] {
  const cost = (value: Value, way: 'min' | 'max') => (way === 'min' ? Number(value) : -Number(value));
  const sorted = points
    .filter((point) => point.trial.pareto)
    .sort((a, b) => cost(a.x, aims.x) - cost(b.x, aims.x) || cost(a.y, aims.y) - cost(b.y, aims.y));
  const corners: Point[] = [];
  for (const point of sorted) {
    const last = corners.at(-1);
    if (last === undefined || cost(point.y, aims.y) < cost(last.y, aims.y)) corners.push(point);
  }
  return corners;
}

export function nearest(places: readonly Place[], x: number, y: number, within: number): string | null {
  let best: string | null = null;
  let bestDistance = within * within;
  for (const place of places) {
    const distance = (place.x - x) ** 2 + (place.y - y) ** 2;
    if (distance <= bestDistance) [best, bestDistance] = [place.id, distance];
  }
  return best;
}
