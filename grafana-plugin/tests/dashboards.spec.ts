import { expect, test } from '@grafana/plugin-e2e';

/** A panel of each dashboard that has something to show whatever the system has seen. */
const DASHBOARDS = [
  ['hoptrace-overview', 'Paths'],
  ['hoptrace-service', 'Ways to this service'],
  ['hoptrace-request', 'Hop path'],
  ['hoptrace-refusals', 'Refused SYNs'],
  ['hoptrace-quality', 'Agents'],
] as const;

for (const [uid, title] of DASHBOARDS) {
  test(`dashboard ${uid}: no panel fails`, async ({ gotoDashboardPage }) => {
    const dashboard = await gotoDashboardPage({ uid });
    const panel = dashboard.getPanelByTitle(title);
    await expect(panel.locator).toBeVisible();
    await expect(panel.getErrorIcon()).toBeHidden();
  });
}

test('a request of the list leads to its path', async ({ gotoDashboardPage }) => {
  const dashboard = await gotoDashboardPage({ uid: 'hoptrace-overview' });
  const page = dashboard.ctx.page;
  await page
    .getByRole('link', { name: /^[0-9a-z]{11}-[0-9a-f]{16}$/ })
    .first()
    .click();
  await expect(page).toHaveURL(/hoptrace-request/);
  await expect(page.getByLabel('Path by machine, to scroll')).toBeVisible();
});

test('the hop path and the path graph are free of what axe finds', async ({
  gotoDashboardPage,
  scanForA11yViolations,
}) => {
  await gotoDashboardPage({ uid: 'hoptrace-request' });
  const report = await scanForA11yViolations({ include: ['.ht-view'] });
  expect(report).toHaveNoA11yViolations();
});
