// What must hold between records: couples, donors, sexes, ages, and one place at a time for everyone.

import { ageAt } from './calendar.mjs';

const FEMALE_ONLY = new Set([
  '38476-8', '21198-7', '2839-9', '8665-2', '11636-8', '11614-5', '12145-9', 'antral-follicle-count',
]);
const MALE_ONLY = new Set(['3160-9', '9780-8', '6800-7', '14194-5', '10613-8', '10622-9', '10587-4']);

const idOf = (reference) => reference?.reference.split('/')[1];

const byType = (resources, type) => resources.filter(({ resourceType }) => resourceType === type);

const mapById = (resources) => new Map(resources.map((resource) => [resource.id, resource]));

function coupleFaults(resources) {
  const faults = [];
  const patients = mapById(byType(resources, 'Patient'));
  const related = byType(resources, 'RelatedPerson').filter(({ id }) => id.includes('-for-'));
  if (related.length !== 18) faults.push(`${related.length} partners, not 18`);
  for (const person of related) {
    const [self, partner] = person.id.split('-for-').map((id) => patients.get(id));
    const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
    if (idOf(person.patient) !== partner.id) faults.push(`${person.id} stands in a wrong record`);
    if (idOf(self.link?.[0].other) !== person.id) faults.push(`${self.id} does not point at ${person.id}`);
    if (!related.some(({ id }) => id === `${partner.id}-for-${self.id}`)) faults.push(`${person.id} has no counterpart`);
    if (person.gender !== self.gender || person.birthDate !== self.birthDate) faults.push(`${person.id} differs from ${self.id}`);
    if (!same(self.maritalStatus, partner.maritalStatus)) faults.push(`${self.id} and ${partner.id} differ in marital status`);
    if (!same(self.address[0], partner.address[0])) faults.push(`${self.id} and ${partner.id} live apart`);
    const relationship = person.relationship[0].coding[0].code;
    if ((relationship === 'WIFE') !== (self.gender === 'female')) faults.push(`${person.id} is a ${relationship}`);
  }
  return faults;
}

function donorFaults(resources) {
  const faults = [];
  const patients = byType(resources, 'Patient');
  const pseudonymous = new Set(patients.filter(({ name }) => name === undefined).map(({ id }) => id));
  const identified = new Set(patients
    .filter(({ link = [] }) => link.some(({ type }) => type === 'refer')).map(({ id }) => id));
  if (pseudonymous.size !== 2 || identified.size !== 2) faults.push('there are not two donors with two records each');
  for (const patient of patients.filter(({ id }) => pseudonymous.has(id))) {
    for (const element of ['name', 'telecom', 'address', 'photo', 'contact', 'link']) {
      if (patient[element] !== undefined) faults.push(`${patient.id} has ${element}`);
    }
    if (patient.identifier.length !== 1 || !/^\d{4}$/.test(patient.birthDate)) faults.push(`${patient.id} says too much`);
  }
  for (const resource of resources) {
    const text = JSON.stringify(resource);
    const names = (ids) => [...ids].filter((id) => text.includes(`"Patient/${id}"`));
    const isLink = identified.has(resource.id) && resource.resourceType === 'Patient';
    if (!isLink && names(pseudonymous).length > 0 && (names(identified).length > 0 || resource.encounter)) {
      faults.push(`${resource.resourceType}/${resource.id} leads from a donor's pseudonym to the donor`);
    }
  }
  return faults;
}

function observationFaults(resources) {
  const faults = [];
  const patients = mapById(byType(resources, 'Patient'));
  for (const observation of byType(resources, 'Observation')) {
    const { gender } = patients.get(idOf(observation.subject));
    const hasValue = Object.keys(observation).some((key) => key.startsWith('value')) || observation.component;
    if (!hasValue) faults.push(`${observation.id} has no value`);
    for (const { code } of observation.code.coding) {
      if (FEMALE_ONLY.has(code) && gender !== 'female') faults.push(`${observation.id} of a man`);
      if (MALE_ONLY.has(code) && gender !== 'male') faults.push(`${observation.id} of a woman`);
    }
  }
  return faults;
}

/** Everything an encounter holds belongs to its patient and was written in its time or after. */
function encounterFaults(resources) {
  const faults = [];
  const patients = mapById(byType(resources, 'Patient'));
  const encounters = mapById(byType(resources, 'Encounter'));
  for (const encounter of encounters.values()) {
    const age = ageAt(patients.get(idOf(encounter.subject)).birthDate, encounter.period.start);
    if (age < 18 || age > 50) faults.push(`${encounter.id} at ${age} years`);
    if (encounter.period.start >= encounter.period.end) faults.push(`${encounter.id} ends before it starts`);
  }
  for (const resource of resources.filter(({ encounter }) => encounter)) {
    const encounter = encounters.get(idOf(resource.encounter));
    const name = `${resource.resourceType}/${resource.id}`;
    if (idOf(resource.subject ?? resource.patient) !== idOf(encounter.subject)) faults.push(`${name} is of another patient than its encounter`);
    const written = resource.effectiveDateTime ?? resource.authoredOn ?? resource.recordedDate ?? resource.performedPeriod?.start;
    const moment = Date.parse(written);
    if (moment < Date.parse(encounter.period.start) || moment > Date.parse(encounter.period.end)) faults.push(`${name} at ${written} is outside its encounter`);
    if (resource.issued && Date.parse(resource.issued) < moment) faults.push(`${name} is issued before it was measured`);
  }
  return faults;
}

function appointmentFaults(resources) {
  const faults = [];
  const encounters = mapById(byType(resources, 'Encounter'));
  const practitionerOf = new Map(byType(resources, 'PractitionerRole').map(({ id, practitioner }) => [id, practitioner.reference]));
  const times = new Map();
  for (const appointment of byType(resources, 'Appointment').filter(({ status }) => status !== 'waitlist')) {
    const [start, end] = [Date.parse(appointment.start), Date.parse(appointment.end)];
    if ((end - start) / 60_000 !== appointment.minutesDuration) faults.push(`Appointment/${appointment.id} has a wrong duration`);
    if (appointment.created > appointment.start) faults.push(`Appointment/${appointment.id} is created after it began`);
    const encounter = encounters.get(appointment.id);
    if ((appointment.status === 'fulfilled') !== (encounter !== undefined)) faults.push(`Appointment/${appointment.id} and its encounter disagree`);
    if (encounter && (Date.parse(encounter.period.start) < start || Date.parse(encounter.period.end) > end)) faults.push(`Encounter/${appointment.id} is outside its appointment`);
    for (const { actor } of appointment.participant) {
      const [type, id] = actor.reference.split('/');
      const key = type === 'PractitionerRole' ? practitionerOf.get(id) : actor.reference;
      times.set(key, [...(times.get(key) ?? []), { start, end, id: appointment.id }]);
    }
  }
  for (const [actor, list] of times) {
    const sorted = list.sort((one, other) => one.start - other.start);
    sorted.slice(1).forEach((time, index) => {
      if (time.start < sorted[index].end) faults.push(`${actor} is in Appointment/${sorted[index].id} and in ${time.id} at once`);
    });
  }
  return faults;
}

export function clinicFaults(resources) {
  return [
    ...coupleFaults(resources), ...donorFaults(resources), ...observationFaults(resources),
    ...encounterFaults(resources), ...appointmentFaults(resources),
  ];
}
