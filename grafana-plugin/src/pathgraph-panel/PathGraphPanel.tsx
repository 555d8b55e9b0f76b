import type { PanelProps } from '@grafana/data';
import { locationService, PanelDataErrorView } from '@grafana/runtime';
import { useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';
import { graphFromFrames } from '../frames/graphFrames.ts';
import { failureIn } from '../host/failureIn.ts';
import { PanelScroll } from '../host/PanelScroll.tsx';
import { viewThemeOf } from '../host/viewTheme.ts';
import { PathGraph } from '../view/PathGraph.tsx';
import '../view/view.css';
import '../view/graph.css';

export interface GraphOptions {
  readonly maxPerStage: number;
  readonly nodeVariable: string;
}

const PADDING_PX = 12;
const SCROLLBAR_PX = 14;

/** Draws the nodes and edges of a graph query; names the columns that are not there. */
export function PathGraphPanel({
  data,
  width,
  height,
  id,
  fieldConfig,
  options,
}: PanelProps<GraphOptions>) {
  const theme = viewThemeOf(useTheme2());
  const read = useMemo(() => graphFromFrames(data.series), [data.series]);
  const { nodeVariable, maxPerStage } = options;
  if (read.graph === null || read.graph.nodes.length === 0) {
    const isEmpty = data.series.length === 0 || read.graph !== null;
    const lack = isEmpty
      ? 'No path in this time range, for these filters.'
      : `This panel draws a hoptrace query of kind "Path graph". Missing: ${read.missing?.join(', ')}.`;
    const message = failureIn(data) ?? lack;
    return (
      <PanelDataErrorView panelId={id} fieldConfig={fieldConfig} data={data} message={message} />
    );
  }
  const choose = (machine: string) =>
    locationService.partial({ [`var-${nodeVariable}`]: machine }, true);
  return (
    <PanelScroll width={width} height={height}>
      <div style={{ padding: PADDING_PX }}>
        <PathGraph
          graph={read.graph}
          paths={pathsOf(data.series)}
          theme={theme}
          width={width - 2 * PADDING_PX - SCROLLBAR_PX}
          height={height - 2 * PADDING_PX - SCROLLBAR_PX}
          maxPerStage={maxPerStage}
          onMachine={nodeVariable === '' ? undefined : choose}
        />
      </div>
    </PanelScroll>
  );
}

function pathsOf(series: PanelProps['data']['series']): number {
  const told = series.flatMap(({ meta }) => meta?.custom?.hoptracePaths ?? [])[0];
  return typeof told === 'number' ? told : 0;
}
