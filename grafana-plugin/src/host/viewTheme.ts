/** The tokens of the views from the theme that is on in Grafana, whichever it is. */
import type { GrafanaTheme2 } from '@grafana/data';
import type { ViewTheme } from '../view/theme.ts';

export function viewThemeOf({ isDark, colors, typography }: GrafanaTheme2): ViewTheme {
  return {
    isDark,
    canvas: colors.background.canvas,
    surface: colors.background.primary,
    raised: colors.background.secondary,
    border: colors.border.medium,
    text: colors.text.primary,
    muted: colors.text.secondary,
    accent: colors.text.link,
    served: colors.success.text,
    extra: colors.warning.text,
    refused: colors.error.text,
    served12: colors.success.transparent,
    extra12: colors.warning.transparent,
    refused12: colors.error.transparent,
    accent12: colors.info.transparent,
    fontFamily: typography.fontFamily,
    fontMono: typography.fontFamilyMonospace,
  };
}
