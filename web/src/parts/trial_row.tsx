import type { Trial } from '../api/types';
import type { Column } from '../trials/columns';
import { pointedTrial } from '../view/view';
import { TrialMark } from './marks';
import { StateBadge } from './state_badge';

export const kRowHeight = 44; // as in page.css

function CellContent({ trial, column }: { trial: Trial; column: Column }) {
  const cell = column.cell(trial);
  if (column.kind === 'group') {
    return (
      <span class="line">
        <TrialMark trial={trial} />
        <span class="name">{cell.text}</span>
      </span>
    );
  }
  if (column.kind === 'state') {
    return (
      <>
        <StateBadge state={trial.state} />
        {trial.reason !== null && trial.reason !== '' && <small class="quiet"> {trial.reason}</small>}
        {!trial.reason && cell.note !== undefined && <small class="quiet"> {cell.note}</small>}
      </>
    );
  }
  return (
    <>
      {cell.text}
      {cell.note !== undefined && <small class="quiet">{cell.note}</small>}
    </>
  );
}

// A trial that has a reason and no numbers says the reason where the numbers would be.
function saysReason(trial: Trial): boolean {
  return trial.reason !== null && trial.reason !== '' && Object.keys(trial.metrics).length === 0;
}

export function TrialRow({ trial, columns, position, selected, active, onPick }: {
  trial: Trial;
  columns: readonly Column[];
  position: number;
  selected: boolean;
  active: boolean;
  onPick: () => void;
}) {
  const id = String(trial.id);
  const withReason = saysReason(trial);
  const own = withReason ? columns.filter((column) => column.kind !== 'metric') : columns;
  const pointed = pointedTrial.value === id;
  return (
    <tr
      id={`trial-${id}`}
      class={`${active ? 'active' : ''} ${pointed ? 'pointed' : ''} ${trial.pareto ? 'pareto' : ''}`}
      aria-rowindex={position + 2}
      aria-selected={selected}
      onClick={onPick}
      onPointerEnter={() => { pointedTrial.value = id; }}
    >
      {own.map((column) => {
        const cell = column.cell(trial);
        const title = cell.title ?? (column.kind === 'state' ? (trial.reason ?? undefined) : cell.text + (cell.note ? ` ${cell.note}` : ''));
        return (
          <td key={column.key} class={`${column.kind} ${cell.tone ?? ''}`} title={title === '' ? undefined : title}>
            {column.kind === 'state' && withReason
              ? <StateBadge state={trial.state} />
              : <CellContent trial={trial} column={column} />}
          </td>
        );
      })}
      {withReason && (
        <td class={`reason ${trial.state === 'failed' ? 'bad' : ''}`} colSpan={columns.length - own.length} title={trial.reason ?? ''}>
          {trial.reason}
        </td>
      )}
    </tr>
  );
}
