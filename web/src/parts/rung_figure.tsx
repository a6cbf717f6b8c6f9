// Halving: what each trial had reached at each rung, a line a trial. Strong are those that went all the way or are still
// on it, pale those that ended below the last rung.

import { useMemo } from 'preact/hooks';

import type { Trial } from '../api/types';
import type { Place } from '../trials/front';
import { axisFor, type Axes, type Frame } from '../trials/plot';
import { measuredQuantity, numberQuantity, type Quantity } from '../trials/quantities';
import { rungLines, thinned, type RungLine } from '../trials/search';
import { allTrials, colouring, filtered, rungs, unit } from '../trials/shown';
import { selectedJob } from '../live/state';
import { changeView, pointedTrial, view } from '../view/view';
import { FigureFrame, useFrame } from './figure_frame';
import { colourClass, colourOf } from './marks';
import { Tip, TrialTip } from './tip';
import { usePointing } from './use_pointing';

const kMostPale = 1500;
const kEpochs = numberQuantity('epochs', 'Epochs', () => null);

// The metric that decides which trials go on.
function deciding(): Quantity {
  return measuredQuantity(selectedJob.value?.search?.metric ?? 'accuracy', unit.value);
}

function axesOf(lines: readonly RungLine[], quantity: Quantity, frame: Frame): Axes {
  const points = lines.flatMap((line) => line.points);
  const epochs = [...new Set(points.map((point) => point.epochs))].sort((a, b) => a - b);
  return {
    x: axisFor(kEpochs, epochs, [frame.left, frame.right], 40, 4),
    y: axisFor(quantity, points.map((point) => point.value), [frame.bottom, frame.top], 48),
  };
}

function pathOf(line: RungLine, axes: Axes): string {
  const steps = line.points.map(({ epochs, value }) => `${axes.x.at(epochs).toFixed(1)},${axes.y.at(value).toFixed(1)}`);
  return steps.length === 1 ? `M${steps.join()}m-5,0h10` : `M${steps.join('L')}`;
}

// All lines of one colour are one element.
function Lines({ lines, axes, pale }: { lines: readonly RungLine[]; axes: Axes; pale: boolean }) {
  const { classOf, ordered } = colouring.value;
  return useMemo(() => {
    const paths = new Map<number, string>();
    for (const line of lines) {
      const { index } = classOf(line.trial);
      paths.set(index, (paths.get(index) ?? '') + pathOf(line, axes));
    }
    return <>{[...paths].map(([index, d]) => <path key={index} class={`rung-line ${pale ? 'pale' : ''} ${colourClass(index, ordered)}`} d={d} />)}</>;
  }, [lines, axes, pale, classOf, ordered]);
}

function valuesText(line: RungLine, quantity: Quantity): string {
  return line.points.map(({ epochs, value }) => `${quantity.text(value)}${quantity.unit} after ${epochs}`).join(', ');
}

function useLines(shown: readonly Trial[], frame: Frame) {
  const [among, quantity] = [rungs.value, deciding()];
  const { key } = quantity;
  const lines = useMemo(() => rungLines(shown, among), [shown, among]);
  const all = useMemo(() => rungLines(allTrials.value, among), [among]);
  const axes = useMemo(
    () => axesOf(all, measuredQuantity(key, unit.peek()), frame),
    [all, key, frame],
  );
  const ends = useMemo<Place[]>(() => lines.flatMap((line) => line.points.slice(-1).map((end) => ({ id: line.id, x: axes.x.at(end.epochs), y: axes.y.at(end.value) }))), [lines, axes]);
  const pale = useMemo(() => thinned(lines.filter((line) => line.below), kMostPale), [lines]);
  const strong = useMemo(() => lines.filter((line) => !line.below), [lines]);
  return { lines, quantity, axes, ends, pale, strong };
}

export function RungFigure({ width, height }: { width: number; height: number }) {
  const frame = useFrame(width, height);
  const { lines, quantity, axes, ends, pale, strong } = useLines(filtered.value, frame);
  const pointing = usePointing({
    places: ends,
    pointed: pointedTrial,
    start: () => view.peek().trial,
    select: (id) => { changeView({ trial: id === view.peek().trial ? null : id }); },
  });
  const find = (id: string | null) => (id === null ? undefined : lines.find((line) => line.id === id));
  const [pointed, selected] = [find(pointedTrial.value), find(view.value.trial)];
  const end = ends.find((place) => place.id === pointed?.id);
  return (
    <FigureFrame
      width={width}
      height={height}
      frame={frame}
      axes={axes}
      x="Epochs"
      y={quantity.label}
      kind="line plot"
      label={`${quantity.label} of ${lines.length} trials at their rungs. Arrow keys walk from trial to trial, Enter selects.`}
      pointing={pointing}
      tip={pointing.active && pointed !== undefined && end !== undefined && (
        <Tip x={end.x} y={end.y} width={width}><TrialTip trial={pointed.trial} also={valuesText(pointed, quantity)} /></Tip>
      )}
      said={pointed === undefined ? '' : `${pointed.trial.group} ${pointed.id}: ${valuesText(pointed, quantity)} epochs`}
    >
      <Lines lines={pale} axes={axes} pale={true} />
      <Lines lines={strong} axes={axes} pale={false} />
      {[selected, pointed].map((line) => line !== undefined && (
        <path key={line.id} class={`rung-line near ${colourOf(line.trial)}`} d={pathOf(line, axes)} />
      ))}
    </FigureFrame>
  );
}
