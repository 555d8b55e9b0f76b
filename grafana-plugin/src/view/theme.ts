/**
 * Colour and font tokens of the views. A host (the page, a Grafana panel) passes one set; the style
 * sheet reads them as custom properties, so no view knows which theme is on.
 */
export interface ViewTheme {
  readonly isDark: boolean;
  readonly canvas: string;
  readonly surface: string;
  readonly raised: string;
  readonly border: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly served: string;
  readonly extra: string;
  readonly refused: string;
  readonly served12: string;
  readonly extra12: string;
  readonly refused12: string;
  readonly accent12: string;
  readonly fontFamily: string;
  readonly fontMono: string;
}

const fonts = {
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  fontMono:
    'ui-monospace, SFMono-Regular, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
};

export const darkTheme: ViewTheme = {
  isDark: true,
  canvas: '#0f1318',
  surface: '#161b22',
  raised: '#1e252e',
  border: '#2d3641',
  text: '#e4e9f0',
  muted: '#98a4b3',
  accent: '#7cb0ff',
  served: '#4fc78e',
  extra: '#f2a33c',
  refused: '#ff7b72',
  served12: '#16302a',
  extra12: '#33291a',
  refused12: '#3a2226',
  accent12: '#1b2a41',
  ...fonts,
};

export const lightTheme: ViewTheme = {
  isDark: false,
  canvas: '#f5f6f8',
  surface: '#ffffff',
  raised: '#eef1f4',
  border: '#d5dbe2',
  text: '#1b2430',
  muted: '#566170',
  accent: '#1d5dc0',
  served: '#14713f',
  extra: '#a14a00',
  refused: '#bf2430',
  served12: '#e3f3ea',
  extra12: '#fdf0df',
  refused12: '#fce9ea',
  accent12: '#e6effb',
  ...fonts,
};

/** Names the tokens as the CSS custom properties that view.css reads. */
export function themeVariables(theme: ViewTheme): Readonly<Record<`--ht-${string}`, string>> {
  return {
    '--ht-canvas': theme.canvas,
    '--ht-surface': theme.surface,
    '--ht-raised': theme.raised,
    '--ht-border': theme.border,
    '--ht-text': theme.text,
    '--ht-muted': theme.muted,
    '--ht-accent': theme.accent,
    '--ht-served': theme.served,
    '--ht-extra': theme.extra,
    '--ht-refused': theme.refused,
    '--ht-served-12': theme.served12,
    '--ht-extra-12': theme.extra12,
    '--ht-refused-12': theme.refused12,
    '--ht-accent-12': theme.accent12,
    '--ht-font': theme.fontFamily,
    '--ht-mono': theme.fontMono,
  };
}
