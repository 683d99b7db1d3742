// People at the pages of the authorization server: they type what the demo clinic's accounts say.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';

const ACCOUNTS = readFileSync(new URL('../../bundles/accounts.toml', import.meta.url), 'utf8');
const setting = (name) => ACCOUNTS.match(new RegExp(`^${name} = "(.*)"$`, 'm'))[1];

export const PASSWORD = setting('password');
const SECOND_FACTOR = setting('second_factor');

function base32(text) {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

/** The code of this moment (RFC 6238). */
export function code() {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac('sha1', base32(SECOND_FACTOR)).update(step).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** Clicks what leads to another page. */
export async function submit(page, button) {
  await Promise.all([page.waitForNavigation(), page.click(button)]);
}

/** Logs in; staff with their second factor. */
export async function logIn(page, login, isStaff) {
  await page.waitForSelector('#password');
  await page.type('#login', login);
  await page.type('#password', PASSWORD);
  await submit(page, 'form[action="login"] button');
  if (isStaff) {
    await page.waitForSelector('#code');
    await page.type('#code', code());
    await submit(page, 'form[action="second-factor"] button');
  }
}

/** Finds a patient and takes the first. */
export async function choosePatient(page, name) {
  await page.waitForSelector('#search');
  await page.type('#search', name);
  await submit(page, 'form[role="search"] button');
  await submit(page, 'main ul a');
}

/** Reads what the app will see, and lets it in. */
export async function consent(page) {
  await page.waitForSelector('button[value="allow"]');
  const said = await page.$eval('main', (main) => main.innerText);
  await page.click('button[value="allow"]');
  return said;
}
