// How a search goes: nothing for jobs whose trials are all known beforehand.

import { useRef } from 'preact/hooks';

import { openJob, selectedJob } from '../live/state';
import type { Search } from '../api/types';
import { allTrials, filtered } from '../trials/shown';
import { RungFigure } from './rung_figure';
import { useSize } from './use_size';
import { VolumeFigure } from './volume_figure';

const kNames: Record<string, string> = { halving: 'Successive halving', nsga2: 'NSGA-II' };

function progress(search: Search): string {
  const generation = search.generation == null ? '' : `, generation ${search.generation}`;
  const most = search.wanted === undefined ? '' : ` of at most ${search.wanted}`;
  const up = search.rungs == null ? '' : `, ${search.rungs.join(' → ')} by rung`;
  return `${search.trials}${most} trials${generation}${up}${search.finished ? ', finished' : ''}`;
}

function Drawing({ strategy }: { strategy: string }) {
  const box = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(box);
  const known = strategy === 'halving'
    ? filtered.value.some((trial) => trial.rungs?.some((rung) => rung.value !== null))
    : openJob.value?.generations?.some((generation) => generation.hypervolume !== null) === true;
  const Figure = strategy === 'halving' ? RungFigure : VolumeFigure;
  return (
    <div class="plot-box low" ref={box}>
      {known && width > 0 && <Figure width={width} height={height} />}
      {!known && <p class="quiet middle">{strategy === 'halving' ? 'No trial has ended a rung yet.' : 'No generation has ended yet.'}</p>}
    </div>
  );
}

export function SearchCard() {
  const search = selectedJob.value?.search;
  if (search == null) return null;
  const { strategy } = search;
  const told = strategy === 'halving'
    ? allTrials.value.some((trial) => trial.rungs != null)
    : strategy === 'nsga2' && openJob.value?.generations != null;
  return (
    <section class="card search" aria-label="Search">
      <p class="line wrap">
        <b>{kNames[strategy] ?? strategy}</b>
        <span class="quiet">{progress(search)}</span>
        {search.failure != null && <span class="bad">{search.failure}</span>}
        {strategy === 'halving' && <span class="quiet end">pale: ended below the last rung</span>}
      </p>
      {told && <Drawing strategy={strategy} />}
    </section>
  );
}
