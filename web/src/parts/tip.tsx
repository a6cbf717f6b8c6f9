// What stands beside the point under the pointer.

import type { ComponentChildren } from 'preact';

import { param } from '../format';
import type { Trial } from '../api/types';
import { nameOf, type Quantity } from '../trials/quantities';
import { rungText } from '../trials/search';
import { colouring, figureX, figureY, rungs } from '../trials/shown';
import { TrialMark } from './marks';

export function Tip({ x, y, width, children }: { x: number; y: number; width: number; children: ComponentChildren }) {
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
      {children}
    </div>
  );
}

// Nothing if it has none.
export function quantityText(quantity: Quantity, trial: Trial): string {
  const value = quantity.of(trial);
  if (value === null) return '';
  const bounds = quantity.interval(trial)?.map(quantity.text);
  const name = nameOf(quantity);
  const unit = name.endsWith(quantity.unit.trim()) ? '' : quantity.unit;
  return `${name} ${quantity.text(value)}${unit}${bounds === undefined ? '' : ` [${bounds.join(', ')}]`}`;
}

export function TrialTip({ trial, also }: { trial: Trial; also?: string }) {
  const told = [figureY.value, figureX.value, colouring.value.quantity].filter(
    (quantity, index, all) => quantity.kind !== 'swept' && quantity.key !== 'group' && all.indexOf(quantity) === index,
  );
  return (
    <>
      <p class="line">
        <TrialMark trial={trial} />
        <b class="name">{trial.group}</b>
        {trial.pareto && <span class="star">★</span>}
      </p>
      {Object.entries(trial.params).map(([key, value]) => (
        <p key={key}><span class="quiet">{key}</span> {param(value)}</p>
      ))}
      {told.map((quantity) => <p key={quantity.key}>{quantityText(quantity, trial)}</p>)}
      {trial.rung != null && <p class="quiet">{rungText(trial, rungs.value)}</p>}
      {also !== undefined && <p>{also}</p>}
    </>
  );
}
