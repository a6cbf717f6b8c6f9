// Where things stand in a figure: scales, ticks, positions. Pure.

import { scaleLinear, scaleLog } from 'd3-scale';

import type { Aims, Point } from './front';
import type { Quantity, Value } from './quantities';

export interface Tick {
  at: number; // pixels
  text: string;
}

export interface Axis {
  at(value: Value): number;
  ticks: Tick[];
  logarithmic: boolean;
}

export interface Axes {
  x: Axis;
  y: Axis;
}

export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const kLogSpread = 12;
const kPixelsALetter = 6.6;

// `room`: pixels from one tick to the next, at least. `spread`: from this many times the least value on, the scale is
// logarithmic.
export function axisFor(quantity: Quantity, values: readonly Value[], ends: readonly [number, number], room: number, spread = kLogSpread): Axis {
  if (!quantity.numeric) return choiceAxis(quantity, values, ends, room);
  return numberAxis(quantity, values as readonly number[], ends, room, spread);
}

function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}

function numberAxis(quantity: Quantity, values: readonly number[], ends: readonly [number, number], room: number, spread: number): Axis {
  const [low, high] = extent(values);
  const logarithmic = low > 0 && high / low > spread;
  const [least, most] = quantity.bounds;
  const pad = Math.max((high - low) * 0.07, quantity.leastPad, quantity.leastPad > 0 ? 0 : Math.abs(high) * 0.02) || 1;
  const scale = logarithmic
    ? scaleLog([low / 1.25, high * 1.25], ends)
    : scaleLinear([Math.max(least, low - pad), Math.min(most, high + pad)], ends);
  const wanted = Math.max(2, Math.floor(Math.abs(ends[1] - ends[0]) / room));
  let shown = scale.ticks(wanted);
  if (logarithmic) {
    const leading = (value: number) => Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9));
    const fine = shown.filter((value) => [1, 2, 5].includes(leading(value)));
    shown = fine.length <= 1.5 * wanted ? fine : shown.filter((value) => leading(value) === 1);
  }
  const set = quantity.kind === 'swept' ? [...new Set(values)] : [];
  if (set.length > 0 && set.length <= wanted) shown = set.sort((a, b) => a - b);
  const step = shown.length > 1 ? (shown[1] ?? 0) - (shown[0] ?? 0) : 1;
  return {
    at: (value) => scale(Number(value)),
    ticks: shown.map((value) => ({ at: scale(value), text: quantity.tick(value, step) })),
    logarithmic,
  };
}

function choiceAxis(quantity: Quantity, values: readonly Value[], ends: readonly [number, number], room: number): Axis {
  const order = new Map<Value, number>();
  for (const value of values) if (!order.has(value)) order.set(value, order.size);
  const scale = scaleLinear([-0.5, order.size - 0.5], ends);
  const between = Math.abs(ends[1] - ends[0]) / order.size;
  const every = Math.max(1, Math.ceil(room / 2 / between));
  const letters = Math.max(4, Math.floor(Math.max(room, between) / kPixelsALetter));
  const short = (text: string) => (text.length <= letters ? text : `${text.slice(0, letters - 1)}…`);
  return {
    at: (value) => scale(order.get(value) ?? -1),
    ticks: [...order]
      .filter(([, index]) => index % every === 0)
      .map(([value, index]) => ({ at: scale(index), text: short(quantity.text(value)) })),
    logarithmic: false,
  };
}

// Stairs from the corner that is best in x to the one that is worst, then on to the edge: the best y at each x.
export function stairs(corners: readonly Point[], axes: Axes, frame: Frame, aims: Aims): string {
  if (corners.length === 0) return '';
  let path = '';
  for (const corner of corners) {
    const [x, y] = [axes.x.at(corner.x).toFixed(1), axes.y.at(corner.y).toFixed(1)];
    path += path === '' ? `M${x},${aims.y === 'max' ? frame.bottom : frame.top}V${y}` : `H${x}V${y}`;
  }
  return `${path}H${aims.x === 'min' ? frame.right : frame.left}`;
}

// An end that isn't on a logarithmic axis is beyond the frame.
function within(at: number, low: number, high: number, otherwise: number): number {
  return Number.isFinite(at) ? Math.min(high, Math.max(low, at)) : otherwise;
}

// The cross of both intervals around a point, as far as they are known, inside the frame.
export function whiskers(point: Point, quantities: { x: Quantity; y: Quantity }, axes: Axes, frame: Frame): string {
  const [x, y] = [axes.x.at(point.x), axes.y.at(point.y)];
  let path = '';
  const [ofX, ofY] = [quantities.x.interval(point.trial), quantities.y.interval(point.trial)];
  if (ofX !== null) {
    const [from, to] = ofX.map((end) => within(axes.x.at(end), frame.left, frame.right, frame.left)) as [number, number];
    path += `M${from.toFixed(1)},${y.toFixed(1)}H${to.toFixed(1)}`;
  }
  if (ofY !== null) {
    const [from, to] = ofY.map((end) => within(axes.y.at(end), frame.top, frame.bottom, frame.bottom)) as [number, number];
    path += `M${x.toFixed(1)},${from.toFixed(1)}V${to.toFixed(1)}`;
  }
  return path;
}
