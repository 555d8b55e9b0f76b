/** Somebody at the page: what they see, and how often they click. Every wait is bounded and says what did not come. */
import type { Browser, Locator, Page } from 'playwright-core';
import { NAMESPACE } from '../kubernetes/pods.ts';

export const SERVICE = `${NAMESPACE}/flip`;

const SEEN_TIMEOUT_MS = 60_000;
/** The window of the alert's rule, and then some. */
const QUIET_TIMEOUT_MS = 120_000;
const VIEWPORT = { width: 1280, height: 1080 };

export class Viewer {
  readonly complaints: string[] = [];
  readonly #page: Page;
  readonly #url: string;
  readonly #pictures: string;
  #pictureCount = 0;

  private constructor(page: Page, url: string, pictures: string) {
    this.#page = page;
    this.#url = url;
    this.#pictures = pictures;
    page.setDefaultTimeout(SEEN_TIMEOUT_MS);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
  }

  /** `pictures`: how the names of pictures begin. */
  static async open(browser: Browser, url: string, pictures: string): Promise<Viewer> {
    const context = await browser.newContext({
      ...{ viewport: VIEWPORT, colorScheme: 'dark', timezoneId: 'UTC' },
    });
    return new Viewer(await context.newPage(), url, pictures);
  }

  async openService(): Promise<void> {
    await this.#page.goto(`${this.#url}/services/${SERVICE}?range=5m`);
  }

  async openAlerts(): Promise<void> {
    await this.#page.goto(`${this.#url}/alerts`);
  }

  /** Resolves when a finding holds this. */
  async finding(text: string): Promise<void> {
    await this.#findings().getByText(text).first().waitFor();
  }

  findings(): Promise<string> {
    return this.#findings().innerText();
  }

  /** The row of the list of changes, and when it was there. */
  async change(text: RegExp): Promise<{ text: string; atMs: number }> {
    const row = this.#page
      .locator('table[aria-label="Changes"] tbody tr')
      .filter({ hasText: text });
    await row.first().waitFor();
    const atMs = Date.now();
    return { text: await row.first().innerText(), atMs };
  }

  /** Resolves when the head says that something fires. */
  async alerted(): Promise<void> {
    await this.#page.locator('header .firing').waitFor();
  }

  async quiet(): Promise<void> {
    await this.#page
      .locator('header .firing')
      .waitFor({ state: 'detached', timeout: QUIET_TIMEOUT_MS });
  }

  /** From the list of alerts to a path that says why. Returns how many clicks it took. */
  async fromAlertToCause(): Promise<number> {
    let clicks = 0;
    const click = async (target: Locator) => {
      await target.click();
      clicks += 1;
    };
    const alerts = this.#page.getByRole('list', { name: 'Alerts' });
    await alerts.getByRole('link', { name: SERVICE }).first().waitFor();
    await this.picture('alerts');
    await click(alerts.getByRole('link', { name: SERVICE }).first());
    await click(this.#findings().getByRole('link', { name: 'the refusals' }));
    await this.#page.getByText('What to do:').first().waitFor();
    await this.picture('refusals');
    await click(this.#page.locator('main a[href^="/paths/"]').first());
    await this.#page.getByRole('heading', { name: 'Path by machine' }).waitFor();
    await this.picture('cause');
    return clicks;
  }

  pathText(): Promise<string> {
    return this.#page.locator('main').innerText();
  }

  /** Names of the pages, and how many alerts fire. */
  headText(): Promise<string> {
    return this.#page.locator('header nav').innerText();
  }

  async picture(name: string): Promise<void> {
    this.#pictureCount += 1;
    const path = `${this.#pictures}-${this.#pictureCount}-${name}.png`;
    await this.#page.screenshot({ path, fullPage: true });
  }

  #findings(): Locator {
    return this.#page.getByRole('list', { name: 'Findings' });
  }
}
