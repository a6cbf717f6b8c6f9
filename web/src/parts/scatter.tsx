// The figure of the trials: accuracy against latency, images a second against parameters, or what the user chose.

import { useMemo, useRef } from 'preact/hooks';

import { params } from '../format';
import { openJob } from '../live/state';
import { frontCorners, plotPoints } from '../trials/front';
import { nameOf } from '../trials/quantities';
import { axisFor, stairs, type Axes } from '../trials/plot';
import type { Trial } from '../api/types';
import { aims, allTrials, colouring, figureX, figureY, filtered } from '../trials/shown';
import { changeView, pointedTrial, view } from '../view/view';
import { FigureFrame, useFrame } from './figure_frame';
import { FigureTools } from './figure_tools';
import { PlotPoints, PointShape, Whisker, kCloud, type Placed } from './plot_points';
import { PointCloud } from './point_cloud';
import { Tip, TrialTip, quantityText } from './tip';
import { usePointing } from './use_pointing';
import { useSize } from './use_size';

function figureName(): string {
  return `${nameOf(figureY.value)} against ${nameOf(figureX.value)}`;
}

function pointText(trial: Trial): string {
  const numbers = [figureY.value, figureX.value].map((quantity) => quantityText(quantity, trial));
  return `${trial.group}, ${params(trial.params)}: ${numbers.join(', ')}${trial.pareto ? ', on the Pareto front' : ''}`;
}

// Points, axes and front, each made anew only when what it rests on has changed.
function useFigure(width: number, height: number) {
  const [shown, all, x, y, ways, colours] = [filtered.value, allTrials.value, figureX.value, figureY.value, aims.value, colouring.value];
  const frame = useFrame(width, height, y.numeric ? 58 : 92);
  const points = useMemo(() => plotPoints(shown, x, y), [shown, x, y]);
  const axes = useMemo<Axes>(() => ({
    x: axisFor(x, points.map((point) => point.x), [frame.left, frame.right], 90),
    y: axisFor(y, points.map((point) => point.y), [frame.bottom, frame.top], y.numeric ? 48 : 76),
  }), [points, x, y, frame]);
  const front = useMemo(
    () => (ways === null ? '' : stairs(frontCorners(plotPoints(all, x, y), ways), axes, frame, ways)),
    [all, x, y, ways, axes, frame],
  );
  const places = useMemo<Placed[]>(
    () => points.map((point) => ({ id: point.id, x: axes.x.at(point.x), y: axes.y.at(point.y), point, index: colours.classOf(point.trial).index })),
    [points, axes, colours],
  );
  return { frame, axes, front, places, ordered: colours.ordered };
}

function Plot({ width, height }: { width: number; height: number }) {
  const { frame, axes, front, places, ordered } = useFigure(width, height);
  const find = (id: string | null) => (id === null ? undefined : places.find((place) => place.id === id));
  const pointed = find(pointedTrial.value);
  const selected = find(view.value.trial);
  const pointing = usePointing({
    places,
    pointed: pointedTrial,
    start: () => view.peek().trial,
    select: (id) => { changeView({ trial: id === view.peek().trial ? null : id }); },
  });
  return (
    <FigureFrame
      width={width}
      height={height}
      frame={frame}
      axes={axes}
      x={figureX.value.label}
      y={figureY.value.label}
      kind="scatter plot"
      label={`${figureName()} of ${places.length} trials. Arrow keys walk from left to right, Enter selects.`}
      pointing={pointing}
      beneath={places.length > kCloud && <PointCloud places={places} ordered={ordered} width={width} height={height} />}
      tip={pointed !== undefined && <Tip x={pointed.x} y={pointed.y} width={width}><TrialTip trial={pointed.point.trial} /></Tip>}
      said={pointed === undefined ? '' : pointText(pointed.point.trial)}
    >
      <clipPath id="frame"><rect x={frame.left} y={frame.top - 8} width={Math.max(0, frame.right - frame.left + 8)} height={Math.max(0, frame.bottom - frame.top + 8)} /></clipPath>
      <g clip-path="url(#frame)">
        <PlotPoints places={places} ordered={ordered} front={front} axes={axes} frame={frame} />
        {selected !== undefined && <PointShape place={selected} ordered={ordered} radius={8} extra="selected" />}
        {pointed !== undefined && (
          <>
            <Whisker place={pointed} ordered={ordered} axes={axes} frame={frame} extra="near" />
            <PointShape place={pointed} ordered={ordered} radius={8} extra="pointed" />
          </>
        )}
      </g>
    </FigureFrame>
  );
}

export function Scatter() {
  const box = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(box);
  const [x, y] = [figureX.value, figureY.value];
  const measured = filtered.value.some((trial) => x.of(trial) !== null && y.of(trial) !== null);
  return (
    <section class="card scatter" aria-label={figureName()}>
      <FigureTools />
      <div class="plot-box" ref={box}>
        {measured && width > 0 && <Plot width={width} height={height} />}
        {!measured && (
          <p class="quiet middle">
            {openJob.value?.loaded !== true ? 'Loading the trials…' : allTrials.value.length > 0 && filtered.value.length === 0
              ? 'The filter lets no trial through.'
              : `No trial has both ${nameOf(y)} and ${nameOf(x)} yet.`}
          </p>
        )}
      </div>
    </section>
  );
}
