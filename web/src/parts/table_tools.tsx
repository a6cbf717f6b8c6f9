import { useRef } from 'preact/hooks';

import { plural } from '../format';
import { selectedJob } from '../live/state';
import { toCsv } from '../trials/csv';
import { allTrials, rows } from '../trials/shown';
import { changeView, view } from '../view/view';

function download(): void {
  const url = URL.createObjectURL(new Blob([toCsv(rows.peek())], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${(selectedJob.peek()?.name ?? 'trials').replaceAll(/[^\w.-]+/g, '-')}.csv`;
  link.click();
  setTimeout(() => { URL.revokeObjectURL(url); }, 10_000);
}

export function TableTools() {
  const input = useRef<HTMLInputElement>(null);
  const { groups, text, only } = view.value;
  const shown = rows.value.length;
  const total = allTrials.value.length;
  const filtering = groups.length > 0 || text !== '' || only.length > 0;
  const clear = () => {
    changeView({ groups: [], text: '', only: [] });
    input.current?.focus();
  };
  return (
    <div class="tools">
      <h3>Trials</h3>
      <span class="quiet" role="status">{filtering ? `${shown} of ${plural(total, 'trial')}` : plural(total, 'trial')}</span>
      <input
        ref={input}
        type="search"
        value={text}
        placeholder="Filter: amount=0.5 failed …"
        aria-label="Filter trials by words: group, parameter=value, state, reason"
        spellcheck={false}
        onInput={(event) => { changeView({ text: event.currentTarget.value }); }}
      />
      {filtering && <button type="button" class="small" onClick={clear}>Show all</button>}
      <button type="button" class="small end" disabled={shown === 0} onClick={download}>Export CSV</button>
    </div>
  );
}
