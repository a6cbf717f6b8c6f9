// How a search went: the rungs of its trials, its generations. Pure.

import type { Generation, Trial } from '../api/types';
import { digits } from '../format';

export interface Rungs {
  count: (group: string) => number; // 0 of a group that isn't searched
}

// `told`: how many there are, if the search says so; else the last one is known once a trial was asked to be trained up to it.
export function rungsOf(trials: readonly Trial[], told: number | undefined): Rungs {
  const counts = new Map<string, number>();
  for (const { group, rung, rungs } of trials) {
    if (rung == null) continue;
    counts.set(group, Math.max(counts.get(group) ?? 0, rung, rungs?.length ?? 0));
  }
  return { count: (group) => told ?? counts.get(group) ?? 0 };
}

// Whether it has ended below the last rung. While the search goes on it may still be promoted.
export function isBelow(trial: Trial, rungs: Rungs): boolean {
  return trial.state === 'succeeded' && trial.rung != null && trial.rung < rungs.count(trial.group);
}

// Up to which it is trained. Once a trial is stopped for good, its reason says so instead.
export function rungText(trial: Trial, rungs: Rungs): string | null {
  if (trial.rung == null) return null;
  return trial.reason ?? `rung ${trial.rung} of ${rungs.count(trial.group)}`;
}

export interface RungPoint {
  epochs: number;
  value: number;
}

export interface RungLine {
  trial: Trial;
  id: string;
  points: RungPoint[];
  below: boolean;
}

// A line a trial that has a number at a rung, in the order of the rungs.
export function rungLines(trials: readonly Trial[], rungs: Rungs): RungLine[] {
  const lines: RungLine[] = [];
  for (const trial of trials) {
    const points = (trial.rungs ?? [])
      .flatMap(({ epochs, value }) => (value === null ? [] : [{ epochs, value }]))
      .sort((a, b) => a.epochs - b.epochs);
    if (points.length > 0) lines.push({ trial, id: String(trial.id), points, below: isBelow(trial, rungs) });
  }
  return lines;
}

// Evenly spread over the values that they ended with, so that fewer lines give the same picture.
export function thinned(lines: readonly RungLine[], most: number): readonly RungLine[] {
  if (lines.length <= most) return lines;
  const last = (line: RungLine) => line.points.at(-1)?.value ?? 0;
  const sorted = [...lines].sort((a, b) => last(a) - last(b));
  return Array.from({ length: most }, (_, index) => sorted[Math.floor((index * sorted.length) / most)]).filter((line) => line !== undefined);
}

export interface VolumePoint {
  id: string;
  of: Generation;
  volume: number;
}

// A line a group, by generation.
export function volumeLines(generations: readonly Generation[]): Map<string, VolumePoint[]> {
  const lines = new Map<string, VolumePoint[]>();
  for (const of of [...generations].sort((a, b) => a.generation - b.generation)) {
    if (of.hypervolume === null) continue;
    const line = lines.get(of.group_name) ?? [];
    lines.set(of.group_name, [...line, { id: `${of.generation} ${of.group_name}`, of, volume: of.hypervolume }]);
  }
  return lines;
}

export function volumeText({ of, volume }: VolumePoint): string {
  return `generation ${of.generation}: hypervolume ${digits(volume)}, ${of.front} on the front, ${of.feasible} of ${of.trials} trials feasible`;
}
