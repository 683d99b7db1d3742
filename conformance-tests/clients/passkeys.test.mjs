// A passkey in a real browser: added on the account page, shown in the place of a code (https://www.w3.org/TR/webauthn-3/).
// The authenticator is Chromium's own virtual one. Wanted in the environment: FHIR_BASE at a host with a name, CHROMIUM.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';

import { logIn, submit } from './people.mjs';

const { FHIR_BASE, CHROMIUM } = process.env;
const ACCOUNT = `${FHIR_BASE}/auth/account`;
const AUTHENTICATOR = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
};

let browser;

before(async () => {
  browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
});

after(async () => { await browser?.close(); });

const heading = (page) => page.$eval('h1', (h1) => h1.textContent);

test('a passkey is added, and is a second factor from then on', async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const devtools = await page.createCDPSession();
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options: AUTHENTICATOR });

  await page.goto(ACCOUNT);
  await logIn(page, 'embryologist', true);
  await submit(page, 'a[href="passkey"]');
  assert.equal(await heading(page), 'Add a passkey');
  await page.$eval('#name', (name) => { name.value = 'Key of the test'; });
  await submit(page, '#passkey button');
  assert.match(await page.$eval('main', (main) => main.innerText), /Key of the test/);
  const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
  assert.equal(credentials.length, 1);

  await submit(page, 'form[action="logout"] button');
  await page.goto(ACCOUNT);
  await logIn(page, 'embryologist', false);
  await submit(page, 'a.button');
  await submit(page, '#passkey button');
  assert.match(await page.$eval('main', (main) => main.innerText), /Key of the test\s+Since .*last used/);

  // Whoever does not hold it comes no further than the page that asks for it.
  await submit(page, 'form[action="logout"] button');
  await devtools.send('WebAuthn.removeCredential', { authenticatorId, credentialId: credentials[0].credentialId });
  await page.goto(ACCOUNT);
  await logIn(page, 'embryologist', false);
  await submit(page, 'a.button');
  await page.click('#passkey button');
  await page.waitForSelector('#failed:not([hidden])');
});
