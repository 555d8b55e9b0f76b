/** Times views in a browser, for `npm run bench -- views`: bundled for a page of its own, part of no product. */
import type { ReactNode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { HopPath } from '../HopPath.tsx';
import type { Hop, Path, ServiceWays } from '../model.ts';
import { PathGraph } from '../PathGraph.tsx';
import { PathList } from '../PathList.tsx';
import { graphOfWays } from '../serviceWays.ts';
import { darkTheme } from '../theme.ts';
import { manyPaths, samplePaths } from './samplePaths.ts';
import { sampleWays } from './sampleWays.ts';

const WIDTH = 1240;
const GRAPH_HEIGHT = 340;
const MAX_PER_STAGE = 8;

export interface Measured {
  /** From the start of the render to the end of the frame that shows it, each round on an empty page. */
  readonly timesMs: readonly number[];
  /** Elements drawn in the last round; tells that something was. */
  readonly elements: number;
}

const DRAWN = { list: listOf, path: pathOf, graph: graphOf };

/** Draws `count` paths as a list, one path of `count` hops, or the ways to `count` app Pods, anew in each round. */
export async function measureView(
  view: keyof typeof DRAWN,
  count: number,
  rounds: number,
): Promise<Measured> {
  const drawn = DRAWN[view](count);
  const timesMs: number[] = [];
  let elements = 0;
  for (let round = 0; round < rounds; round += 1) {
    const place = document.body.appendChild(document.createElement('div'));
    const root = createRoot(place);
    await nextFrame();
    const startMs = performance.now();
    flushSync(() => root.render(drawn));
    await nextFrame();
    timesMs.push(performance.now() - startMs);
    elements = place.querySelectorAll('*').length;
    root.unmount();
    place.remove();
  }
  return { timesMs, elements };
}

function listOf(count: number): ReactNode {
  const hrefOf = (pathId: string) => `#${pathId}`;
  return <PathList paths={manyPaths(count)} theme={darkTheme} width={WIDTH} hrefOf={hrefOf} />;
}

function pathOf(hopCount: number): ReactNode {
  return <HopPath path={longPath(hopCount)} theme={darkTheme} width={WIDTH} />;
}

/** What the API has added up: one app Pod for each Service, folded to the busiest while it is drawn. */
function graphOf(serviceCount: number): ReactNode {
  const ways = manyServices(sampleWays(serviceCount * 10), serviceCount);
  return (
    <PathGraph
      graph={graphOfWays(ways)}
      paths={ways.totals.requests}
      theme={darkTheme}
      width={WIDTH}
      height={GRAPH_HEIGHT}
      maxPerStage={MAX_PER_STAGE}
    />
  );
}

function manyServices(ways: ServiceWays, count: number): ServiceWays {
  const app = ways.parties.find(({ role }) => role === 'app');
  const edge = ways.edges.find(({ target }) => target === app?.id);
  if (app === undefined || edge === undefined) throw new Error('the sample has no app Pod');
  const numbers = [...Array(count).keys()];
  return {
    ...ways,
    parties: [
      ...ways.parties.filter(({ role }) => role !== 'app'),
      ...numbers.map((n) => ({ ...app, id: `app ${n}`, name: `shop/app-${n}`, requests: n + 1 })),
    ],
    edges: [
      ...ways.edges.filter(({ target }) =>
        ways.parties.some(({ id, role }) => id === target && role !== 'app'),
      ),
      ...numbers.map((n) => ({ ...edge, target: `app ${n}`, requests: n + 1 })),
    ],
  };
}

/** A sample with its middle repeated on machines of their own. */
function longPath(hopCount: number): Path {
  const sample = samplePaths[0];
  if (sample === undefined) throw new Error('no sample path');
  const hops = Array.from({ length: hopCount }, (_, index): Hop => {
    const hop = sample.hops[index % sample.hops.length];
    if (hop === undefined) throw new Error('the sample path has no hop');
    const at = (party: Hop['from'], lane: number) => ({
      ...party,
      name: `proxy-${lane}`,
      node: `node-${lane}`,
    });
    return { ...hop, index, from: at(hop.from, index), to: at(hop.to, index + 1) };
  });
  return { ...sample, hops };
}

/** After the next frame was laid out and painted: a task that was posted before its paint runs behind it. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve();
      channel.port2.postMessage(null);
    });
  });
}
