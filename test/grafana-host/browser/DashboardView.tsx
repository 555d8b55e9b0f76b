/** A dashboard of the app on Grafana's grid: our panels as they are, core panels as a plain stand-in of their data. */
import {
  type DataFrame,
  type DataSourceApi,
  type DataTransformerConfig,
  FieldType,
  getFieldDisplayName,
  type PanelPlugin,
} from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import type { Scene } from '../scene.ts';
import { PanelFrame } from './PanelFrame.tsx';
import { ask } from './source.ts';
import { transformed } from './transform.ts';

const COLUMNS = 24;
const ROW_PX = 38;
const GAP_PX = 8;
const MAX_ROWS = 12;

interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly object[];
  readonly options?: { readonly reduceOptions?: { readonly fields?: string } };
  readonly transformations?: readonly DataTransformerConfig[];
}

interface DashboardViewProps {
  readonly scene: Scene;
  readonly source: DataSourceApi;
  readonly loadPanel: (id: string) => Promise<PanelPlugin>;
  readonly isDark: boolean;
  /** Errors of queries are added here. */
  readonly errors: string[];
}

export async function DashboardView({
  scene,
  source,
  loadPanel,
  isDark,
  errors,
}: DashboardViewProps) {
  const response = await fetch(
    `/public/plugins/hoptrace-hoptrace-app/dashboards/${scene.dashboard}.json`,
  );
  const { panels }: { panels: DashboardPanel[] } = await response.json();
  const unit = ((scene.width ?? 1400) - GAP_PX) / COLUMNS;
  const placed = [];
  for (const panel of panels) {
    const answer = await ask(source, panel.targets ?? [], scene);
    errors.push(...answer.errors.map((error) => `${panel.title}: ${error}`));
    const frames = await transformed(answer.frames, panel.transformations ?? []);
    const { x, y, w, h } = panel.gridPos;
    const size = { width: w * unit - GAP_PX, height: h * ROW_PX - GAP_PX };
    const plugin = panel.type.startsWith('hoptrace-') ? await loadPanel(panel.type) : null;
    const place = { position: 'absolute' as const, left: x * unit, top: y * ROW_PX };
    placed.push(
      <div key={panel.id} style={place} data-testid={`panel-${panel.id}`}>
        {plugin === null ? (
          <PanelChrome title={panel.title} {...size}>
            {() => <StandIn panel={panel} frames={frames} />}
          </PanelChrome>
        ) : (
          <PanelFrame
            plugin={plugin}
            title={panel.title}
            frames={frames}
            errors={answer.errors}
            options={panel.options ?? {}}
            isDark={isDark}
            {...size}
          />
        )}
      </div>,
    );
  }
  const bottom = Math.max(0, ...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return <div style={{ position: 'relative', height: bottom * ROW_PX }}>{placed}</div>;
}

interface StandInProps {
  readonly panel: DashboardPanel;
  readonly frames: readonly DataFrame[];
}

/** What a core panel would get, as a table: the host has no core panels. */
function StandIn({ panel: { type, options }, frames }: StandInProps) {
  const [frame] = frames;
  if (frame === undefined || frame.length === 0) return <em>No data ({type})</em>;
  // A stat panel names its field as `/^name$/`.
  const wanted = options?.reduceOptions?.fields?.slice(1, -1);
  const fields = frame.fields.filter(
    ({ name }) => wanted === undefined || new RegExp(wanted).test(name),
  );
  const rows = Array.from({ length: Math.min(frame.length, MAX_ROWS) }, (_, index) => index);
  return (
    <div style={{ overflow: 'auto', height: '100%', fontSize: 11 }}>
      <em>
        core panel “{type}”, {frame.length} rows
      </em>
      <table>
        <tbody>
          <tr>
            {fields.map((field) => (
              <th key={field.name} style={{ paddingRight: 8 }}>
                {getFieldDisplayName(field, frame)}
              </th>
            ))}
          </tr>
          {rows.map((row) => (
            <tr key={row}>
              {fields.map(({ name, type: kind, values }) => (
                <td key={name} style={{ paddingRight: 8, whiteSpace: 'nowrap' }}>
                  {kind === FieldType.time
                    ? new Date(values[row]).toISOString()
                    : String(values[row])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
