/** Loads a built module.js as Grafana does: by AMD, with the libraries that Grafana shares and no others. */
import * as emotionCss from '@emotion/css';
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import * as React from 'react';
import * as jsxRuntime from 'react/jsx-runtime';
import * as ReactDOM from 'react-dom';
import * as rxjs from 'rxjs';
import { DataErrorView } from './DataErrorView.tsx';

const SHARED: Readonly<Record<string, unknown>> = {
  react: React,
  'react/jsx-runtime': jsxRuntime,
  'react-dom': ReactDOM,
  '@emotion/css': emotionCss,
  rxjs,
  '@grafana/data': data,
  '@grafana/ui': ui,
  // Grafana sets this one at run time; outside of it it is undefined.
  '@grafana/runtime': { ...runtime, PanelDataErrorView: DataErrorView },
};

type Factory = (...dependencies: readonly unknown[]) => unknown;

/** Rejects if the module cannot be loaded, or asks for something that Grafana does not share. */
export function loadModule(url: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const define = Object.assign(
      (names: readonly string[], factory: Factory) => {
        try {
          const made = factory(...names.map((name) => dependency(name, url)));
          resolve(made as Record<string, unknown>);
        } catch (error) {
          reject(error);
        }
      },
      { amd: {} },
    );
    Object.assign(window, { define });
    const script = document.createElement('script');
    script.src = url;
    script.onerror = () => reject(new Error(`cannot load ${url}`));
    document.head.append(script);
  });
}

function dependency(name: string, url: string): unknown {
  if (name === 'exports') return {};
  if (name === 'module') return { uri: new URL(url, location.href).href };
  if (name in SHARED) return SHARED[name];
  throw new Error(`Grafana does not share ${name}`);
}
