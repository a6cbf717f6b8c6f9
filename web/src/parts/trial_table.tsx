// The trial table, drawn in windows: only the rows in sight exist. Keyboard focus stays on the grid itself, and an
// active row is moved by the arrow keys, so that no live update can take the focus away.

import { useCallback, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { openJob } from '../live/state';
import type { Column } from '../trials/columns';
import { nextSort } from '../trials/rows';
import { allTrials, columns, rows } from '../trials/shown';
import { columnWidth, rowWindow, scrollShift } from '../trials/widths';
import { changeView, pointedTrial, view } from '../view/view';
import { TrialRow, kRowHeight } from './trial_row';
import { useSize } from './use_size';

const kHeadHeight = 46;

function HeadCell({ column }: { column: Column }) {
  const sort = view.value.sort;
  const sorted = sort?.column === column.key;
  const direction = sort?.descending === true ? 'descending' : 'ascending';
  return (
    <th scope="col" class={column.kind} aria-sort={sorted ? direction : 'none'}>
      <button type="button" title={`${column.title}. Press to sort.`} onClick={() => { changeView({ sort: nextSort(view.peek().sort, column) }); }}>
        <span class="label">
          {column.label}
          <span class="arrow" aria-hidden="true">{sorted ? (direction === 'descending' ? '↓' : '↑') : ''}</span>
        </span>
        {column.unit !== undefined && <small class="quiet">{column.unit}</small>}
      </button>
    </th>
  );
}

function useWindowedRows() {
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const { height } = useSize(box);
  const shown = rows.value;
  const { sort, groups, text, only } = view.value;
  const order = JSON.stringify([sort, groups, text, only]);
  const drawn = useRef({ rows: shown, order });

  useLayoutEffect(() => {
    const before = drawn.current;
    drawn.current = { rows: shown, order };
    const scrolled = box.current;
    if (scrolled === null || before.rows === shown) return;
    if (before.order !== order) scrolled.scrollTop = 0;
    else scrolled.scrollTop += scrollShift(before.rows, shown, scrolled.scrollTop, scrolled.clientHeight - kHeadHeight, kRowHeight);
    setScrollTop(scrolled.scrollTop);
  }, [shown, order]);

  const [first, last] = rowWindow(scrollTop, height, kRowHeight, shown.length);
  const reveal = useCallback((index: number) => {
    const scrolled = box.current;
    if (scrolled === null) return;
    const top = index * kRowHeight;
    const bottom = top + kRowHeight - (scrolled.clientHeight - kHeadHeight);
    if (top < scrolled.scrollTop) scrolled.scrollTop = top;
    else if (bottom > scrolled.scrollTop) scrolled.scrollTop = bottom;
    setScrollTop(scrolled.scrollTop);
  }, []);
  const onScroll = () => { setScrollTop(box.current?.scrollTop ?? 0); };
  const page = Math.max(1, Math.floor((height - kHeadHeight) / kRowHeight) - 1);
  return { box, shown, first, last, page, reveal, onScroll };
}

export function TrialTable() {
  const { box, shown, first, last, page, reveal, onScroll } = useWindowedRows();
  const [active, setActive] = useState<string | null>(view.peek().trial);
  const all = allTrials.value;
  const heads = columns.value;
  const widths = useMemo(() => heads.map((column) => columnWidth(column, all)), [heads, all]);
  const wide = widths.reduce((sum, width) => sum + width, 0);
  const selected = view.value.trial;

  // A trial that is selected elsewhere, in the plot or by the URL, is brought into sight; news don't move anything.
  const revealed = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (selected === revealed.current) return;
    const index = shown.findIndex((trial) => String(trial.id) === selected);
    if (selected !== null && index < 0) return;
    revealed.current = selected;
    if (selected === null) return;
    setActive(selected);
    reveal(index);
  }, [selected, shown, reveal]);

  const select = (id: string) => { changeView({ trial: id === view.peek().trial ? null : id }); };
  const move = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const current = shown.findIndex((trial) => String(trial.id) === active);
    const end = shown.length - 1;
    const goals: Record<string, number> = {
      ArrowDown: current + 1, ArrowUp: Math.max(0, current - 1), PageDown: current + page, PageUp: current - page, Home: 0, End: end,
    };
    const goal = goals[event.key];
    if (goal !== undefined) {
      const index = Math.min(end, Math.max(0, goal));
      const trial = shown[index];
      if (trial === undefined) return;
      setActive(String(trial.id));
      pointedTrial.value = String(trial.id);
      reveal(index);
    } else if ((event.key === 'Enter' || event.key === ' ') && current >= 0 && active !== null) {
      select(active);
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div class="table-box" ref={box} onScroll={onScroll}>
      <table
        role="grid"
        class="trial-table"
        aria-label="Trials"
        aria-rowcount={shown.length + 1}
        aria-activedescendant={active === null ? undefined : `trial-${active}`}
        tabIndex={0}
        style={{ minWidth: `${wide}ch` }}
        onKeyDown={move}
        onBlur={() => { pointedTrial.value = null; }}
        onPointerLeave={() => { pointedTrial.value = null; }}
      >
        <colgroup>
          {heads.map((column, index) => <col key={column.key} style={{ width: `${((widths[index] ?? 0) / wide) * 100}%` }} />)}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>{heads.map((column) => <HeadCell key={column.key} column={column} />)}</tr>
        </thead>
        <tbody>
          {first > 0 && <tr key="above" aria-hidden="true" class="space" style={{ height: `${first * kRowHeight}px` }} />}
          {shown.slice(first, last).map((trial, index) => {
            const id = String(trial.id);
            return (
              <TrialRow
                key={id}
                trial={trial}
                columns={heads}
                position={first + index}
                selected={id === selected}
                active={id === active}
                onPick={() => { setActive(id); select(id); }}
              />
            );
          })}
          {last < shown.length && <tr key="below" aria-hidden="true" class="space" style={{ height: `${(shown.length - last) * kRowHeight}px` }} />}
        </tbody>
      </table>
      {shown.length === 0 && (
        <p class="quiet pad">{openJob.value?.loaded !== true ? 'Loading…' : all.length === 0 ? 'This job has no trials.' : 'The filter lets no trial through.'}</p>
      )}
    </div>
  );
}
