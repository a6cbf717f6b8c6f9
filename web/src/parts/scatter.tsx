// Accuracy against latency. By pointer: hover, click. By keyboard: arrows walk from fast to slow, Enter selects.

import { useMemo, useRef, useState } from 'preact/hooks';

import { percent } from '../format';
import { openJob } from '../live/state';
import { frontCorners, frontIsInPlane, nearest, plotPoints, type Point } from '../trials/front';
import { axesFor, stairs, whiskers, type Axes, type Frame } from '../trials/plot';
import { allTrials, filtered, groupOrder, unit } from '../trials/shown';
import { changeView, pointedTrial, view } from '../view/view';
import { colourClass, shapePath } from './marks';
import { PointTip, pointText } from './point_tip';
import { useSize } from './use_size';

const kReach = 28; // pixels from the pointer to a point that it means
const kManyPoints = 150; // beyond this, whiskers of everything would hide everything

function PointShape({ point, axes, radius, extra = '' }: { point: Point; axes: Axes; radius: number; extra?: string }) {
  const index = groupOrder.value.get(point.trial.group) ?? 0;
  return (
    <path
      class={`point ${colourClass(index)} ${point.trial.pareto ? 'pareto' : ''} ${extra}`}
      d={shapePath(index)}
      transform={`translate(${axes.x(point.latency).toFixed(1)},${axes.y(point.accuracy).toFixed(1)}) scale(${radius})`}
      data-trial={point.id}
    />
  );
}

function Grid({ axes, frame }: { axes: Axes; frame: Frame }) {
  const { name, perMs } = unit.value;
  return (
    <g class="axes">
      {axes.yTicks.map(({ at, value }) => (
        <g key={value}>
          <line x1={frame.left} x2={frame.right} y1={at} y2={at} />
          <text x={frame.left - 8} y={at} dy=".32em" text-anchor="end">{percent(value, axes.yDecimals)}</text>
        </g>
      ))}
      {axes.xTicks.map(({ at, value }) => (
        <g key={value}>
          <line x1={at} x2={at} y1={frame.top} y2={frame.bottom} />
          <text x={at} y={frame.bottom + 18} text-anchor="middle">{String(Number((value * perMs).toPrecision(3)))}</text>
        </g>
      ))}
      <text class="axis-name" x={frame.right} y={frame.bottom + 36} text-anchor="end">
        Latency p50, {name}{axes.logarithmic ? ', log scale' : ''} →
      </text>
      <text class="axis-name" x={frame.left} y={12}>↑ Accuracy</text>
    </g>
  );
}

function Points({ points, front, axes, frame }: { points: Point[]; front: string; axes: Axes; frame: Frame }) {
  const order = groupOrder.value;
  const drawn = useMemo(() => {
    const behind = points.filter((point) => !point.trial.pareto);
    const best = points.filter((point) => point.trial.pareto);
    const spread = points.length > kManyPoints ? best : points;
    const small = points.length > 400 ? 3.2 : 4.6;
    return (
      <>
        {front !== '' && <path class="front-line" d={front} />}
        {spread.map((point) => (
          <path
            key={point.id}
            class={`whisker ${colourClass(order.get(point.trial.group) ?? 0)}`}
            d={whiskers(point, axes, frame)}
          />
        ))}
        {behind.map((point) => <PointShape key={point.id} point={point} axes={axes} radius={small} />)}
        {best.map((point) => <PointShape key={point.id} point={point} axes={axes} radius={7} />)}
      </>
    );
  }, [points, front, axes, frame, order]);
  return drawn;
}

function Plot({ width, height }: { width: number; height: number }) {
  const [walking, setWalking] = useState(false);
  const svg = useRef<SVGSVGElement>(null);
  const shown = filtered.value;
  const all = allTrials.value;
  const inPlane = frontIsInPlane(openJob.value?.objectives ?? {});
  const frame = useMemo<Frame>(() => ({ left: 58, right: width - 14, top: 26, bottom: height - 46 }), [width, height]);
  const points = useMemo(() => plotPoints(shown), [shown]);
  const axes = useMemo(() => axesFor(points, frame), [points, frame]);
  const front = useMemo(
    () => (inPlane ? stairs(frontCorners(plotPoints(all)), axes, frame) : ''),
    [all, inPlane, axes, frame],
  );

  const find = (id: string | null) => points.find((point) => point.id === id);
  const pointed = find(pointedTrial.value);
  const selected = find(view.value.trial);
  const select = (id: string | null) => {
    if (id !== null) changeView({ trial: id === view.peek().trial ? null : id });
  };

  const at = (event: PointerEvent | MouseEvent) => {
    const box = svg.current?.getBoundingClientRect();
    if (box === undefined) return null;
    const places = points.map((point) => ({ id: point.id, x: axes.x(point.latency), y: axes.y(point.accuracy) }));
    return nearest(places, event.clientX - box.left, event.clientY - box.top, kReach);
  };

  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const inOrder = [...points].sort((a, b) => a.latency - b.latency);
    const current = inOrder.findIndex((point) => point.id === (pointedTrial.peek() ?? view.peek().trial));
    let next = current;
    if (step !== undefined) next = current < 0 ? (step > 0 ? 0 : inOrder.length - 1) : current + step;
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = inOrder.length - 1;
    else if (event.key === 'Enter' || event.key === ' ') select(inOrder[current]?.id ?? null);
    else return;
    event.preventDefault();
    setWalking(true);
    pointedTrial.value = inOrder[Math.min(inOrder.length - 1, Math.max(0, next))]?.id ?? null;
  };

  return (
    <>
      <svg
        ref={svg}
        class="plot"
        width={width}
        height={height}
        tabIndex={0}
        role="application"
        aria-roledescription="scatter plot"
        aria-label={`Accuracy against latency of ${points.length} trials. Arrow keys walk from fast to slow, Enter selects.`}
        onPointerMove={(event) => { pointedTrial.value = at(event); }}
        onPointerLeave={() => { pointedTrial.value = null; }}
        onClick={(event) => { select(at(event)); }}
        onKeyDown={walk}
        onBlur={() => { pointedTrial.value = null; setWalking(false); }}
      >
        <Grid axes={axes} frame={frame} />
        <clipPath id="frame"><rect x={frame.left} y={frame.top - 8} width={Math.max(0, frame.right - frame.left + 8)} height={Math.max(0, frame.bottom - frame.top + 8)} /></clipPath>
        <g clip-path="url(#frame)">
          <Points points={points} front={front} axes={axes} frame={frame} />
          {selected !== undefined && <PointShape point={selected} axes={axes} radius={8} extra="selected" />}
          {pointed !== undefined && (
            <>
              <path class={`whisker near ${colourClass(groupOrder.value.get(pointed.trial.group) ?? 0)}`} d={whiskers(pointed, axes, frame)} />
              <PointShape point={pointed} axes={axes} radius={8} extra="pointed" />
            </>
          )}
        </g>
      </svg>
      {pointed !== undefined && (
        <PointTip point={pointed} x={axes.x(pointed.latency)} y={axes.y(pointed.accuracy)} width={width} />
      )}
      <p class="unseen" aria-live="polite">{walking && pointed !== undefined ? pointText(pointed.trial) : ''}</p>
    </>
  );
}

export function Scatter() {
  const box = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(box);
  const measured = filtered.value.some((trial) => trial.metrics.accuracy != null && trial.metrics.latency_p50_ms != null);
  return (
    <section class="card scatter" aria-label="Accuracy against latency">
      <div class="plot-box" ref={box}>
        {measured && width > 0 && <Plot width={width} height={height} />}
        {!measured && (
          <p class="quiet middle">
            {openJob.value?.loaded !== true ? 'Loading the trials…' : allTrials.value.length > 0 && filtered.value.length === 0
              ? 'The filter lets no trial through.'
              : 'No trial has both accuracy and latency yet.'}
          </p>
        )}
      </div>
    </section>
  );
}
