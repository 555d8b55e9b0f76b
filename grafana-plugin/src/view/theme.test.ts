import { expect, test } from '@jest/globals';
import { darkTheme, lightTheme, themeVariables, type ViewTheme } from './theme.ts';

/** WCAG 2.2 relative luminance of `#rrggbb`. */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const [red = 0, green = 0, blue = 0] = channels;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const inks = ['text', 'muted', 'accent', 'served', 'extra', 'refused'] as const;
const papers = ['canvas', 'surface', 'raised'] as const;
const tints = {
  served: 'served12',
  extra: 'extra12',
  refused: 'refused12',
  accent: 'accent12',
} as const;

for (const [name, theme] of Object.entries({ darkTheme, lightTheme }) as [string, ViewTheme][]) {
  test(`${name}: every ink is readable on every paper (WCAG AA, 4.5)`, () => {
    for (const ink of inks) {
      for (const paper of papers) {
        expect({ ink, paper, ok: contrast(theme[ink], theme[paper]) >= 4.5 }).toEqual({
          ink,
          paper,
          ok: true,
        });
      }
    }
  });
  test(`${name}: badges are readable on their tint`, () => {
    for (const [ink, tint] of Object.entries(tints) as [keyof typeof tints, 'served12'][]) {
      expect(contrast(theme[ink], theme[tint])).toBeGreaterThanOrEqual(4.5);
      expect(contrast(theme.text, theme[tint])).toBeGreaterThanOrEqual(4.5);
    }
  });
}

test('every colour token becomes a custom property', () => {
  expect(Object.keys(themeVariables(darkTheme))).toHaveLength(Object.keys(darkTheme).length - 1);
});
