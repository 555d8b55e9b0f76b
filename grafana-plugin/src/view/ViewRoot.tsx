import type { ReactNode } from 'react';
import { themeVariables, type ViewTheme } from './theme.ts';

declare module 'react' {
  interface CSSProperties {
    [token: `--ht-${string}`]: string | number;
  }
}

interface ViewRootProps {
  readonly theme: ViewTheme;
  readonly className?: string;
  readonly children: ReactNode;
}

/** Puts the tokens where view.css reads them, so that a view looks right in any host. */
export function ViewRoot({ theme, className, children }: ViewRootProps) {
  return (
    <div className={`ht-view ${className ?? ''}`} style={themeVariables(theme)}>
      {children}
    </div>
  );
}
