/**
 * Specs for a real Grafana, with the app and its data source provisioned as in docker-compose.yml:
 *
 *     GRAFANA_URL=http://127.0.0.1:3000 GRAFANA_ADMIN_PASSWORD=… npx playwright test
 *
 * They were never run: there was no Grafana to run them on. The build checks their types.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginOptions } from '@grafana/plugin-e2e';
import { defineConfig, devices } from '@playwright/test';

const modules = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');
const storageState = 'playwright/.auth/admin.json';
const executablePath = process.env.CHROMIUM;

// biome-ignore lint/style/noDefaultExport: Playwright takes it so
export default defineConfig<PluginOptions>({
  testDir: './tests',
  fullyParallel: true,
  forbidOnly: process.env.CI === 'true',
  reporter: 'list',
  use: {
    baseURL: process.env.GRAFANA_URL ?? 'http://127.0.0.1:3000',
    provisioningRootDir: '../deploy/grafana/provisioning',
    trace: 'on-first-retry',
    user: { user: 'admin', password: process.env.GRAFANA_ADMIN_PASSWORD ?? '' },
    ...(executablePath === undefined ? {} : { launchOptions: { executablePath } }),
  },
  projects: [
    {
      name: 'auth',
      testDir: join(modules, '@grafana/plugin-e2e/dist/auth'),
      testMatch: /auth\.setup\.js$/,
    },
    {
      name: 'chromium',
      use: { ...devices['Desktop Chrome'], storageState },
      dependencies: ['auth'],
    },
  ],
});
