// fhirclient, the SMART client of JavaScript, in a headless Chromium, against a Vesta with the demo clinic:
// standalone launch, EHR launch and refresh (https://hl7.org/fhir/smart-app-launch/).
// Wanted in the environment: FHIR_BASE, SERVER_PROGRAM, CHROMIUM, FHIR_CLIENT_JS; a VESTA_… that leads to the database.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';

import { choosePatient, consent, logIn } from './people.mjs';

const { FHIR_BASE, SERVER_PROGRAM, CHROMIUM, FHIR_CLIENT_JS } = process.env;
const MAY = 'openid fhirUser launch launch/patient launch/encounter online_access offline_access patient/*.rs user/*.rs';
const TYPES = { html: 'text/html', js: 'text/javascript' };
const FILES = /^(index|launch)\.html$|^(app|launch|fhir-client\.min)\.js$/;

let browser;
let server;
let app;

/** The app's own files, and the library's. */
function serve(request, response) {
  const path = new URL(request.url, 'http://app').pathname;
  const name = path === '/' ? 'index.html' : path.slice(1);
  if (!FILES.test(name)) return response.writeHead(404).end();
  const file = name === 'fhir-client.min.js' ? FHIR_CLIENT_JS : fileURLToPath(new URL(`app/${name}`, import.meta.url));
  response.writeHead(200, { 'content-type': TYPES[name.split('.').pop()] });
  return createReadStream(file).on('error', () => response.destroy()).pipe(response);
}

before(async () => {
  server = createServer(serve);
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  app = `http://127.0.0.1:${server.address().port}/`;
  execFileSync(SERVER_PROGRAM, ['client', 'add', 'Clients test', '--id', 'clients-test', '--scopes', MAY,
    '--redirect-uri', app, '--launch-uri', `${app}launch.html`]);
  browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** A page of somebody else's browser; what its console complains of fails the test. */
async function newPage() {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|CORS/.test(message.text())) page.complaints.push(message.text());
  });
  return page;
}

const launch = (page, wanted) => page.goto(`${app}launch.html?${new URLSearchParams({ iss: FHIR_BASE, wanted })}`);

async function ready(page) {
  await page.waitForFunction(() => document.title === 'ready' || document.title.startsWith('failed'));
  assert.equal(await page.title(), 'ready');
  assert.deepEqual(page.complaints, []);
  return page.evaluate(() => window.client.state.tokenResponse);
}

test('standalone launch of a physician, who chooses the patient; refresh', async () => {
  const page = await newPage();
  await launch(page, 'openid fhirUser launch/patient offline_access patient/*.rs user/Patient.rs');
  await logIn(page, 'physician', true);
  await choosePatient(page, 'Brückner');
  const said = await consent(page);
  assert.match(said, /Clients test/);
  const tokens = await ready(page);
  const read = await page.evaluate(async () => {
    const { client } = window;
    const patient = await client.patient.read();
    const user = await client.user.read();
    const found = await client.request(`Observation?patient=${client.patient.id}&_count=5`);
    return { patient, user, types: found.entry.map(({ resource }) => resource.resourceType), claims: client.getFhirUser() };
  });
  assert.equal(read.patient.id, tokens.patient);
  assert.equal(read.patient.name[0].family, 'Brückner');
  assert.equal(read.user.id, 'lindholm');
  assert.ok(read.claims.endsWith('Practitioner/lindholm'));
  assert.ok(read.types.length > 0 && read.types.every((type) => type === 'Observation'));

  const refreshed = await page.evaluate(async () => {
    const { client } = window;
    const before = client.state.tokenResponse;
    await client.refresh();
    const { access_token: access, refresh_token: refresh, patient } = client.state.tokenResponse;
    const again = await client.patient.read();
    return { isNew: access !== before.access_token && refresh !== before.refresh_token, patient, again: again.id };
  });
  assert.deepEqual(refreshed, { isNew: true, patient: tokens.patient, again: tokens.patient });
});

test('standalone launch of a patient, who sees nobody else', async () => {
  const page = await newPage();
  await launch(page, 'launch/patient patient/*.rs');
  await logIn(page, 'anna', false);
  await consent(page);
  const tokens = await ready(page);
  assert.equal(tokens.patient, 'anna');
  const read = await page.evaluate(async () => {
    const { client } = window;
    const status = (url) => client.request(url).then(() => 200, (error) => error.status);
    const everybody = await client.request('Patient');
    return { own: await status('Patient/anna'), other: await status('Patient/ben'), nobody: await status('Patient/nobody'), ids: everybody.entry.map(({ resource }) => resource.id) };
  });
  assert.deepEqual(read, { own: 200, other: 404, nobody: 404, ids: ['anna'] });
});

test('EHR launch: the app is started with a patient and an encounter, and asks for neither', async () => {
  const page = await newPage();
  await launch(page, 'launch/patient user/*.rs online_access');
  await logIn(page, 'nurse', true);
  await choosePatient(page, 'Brückner');
  await consent(page);
  // The first app stands for the EHR's front-end: it holds a token of the person.
  const { access_token: token, patient } = await ready(page);
  const visits = await page.evaluate((id) => window.client.request(`Encounter?patient=${id}&_count=1`), patient);
  const encounter = visits.entry[0].resource.id;
  const prepared = await fetch(`${FHIR_BASE}/auth/launch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: new URLSearchParams({ client_id: 'clients-test', patient, encounter }),
  });
  assert.equal(prepared.status, 200);
  const { url } = await prepared.json();
  assert.ok(url.startsWith(`${app}launch.html?`));
  await page.evaluate(() => sessionStorage.setItem('wanted', 'launch patient/*.rs'));
  await page.goto(url);
  await consent(page);
  await page.waitForFunction((at) => location.href.startsWith(at), {}, app);
  const tokens = await ready(page);
  assert.equal(tokens.patient, patient);
  assert.equal(tokens.encounter, encounter);
  const read = await page.evaluate(async () => {
    const { client } = window;
    return { patient: (await client.patient.read()).id, encounter: (await client.encounter.read()).id };
  });
  assert.deepEqual(read, { patient, encounter });
});
