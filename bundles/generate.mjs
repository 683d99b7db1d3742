// Writes the demo clinic's Bundles, or with --check compares them with what is committed.

import { readFileSync, writeFileSync } from 'node:fs';

import { aheadResources } from './generator/ahead.mjs';
import { ANCHOR } from './generator/calendar.mjs';
import { faultsOf } from './generator/check.mjs';
import { clinicResources } from './generator/clinic.mjs';
import { coding, system, toText } from './generator/fhir.mjs';
import { organisationResources } from './generator/organisation.mjs';
import { patientResources } from './generator/patients.mjs';
import { scheduleResources } from './generator/schedules.mjs';
import { serviceResources, servicesOfRoles } from './generator/services.mjs';
import { staffResources } from './generator/staff.mjs';

function bundle(id, resources) {
  return {
    resourceType: 'Bundle',
    id,
    meta: { tag: [coding(system.own('bundle-tag'), 'shift-dates', 'Dates are shifted to the day of loading')] },
    type: 'transaction',
    timestamp: `${ANCHOR}T00:00:00Z`,
    entry: resources.map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    })),
  };
}

const BUNDLES = {
  '01-organisation': [
    ...organisationResources(), ...staffResources(servicesOfRoles()), ...serviceResources(), ...scheduleResources(),
  ],
  '02-patients': patientResources(),
  '03-clinic': [...clinicResources(), ...aheadResources()],
};

function countsOf(resources) {
  const counts = {};
  for (const { resourceType } of resources) counts[resourceType] = (counts[resourceType] ?? 0) + 1;
  return Object.entries(counts).sort().map(([type, count]) => `${type} ${count}`).join(', ');
}

function main() {
  const texts = Object.entries(BUNDLES).map(([name, resources]) =>
    [new URL(`${name}.json`, import.meta.url), name, toText(bundle(name, resources))]);
  const faults = faultsOf(texts.map(([, , text]) => JSON.parse(text)));
  const isCheck = process.argv.includes('--check');
  for (const [file, name, text] of texts) {
    if (isCheck && readFileSync(file, 'utf8') !== text) faults.push(`${name}.json differs: run bundles/generate.mjs`);
  }
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exit(1);
  if (!isCheck) for (const [file, , text] of texts) writeFileSync(file, text);
  for (const [, name] of texts) console.log(`${name}: ${BUNDLES[name].length} resources: ${countsOf(BUNDLES[name])}`);
  const all = Object.values(BUNDLES).flat();
  console.log(`all: ${all.length} resources: ${countsOf(all)}`);
}

main();
