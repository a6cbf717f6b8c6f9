// What the figure draws, to be chosen, and what its colours mean. A colour that is pressed is shown alone, in the table too.

import type { Quantity } from '../trials/quantities';
import { colouring, figureX, figureY, quantities } from '../trials/shown';
import { changeView, view } from '../view/view';
import { Mark } from './marks';

const kSections: [Quantity['kind'], string][] = [['measured', 'Measured'], ['swept', 'Swept'], ['trial', 'The trial’s']];

function Choice({ label, chosen, onChoose }: { label: string; chosen: Quantity; onChoose: (key: string) => void }) {
  const known = quantities.value.includes(chosen) ? quantities.value : [chosen, ...quantities.value];
  return (
    <select aria-label={label} value={chosen.key} onChange={(event) => { onChoose(event.currentTarget.value); }}>
      {kSections.map(([kind, title]) => {
        const own = known.filter((quantity) => quantity.kind === kind);
        return own.length > 0 && (
          <optgroup key={kind} label={title}>
            {own.map(({ key, label: name }) => <option key={key} value={key} selected={key === chosen.key}>{name}</option>)}
          </optgroup>
        );
      })}
    </select>
  );
}

function toggle(key: string): void {
  const only = view.peek().only;
  changeView({ only: only.includes(key) ? only.filter((other) => other !== key) : [...only, key] });
}

// Groups have their legend above already.
function Legend() {
  const { quantity, classes } = colouring.value;
  if (quantity.key === 'group') return null;
  return (
    <ul class="legend" aria-label={`Colours: ${quantity.label}`}>
      {classes.map(({ key, label, index }) => {
        const pressed = view.value.only.includes(key);
        return (
          <li key={key}>
            <button type="button" class="small" aria-pressed={pressed} title={pressed ? 'Show the others too' : `Show ${label} only`} onClick={() => { toggle(key); }}>
              <Mark index={index} />
              <span class="name">{label}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

export function FigureTools() {
  return (
    <>
      <div class="figure-tools">
        <Choice label="Vertical axis" chosen={figureY.value} onChoose={(y) => { changeView({ y }); }} />
        <span class="quiet">against</span>
        <Choice label="Horizontal axis" chosen={figureX.value} onChoose={(x) => { changeView({ x }); }} />
        <span class="quiet">coloured by</span>
        <Choice label="Colours" chosen={colouring.value.quantity} onChoose={(colour) => { changeView({ colour, only: [] }); }} />
      </div>
      <Legend />
    </>
  );
}
