import { useEffect, useState, useSyncExternalStore } from 'react';
import {
  darkTheme,
  lightTheme,
  themeVariables,
  type ViewTheme,
} from '../../../grafana-plugin/src/view/theme.ts';

export const THEME_CHOICES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEME_CHOICES)[number];

const STORED_AS = 'hoptrace.theme';
const PREFERS_DARK = '(prefers-color-scheme: dark)';

interface ThemeState {
  readonly theme: ViewTheme;
  readonly choice: ThemeChoice;
  readonly choose: (choice: ThemeChoice) => void;
}

/** The theme of the system, unless the viewer chose one; the choice is kept in this browser. */
export function useTheme(): ThemeState {
  const [choice, setChoice] = useState<ThemeChoice>(readChoice);
  const prefersDark = useSyncExternalStore(subscribe, () => matchMedia(PREFERS_DARK).matches);
  const isDark = choice === 'system' ? prefersDark : choice === 'dark';
  const theme = isDark ? darkTheme : lightTheme;
  useEffect(() => applyTheme(theme), [theme]);
  const choose = (next: ThemeChoice) => {
    setChoice(next);
    storeChoice(next);
  };
  return { theme, choice, choose };
}

/** The parts of the page around the views read the same tokens from the root element. */
export function applyTheme(theme: ViewTheme): void {
  const { style } = document.documentElement;
  style.colorScheme = theme.isDark ? 'dark' : 'light';
  for (const [name, value] of Object.entries(themeVariables(theme))) style.setProperty(name, value);
}

function subscribe(onChange: () => void): () => void {
  const query = matchMedia(PREFERS_DARK);
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}

/** Storage may be forbidden (private windows, policies); then the choice lasts as long as the page. */
function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(STORED_AS);
    return THEME_CHOICES.find((choice) => choice === stored) ?? 'system';
  } catch {
    return 'system';
  }
}

function storeChoice(choice: ThemeChoice): void {
  try {
    localStorage.setItem(STORED_AS, choice);
  } catch {
    // Nothing is lost but the memory of the choice.
  }
}
