// Column widths in characters, from everything that the column holds, so that scrolling and live news move no column.

import type { Trial } from '../api/types';
import type { Column } from './columns';

const kLeast = 6;
const kMost = 30;
const kNoteScale = 0.92; // notes are set smaller
const kWordScale = 0.92; // letters are narrower than digits
const kPadding = 2;

export function columnWidth(column: Column, trials: readonly Trial[]): number {
  let longest = Math.max(column.label.length + 1, (column.unit?.length ?? 0) + 2);
  for (const trial of trials) {
    const cell = column.cell(trial);
    const scale = column.kind === 'metric' ? 1 : kWordScale;
    longest = Math.max(longest, cell.text.length * scale, (cell.note?.length ?? 0) * kNoteScale * scale);
  }
  if (column.kind === 'group') longest += 3;
  if (column.kind === 'state') longest = Math.max(longest + 1, 12);
  return Math.min(kMost, Math.max(kLeast, Math.ceil(longest))) + kPadding;
}

// The rows to draw: those in sight and a few around them.
export function rowWindow(scrollTop: number, height: number, rowHeight: number, total: number): [number, number] {
  const spare = 8;
  const first = Math.max(0, Math.min(total, Math.floor(scrollTop / rowHeight)) - spare);
  const last = Math.min(total, Math.ceil((scrollTop + height) / rowHeight) + spare);
  return [first, Math.max(first, last)];
}

// How far to scroll so that what was in sight stays put when rows come, go or move above it. The row that is held is
// the first visible one that did not change itself.
export function scrollShift(
  before: readonly Trial[],
  now: readonly Trial[],
  scrollTop: number,
  height: number,
  rowHeight: number,
): number {
  if (scrollTop <= 0 || before === now) return 0;
  const first = Math.ceil(scrollTop / rowHeight);
  const visible = before.slice(first, Math.max(first + 1, Math.floor((scrollTop + height) / rowHeight)));
  const held = visible.find((trial, index) => now[first + index] === trial || now.includes(trial)) ?? visible[0];
  if (held === undefined) return 0;
  const after = now.findIndex((trial) => trial.id === held.id);
  return after < 0 ? 0 : (after - before.indexOf(held)) * rowHeight;
}
