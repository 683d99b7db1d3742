// What must hold for the three Bundles whatever the stories say; each fault is one sentence.

import { ANCHOR, EARLIEST, berlinOffset } from './calendar.mjs';
import { clinicFaults } from './check-clinic.mjs';

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/;
const DATE_INSIDE_TEXT = /\d{4}-\d{2}-\d{2}/;

/** `load` leaves these as they are. */
const UNSHIFTED = new Set(['Patient', 'Person', 'Practitioner', 'RelatedPerson']);

/** Nothing else may lie after the anchor, or more than eighteen months before it. */
const AFTER_ANCHOR = new Set([
  'valueDate', 'Schedule.planningHorizon.start', 'Schedule.planningHorizon.end', 'Slot.start', 'Slot.end',
  'Schedule.extension.extension.extension.valuePeriod.start', 'Schedule.extension.extension.extension.valuePeriod.end',
]);
/** Of visits that are to come. */
const AHEAD = new Set(['Appointment.start', 'Appointment.end', 'Appointment.requestedPeriod.start', 'Appointment.requestedPeriod.end']);
const LONG_AGO = new Set(['onsetDateTime', 'PractitionerRole.period.start', 'performedDateTime']);

const EXPECTED = {
  Organization: 5, Practitioner: 12, HealthcareService: 24, Device: 6, Patient: 40, Schedule: 28, Slot: 16,
};
const EXPECTED_LOCATIONS = { si: 3, ro: 18, wa: 1, bd: 6 };

/** Calls `visit(path, key, value)` for every primitive, the path without array indexes. */
function walk(node, path, visit) {
  for (const [key, value] of Object.entries(node)) {
    const below = Array.isArray(node) ? path : `${path}.${key}`;
    if (value !== null && typeof value === 'object') walk(value, below, visit);
    else visit(below, Array.isArray(node) ? path.slice(path.lastIndexOf('.') + 1) : key, value);
  }
}

function entryFaults(entries) {
  const faults = [];
  const seen = new Set();
  for (const { resource, request } of entries) {
    const name = `${resource.resourceType}/${resource.id}`;
    if (seen.has(name)) faults.push(`${name} stands twice`);
    seen.add(name);
    if (!/^[A-Za-z0-9.-]{1,64}$/.test(resource.id)) faults.push(`${name} is not a legal id`);
    if (request.method !== 'PUT' || request.url !== name) faults.push(`${name} is not written by PUT to itself`);
  }
  return faults;
}

function referenceFaults(resources) {
  const known = new Set(resources.map(({ resourceType, id }) => `${resourceType}/${id}`));
  const faults = [];
  for (const resource of resources) {
    walk(resource, resource.resourceType, (path, key, value) => {
      if (key === 'reference' && !known.has(value)) faults.push(`${resource.resourceType}/${resource.id}: ${path} to ${value}, which is nowhere`);
    });
  }
  return faults;
}

function dateFaults(resources) {
  const faults = [];
  for (const resource of resources) {
    if (UNSHIFTED.has(resource.resourceType)) continue;
    const name = `${resource.resourceType}/${resource.id}`;
    walk(resource, resource.resourceType, (path, key, value) => {
      if (typeof value !== 'string' || !DATE_INSIDE_TEXT.test(value)) return;
      const [, day, offset] = DATE_TIME.exec(value) ?? [];
      if (day === undefined && !DATE.test(value)) faults.push(`${name}: ${path} hides a date in text`);
      if (offset && offset !== berlinOffset(day)) faults.push(`${name}: ${path} ${value} is not Berlin's offset`);
      const date = value.slice(0, 10);
      const isAhead = AHEAD.has(path) && ['booked', 'waitlist'].includes(resource.status);
      if (date >= ANCHOR && !AFTER_ANCHOR.has(key) && !AFTER_ANCHOR.has(path) && !isAhead) faults.push(`${name}: ${path} ${value} is after the anchor`);
      if (date < EARLIEST && !LONG_AGO.has(key) && !LONG_AGO.has(path)) faults.push(`${name}: ${path} ${value} is too long ago`);
    });
  }
  return faults;
}

function quantitiesOf(node, found = []) {
  for (const [key, value] of Object.entries(node)) {
    if (value === null || typeof value !== 'object') continue;
    if (/Quantity$|^(low|high|onsetAge|performedAge|boundsDuration|length)$/.test(key)) found.push(value);
    quantitiesOf(value, found);
  }
  return found;
}

function quantityFaults(resources) {
  return resources.flatMap((resource) => quantitiesOf(resource)
    .filter((quantity) => quantity.system !== 'http://unitsofmeasure.org' || !quantity.code || !quantity.unit || quantity.value === undefined)
    .map(() => `${resource.resourceType}/${resource.id} has a quantity without UCUM code`));
}

function identifierFaults(resources) {
  const faults = [];
  const seen = new Set();
  for (const { resourceType, id, identifier, accessionIdentifier } of resources) {
    const identifiers = [...(identifier ?? []), ...(accessionIdentifier ? [accessionIdentifier] : [])];
    for (const { system, value } of identifiers) {
      const key = `${system}|${value}`;
      if (!system || !value || seen.has(key)) faults.push(`${resourceType}/${id}: identifier ${key} is missing a part or stands twice`);
      seen.add(key);
    }
  }
  return faults;
}

const FICTIONAL_PHONE = /^\+49 (30 23125 \d{3}|40 66969 \d{3}|171 39200\d{2})$/;
const FICTIONAL_MAIL = /^[a-z.-]+@([a-z-]+\.)?example\.(org|com|net)$/;

function telecomFaults(resources) {
  return resources.flatMap(({ resourceType, id, telecom = [] }) => telecom
    .filter(({ system, value }) => !(system === 'phone' ? FICTIONAL_PHONE : FICTIONAL_MAIL).test(value))
    .map(({ value }) => `${resourceType}/${id}: ${value} might belong to somebody`));
}

function countFaults(resources) {
  const faults = [];
  for (const [type, expected] of Object.entries(EXPECTED)) {
    const count = resources.filter(({ resourceType }) => resourceType === type).length;
    if (count !== expected) faults.push(`${count} of ${type}, not ${expected}`);
  }
  for (const [code, expected] of Object.entries(EXPECTED_LOCATIONS)) {
    const count = resources.filter(({ physicalType }) => physicalType?.coding[0].code === code).length;
    if (count !== expected) faults.push(`${count} Locations of physical type ${code}, not ${expected}`);
  }
  return faults;
}

/** All faults of the parsed Bundles taken together. */
export function faultsOf(bundles) {
  const entries = bundles.flatMap(({ entry }) => entry);
  const resources = entries.map(({ resource }) => resource);
  const basic = [...entryFaults(entries), ...referenceFaults(resources), ...countFaults(resources)];
  // The rest follows references, so it asks for whole ones.
  if (basic.length > 0) return basic;
  return [
    ...dateFaults(resources), ...quantityFaults(resources), ...identifierFaults(resources), ...telecomFaults(resources),
    ...clinicFaults(resources),
  ];
}
