// The points of the figure over its axes, with the front and the intervals.

import { useMemo } from 'preact/hooks';

import type { Place, Point } from '../trials/front';
import { whiskers, type Axes, type Frame } from '../trials/plot';
import { figureX, figureY } from '../trials/shown';
import { colourClass, shapePath } from './marks';

const kManyPoints = 150; // beyond this, whiskers of everything would hide everything
export const kCloud = 1000; // beyond this, those off the front are painted

export interface Placed extends Place {
  point: Point;
  index: number; // of its colour and shape
}

export function PointShape({ place, ordered, radius, extra = '' }: { place: Placed; ordered: boolean; radius: number; extra?: string }) {
  return (
    <path
      class={`point ${colourClass(place.index, ordered)} ${place.point.trial.pareto ? 'pareto' : ''} ${extra}`}
      d={shapePath(place.index)}
      transform={`translate(${place.x.toFixed(1)},${place.y.toFixed(1)}) scale(${radius})`}
      data-trial={place.id}
    />
  );
}

export function Whisker({ place, ordered, axes, frame, extra = '' }: { place: Placed; ordered: boolean; axes: Axes; frame: Frame; extra?: string }) {
  const d = whiskers(place.point, { x: figureX.value, y: figureY.value }, axes, frame);
  return d === '' ? null : <path class={`whisker ${extra} ${colourClass(place.index, ordered)}`} d={d} />;
}

export function PlotPoints({ places, ordered, front, axes, frame }: {
  places: readonly Placed[];
  ordered: boolean;
  front: string;
  axes: Axes;
  frame: Frame;
}) {
  return useMemo(() => {
    const best = places.filter(({ point }) => point.trial.pareto);
    const behind = places.length > kCloud ? [] : places.filter(({ point }) => !point.trial.pareto);
    const spread = places.length > kManyPoints ? best : places;
    const small = places.length > 400 ? 3.2 : 4.6;
    return (
      <>
        {front !== '' && <path class="front-line" d={front} />}
        {spread.map((place) => <Whisker key={place.id} place={place} ordered={ordered} axes={axes} frame={frame} />)}
        {behind.map((place) => <PointShape key={place.id} place={place} ordered={ordered} radius={small} />)}
        {best.map((place) => <PointShape key={place.id} place={place} ordered={ordered} radius={7} />)}
      </>
    );
  }, [places, ordered, front, axes, frame]);
}
