// A trial's mark: colour and shape together, so that neither has to be told apart alone.

import type { Trial } from '../api/types';
import { kNoColour } from '../trials/colouring';
import { colouring } from '../trials/shown';

const kColours = 8;

// Paths around (0, 0) that look equally big, for r = 1.
const kShapes = [
  'M1,0A1,1 0 1 1 -1,0A1,1 0 1 1 1,0Z',
  'M-.88,-.88H.88V.88H-.88Z',
  'M0,-1.15L1.05,.8H-1.05Z',
  'M0,-1.25L1.25,0L0,1.25L-1.25,0Z',
  'M0,1.15L1.05,-.8H-1.05Z',
  'M-.4,-1.15H.4V-.4H1.15V.4H.4V1.15H-.4V.4H-1.15V-.4H-.4Z',
  'M0,-1.3L.38,-.45L1.24,-.4L.58,.18L.78,1.05L0,.58L-.78,1.05L-.58,.18L-1.24,-.4L-.38,-.45Z',
];

// The custom property in page.css that holds it.
export function colourName(index: number, ordered: boolean): string {
  if (index === kNoColour) return '--c7';
  return ordered ? `--r${index}` : `--c${index % kColours}`;
}

export function colourClass(index: number, ordered: boolean): string {
  return `colour${colourName(index, ordered).slice(1)}`;
}

export function indexOf(trial: Trial): number {
  return colouring.value.classOf(trial).index;
}

export function colourOf(trial: Trial): string {
  return colourClass(indexOf(trial), colouring.value.ordered);
}

export function shapePath(index: number): string {
  return kShapes[index === kNoColour ? 0 : index % kShapes.length] ?? '';
}

export function Mark({ index }: { index: number }) {
  return (
    <svg class={`mark ${colourClass(index, colouring.value.ordered)}`} viewBox="-1.5 -1.5 3 3" aria-hidden="true">
      <path d={shapePath(index)} />
    </svg>
  );
}

export function TrialMark({ trial }: { trial: Trial }) {
  return <Mark index={indexOf(trial)} />;
}
