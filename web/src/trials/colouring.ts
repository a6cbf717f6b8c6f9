// Which colour and shape a trial has: one for each choice, or from pale to dark for numbers. Pure.

import type { Trial } from '../api/types';
import { kUnmeasured } from '../format';
import type { Quantity, Value } from './quantities';

export interface ColourClass {
  key: string;
  label: string;
  index: number; // of its colour and shape; kNoColour for trials without a value
}

export interface Colouring {
  quantity: Quantity;
  ordered: boolean; // the classes are numbers, ascending
  classes: readonly ColourClass[];
  classOf: (trial: Trial) => ColourClass;
}

export const kNoColour = -1;
export const kRamp = 6; // colours from the least to the most, as in page.css
const kUnknown: ColourClass = { key: '', label: kUnmeasured, index: kNoColour };

function byChoice(quantity: Quantity, values: Iterable<Value>): Colouring {
  const classes = new Map<Value, ColourClass>();
  for (const value of values) {
    if (!classes.has(value)) classes.set(value, { key: String(value), label: quantity.text(value) + quantity.unit, index: classes.size });
  }
  const classOf = (trial: Trial) => classes.get(quantity.of(trial) ?? '') ?? kUnknown;
  return { quantity, ordered: false, classes: [...classes.values()], classOf };
}

// Few numbers have a colour each; many are divided into parts that hold equally many trials.
function byNumber(quantity: Quantity, values: readonly number[]): Colouring {
  const sorted = [...values].sort((a, b) => a - b);
  const distinct = [...new Set(sorted)];
  const each = distinct.length <= kRamp;
  const starts = each
    ? distinct
    : [...new Set(Array.from({ length: kRamp }, (_, part) => sorted[Math.floor((part * sorted.length) / kRamp)] ?? 0))];
  const spread = (kRamp - 1) / Math.max(1, starts.length - 1);
  const classes = starts.map((start, part) => {
    const end = sorted.filter((value) => value < (starts[part + 1] ?? Infinity)).at(-1) ?? start;
    const label = each ? quantity.text(start) : `${quantity.text(start)} – ${quantity.text(end)}`;
    return { key: String(each ? start : part), label: label + quantity.unit, index: Math.round(part * spread) };
  });
  const classOf = (trial: Trial) => {
    const value = quantity.of(trial);
    if (typeof value !== 'number') return kUnknown;
    return classes[starts.filter((start) => value >= start).length - 1] ?? kUnknown;
  };
  return { quantity, ordered: true, classes, classOf };
}

// `first`: choices whose order is known, before those that trials bring.
export function colouringBy(quantity: Quantity, trials: readonly Trial[], first: readonly string[] = []): Colouring {
  const values = trials.map((trial) => quantity.of(trial)).filter((value) => value !== null);
  const numbers = values.filter((value) => typeof value === 'number');
  const colouring = quantity.numeric ? byNumber(quantity, numbers) : byChoice(quantity, [...first, ...values]);
  return values.length === trials.length ? colouring : { ...colouring, classes: [...colouring.classes, kUnknown] };
}
