// A patient answers to a message by the link in it, in a headless Chromium, without logging in (server/SCHEDULING.md).
// Wanted in the environment: FHIR_BASE, SERVER_PROGRAM, CHROMIUM, VESTA_MESSAGES_DIR; a VESTA_… that leads to the database.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';

import { submit } from './people.mjs';

const { FHIR_BASE, SERVER_PROGRAM, CHROMIUM, VESTA_MESSAGES_DIR } = process.env;
const SCOPES = 'system/Appointment.crus system/AppointmentResponse.rs system/Communication.rs';
const CLIENT = 'replies-test';

let browser;
let token;

const encoded = (json) => Buffer.from(JSON.stringify(json)).toString('base64url');

/** The token of a system that books (https://hl7.org/fhir/smart-app-launch/backend-services.html). */
async function backendToken() {
  const { publicKey, privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: CLIENT, alg: 'ES384', use: 'sig' };
  const file = join(mkdtempSync(join(tmpdir(), 'vesta-replies-')), 'jwks.json');
  writeFileSync(file, JSON.stringify({ keys: [jwk] }));
  execFileSync(SERVER_PROGRAM, ['client', 'add', CLIENT, '--id', CLIENT, '--jwks', file, '--scopes', SCOPES]);
  const aud = `${FHIR_BASE}/auth/token`;
  const claims = { iss: CLIENT, sub: CLIENT, aud, exp: Math.floor(Date.now() / 1000) + 240, jti: randomUUID() };
  const signed = `${encoded({ alg: 'ES384', kid: CLIENT, typ: 'JWT' })}.${encoded(claims)}`;
  const signature = sign('sha384', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  const answer = await fetch(aud, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: SCOPES,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: `${signed}.${signature}`,
    }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

async function fhir(method, path, resource) {
  const answer = await fetch(`${FHIR_BASE}/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
    body: resource && JSON.stringify(resource),
  });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return JSON.parse(text);
}

/** The link of a message that was sent since. */
async function link(known) {
  for (let tries = 0; tries < 240; tries += 1) {
    const files = readdirSync(VESTA_MESSAGES_DIR).filter((file) => !known.includes(file));
    const texts = files.map((file) => readFileSync(join(VESTA_MESSAGES_DIR, file), 'utf8'));
    const found = texts.map((text) => text.match(/http\S+\/auth\/reply\?key=[\w-]+/)).find(Boolean);
    if (found) return found[0];
    await pause(250);
  }
  return assert.fail('no message was sent');
}

before(async () => {
  browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  token = await backendToken();
});

after(async () => { await browser?.close(); });

test('a patient confirms a visit, and cancels it, by the link of a message', async () => {
  const known = readdirSync(VESTA_MESSAGES_DIR);
  const start = new Date(Date.now() + 300 * 24 * 3600 * 1000);
  const visit = await fhir('POST', 'Appointment', {
    resourceType: 'Appointment',
    status: 'booked',
    start: start.toISOString(),
    end: new Date(start.getTime() + 1_200_000).toISOString(),
    participant: [
      { actor: { reference: 'Patient/anna' }, status: 'needs-action' },
      { actor: { reference: 'Practitioner/lindholm' }, status: 'accepted' },
    ],
  });
  const url = await link(known);
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const main = () => page.$eval('main', (element) => element.innerText);
  await page.goto(url);
  const asked = await main();
  assert.equal((await fhir('GET', `Appointment/${visit.id}`)).participant[0].status, 'needs-action');
  await submit(page, 'button[value="accepted"]');
  assert.notEqual(await main(), asked);
  assert.equal((await fhir('GET', `Appointment/${visit.id}`)).participant[0].status, 'accepted');

  await page.goto(url);
  assert.equal(await main(), asked);
  await submit(page, 'button[value="declined"]');
  assert.equal((await fhir('GET', `Appointment/${visit.id}`)).status, 'cancelled');
  const answers = await fhir('GET', `AppointmentResponse?appointment=Appointment/${visit.id}`);
  const states = answers.entry.map(({ resource }) => resource.participantStatus).sort();
  assert.deepEqual(states, ['accepted', 'declined']);

  // What stays behind tells nobody the secret.
  const told = await fhir('GET', 'Communication?_count=100');
  assert.doesNotMatch(JSON.stringify(told), /auth\/reply/);
});
