/**
 * create-plugin's build as it is, but: modern output with the automatic JSX runtime (Grafana shares
 * `react/jsx-runtime`), style sheets without source maps, and the logos of the nested plugins, which the
 * scaffold does not copy.
 */
import CopyWebpackPlugin from 'copy-webpack-plugin';
import TerserPlugin from 'terser-webpack-plugin';
import type { Configuration, RuleSetRule } from 'webpack';
import grafanaConfig, { type Env } from './.config/webpack/webpack.config.ts';

export default async function config(env: Env): Promise<Configuration> {
  const base = await grafanaConfig(env);
  const rules = (base.module?.rules ?? []).map((rule) => {
    if (uses(rule, 'swc-loader')) return modern(rule);
    return uses(rule, 'css-loader') && !uses(rule, 'sass-loader') ? lean(rule) : rule;
  });
  const nestedLogos = new CopyWebpackPlugin({ patterns: [{ from: '*/img/*.svg', to: '.' }] });
  return {
    ...base,
    optimization: { ...base.optimization, minimizer: [smaller()] },
    module: { ...base.module, rules },
    plugins: [...(base.plugins ?? []), nestedLogos],
  };
}

function uses(rule: unknown, loader: string): rule is RuleSetRule {
  return JSON.stringify(rule)?.includes(`"${loader}"`) ?? false;
}

/** css-loader would put a source map with the whole style sheet into the module itself. */
function lean(rule: RuleSetRule): RuleSetRule {
  const cssLoader = { loader: 'css-loader', options: { sourceMap: false } };
  return { test: rule.test, use: ['style-loader', cssLoader] };
}

function modern(rule: RuleSetRule): RuleSetRule {
  return {
    exclude: /node_modules/,
    test: rule.test,
    use: {
      loader: 'swc-loader',
      options: {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', tsx: true },
          transform: { react: { runtime: 'automatic' } },
        },
      },
    },
  };
}

/** As the scaffold minifies, keeping its banner, but for modern engines and more than once. */
function smaller(): TerserPlugin {
  return new TerserPlugin({
    terserOptions: {
      ecma: 2020,
      format: {
        comments: (_, { type, value }) => type === 'comment2' && value.includes('[create-plugin]'),
      },
      compress: {
        ecma: 2020,
        passes: 3,
        toplevel: true,
        unsafe_arrows: true,
        drop_console: ['log', 'info'],
      },
    },
  });
}
