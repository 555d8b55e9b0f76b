import type { PanelProps } from '@grafana/data';
import { PanelDataErrorView } from '@grafana/runtime';
import { useTheme2 } from '@grafana/ui';
import { documentsIn } from '../frames/documents.ts';
import { failureIn } from '../host/failureIn.ts';
import { PanelScroll } from '../host/PanelScroll.tsx';
import { viewThemeOf } from '../host/viewTheme.ts';
import { HopPath } from '../view/HopPath.tsx';
import '../view/view.css';

const PADDING_PX = 12;
const SCROLLBAR_PX = 14;

/** Draws the path of each frame that carries one; says what is missing otherwise. */
export function HopPathPanel({ data, width, height, id, fieldConfig }: PanelProps) {
  const theme = viewThemeOf(useTheme2());
  const paths = documentsIn(data.series);
  if (paths.length === 0) {
    const message = failureIn(data) ?? lackOf(data.series);
    return (
      <PanelDataErrorView panelId={id} fieldConfig={fieldConfig} data={data} message={message} />
    );
  }
  return (
    <PanelScroll width={width} height={height}>
      <div style={{ padding: PADDING_PX }}>
        {paths.map((path) => (
          <HopPath
            key={path.pathId}
            path={path}
            theme={theme}
            width={width - 2 * PADDING_PX - SCROLLBAR_PX}
          />
        ))}
      </div>
    </PanelScroll>
  );
}

/** What to do about data without a path. */
function lackOf(series: PanelProps['data']['series']): string {
  if (series.length === 0)
    return 'No path. Choose a request: its identity goes into a query of kind "One path".';
  return `These data carry no path. This panel draws the answer of a hoptrace query of kind "One path"; here are the columns ${columnsOf(series)}.`;
}

function columnsOf(series: PanelProps['data']['series']): string {
  const names = series.flatMap((frame) => frame.fields.map(({ name }) => name));
  return names.length === 0 ? '(none)' : names.slice(0, 8).join(', ');
}
