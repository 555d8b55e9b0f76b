import { expect, test } from '@grafana/plugin-e2e';

const FILE = { fileName: 'hoptrace.yaml' };
const TYPE = 'hoptrace-hoptrace-datasource';

test('the provisioned data source is healthy', async ({
  gotoDataSourceConfigPage,
  readProvisionedDataSource,
}) => {
  const { uid } = await readProvisionedDataSource(FILE);
  const page = await gotoDataSourceConfigPage(uid);
  await expect(page.saveAndTest()).toBeOK();
});

test('a data source without a URL says that it has none', async ({
  createDataSourceConfigPage,
}) => {
  const page = await createDataSourceConfigPage({ type: TYPE });
  await page.saveAndTest({ path: '/api/health' }).catch(() => undefined);
  await expect(page).toHaveAlert('error');
});

test('the token goes to the server and does not come back', async ({
  createDataSourceConfigPage,
  page: browserPage,
}) => {
  const page = await createDataSourceConfigPage({ type: TYPE });
  await page.ctx.page.getByPlaceholder('http://hoptrace-api:7040').fill('http://nobody:7040');
  await page.ctx.page.locator('#hoptrace-token').fill('a-token-of-this-spec');
  await page.saveAndTest().catch(() => undefined);
  await browserPage.reload();
  expect(await browserPage.content()).not.toContain('a-token-of-this-spec');
});

test('a query of sample paths fills a table', async ({
  panelEditPage,
  readProvisionedDataSource,
}) => {
  const { name } = await readProvisionedDataSource(FILE);
  await panelEditPage.datasource.set(name);
  await panelEditPage.setVisualization('Table');
  await panelEditPage.ctx.page.locator('[id^=hoptrace-sample-]').first().check({ force: true });
  await expect(panelEditPage.refreshPanel()).toBeOK();
  await expect(panelEditPage.panel.fieldNames).toContainText(['request', 'outcome']);
});

test('a variable lists services', async ({ variableEditPage, readProvisionedDataSource }) => {
  const { name } = await readProvisionedDataSource(FILE);
  await variableEditPage.setVariableType('Query');
  await variableEditPage.datasource.set(name);
  await variableEditPage.runQuery();
  await expect(variableEditPage).toDisplayPreviews([/\w+\/\w+/]);
});
