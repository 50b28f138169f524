// Adds a WeCom source as an operator does, and sees it fail, retried and kept: browser.mjs CHROMIUM ADMIN NAME WECOM SECRET CONTACTSSECRET SHOTS

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../plugin/package.json', import.meta.url))('playwright-core');
const [executablePath, admin, name, wecom, secret, contactsSecret, shots] = process.argv.slice(2);

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 2600 } });
page.setDefaultTimeout(30_000);
const thrown = [];
page.on('pageerror', (error) => thrown.push(error.message));

/** Signs in without the page for it, which is not ours. */
async function signIn() {
  const { origin } = new URL(admin);
  const response = await fetch(`${origin}/api/auth:signIn`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Authenticator': 'basic' },
    body: JSON.stringify({ account: 'admin@nocobase.com', password: 'admin123' }),
  });
  const { data } = await response.json();
  await page.addInitScript((token) => {
    localStorage.setItem('NOCOBASE_TOKEN', token);
    localStorage.setItem('NOCOBASE_AUTH', 'basic');
  }, data.token);
}

const drawer = page.locator('.ant-drawer-content:visible').last();
const row = page.locator('tr').filter({ hasText: name });

const shoot = (what) => page.screenshot({ path: `${shots}/${name}-${what}.png` });

/** The item of a form with a label, whichever library has drawn it. */
function item(label) {
  const labels = page.locator('label, .ant-formily-item-label').filter({ hasText: new RegExp(`^\\W*${label}\\W*$`) });
  return drawer.locator('.ant-form-item, .ant-formily-item').filter({ has: labels }).last();
}

const enter = (label, text) => item(label).locator('input').first().fill(text);

async function add() {
  await page.getByRole('button', { name: 'Add new' }).click();
  await page.getByRole('menuitem', { name: 'WeCom' }).click();
  await enter('Source name', name);
  await item('Enabled').locator('input').check();
  await enter('Corp ID', 'ww5823bf96d3bd56c7');
  await enter('AgentId', '1000002');
  await enter('Secret', secret);
  await enter('Secret of contacts sync', contactsSecret);
  await enter('Address of WeCom', wecom);
  await shoot('form');
  await drawer.getByRole('button', { name: 'Submit' }).click();
  await row.waitFor();
}

/** Opens the list of tasks, which does not change by itself, until there is a message. */
async function task(message) {
  for (let i = 0; i < 20; i++) {
    await page.reload();
    await row.getByText('Tasks', { exact: true }).click();
    const shown = await drawer.getByText(message).first().waitFor({ timeout: 3_000 }).then(() => true, () => false);
    if (shown) return;
  }
  assert.fail(`no task says ${message}`);
}

async function removeSecret() {
  await page.reload();
  await row.getByText('Configure', { exact: true }).click();
  for (const label of ['Secret', 'Secret of contacts sync']) {
    const input = item(label).locator('input');
    assert.deepEqual([await input.inputValue(), await input.getAttribute('type'), await input.getAttribute('placeholder')], ['', 'password', 'is set; type to replace it']);
  }
  assert.equal(await item('AgentId').locator('input').inputValue(), '1000002');
  await shoot('configure');
  await item('Secret of contacts sync').getByRole('button', { name: 'Remove' }).click();
  await drawer.getByRole('button', { name: 'Submit' }).click();
  await drawer.waitFor({ state: 'hidden' });
}

try {
  await signIn();
  await page.goto(`${admin}settings/users-permissions/sync`);
  await add();
  await row.getByText('Sync', { exact: true }).click();
  await task('visible range of the application is empty');
  await drawer.getByText('Retry', { exact: true }).click();
  await task('user: 1 created');
  await shoot('tasks');
  await removeSecret();
  assert.deepEqual(thrown, []);
} catch (error) {
  await shoot('last').catch(() => {});
  throw error;
} finally {
  await browser.close();
}
