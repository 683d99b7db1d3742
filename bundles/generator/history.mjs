// What stands in a record beside measurements: problems, allergies, prescriptions and procedures.

import { ANCHOR, addDays } from './calendar.mjs';
import { ALLERGENS, CONDITIONS, DRUGS, PROCEDURES, REACTIONS, ROUTES } from './codes.mjs';
import {
  age, coding, concept, hl7Concept, quantity, reference, system,
} from './fhir.mjs';
import { during, patientReference, practitionerReference } from './visits.mjs';

const snomed = ([code, display]) => coding(system.snomed, code, display);

const isPhysician = (role) => role.startsWith('dr-');

const visitNumbered = (visits, number) => visits[number - 1];

/** A problem that a physician recorded at a visit; `when` says since when, and when it was over. */
export function condition(story, visits, [key, when]) {
  const [text, code, icd10] = CONDITIONS[key];
  const visit = visitNumbered(visits, when.visit);
  if (!isPhysician(visit.role)) throw new Error(`${story.patient}-${key} is recorded by ${visit.role}`);
  const resolved = when.resolvedDays !== undefined;
  return {
    resourceType: 'Condition',
    id: `${story.patient}-${key}`,
    clinicalStatus: hl7Concept('condition-clinical', resolved ? 'resolved' : 'active', resolved ? 'Resolved' : 'Active'),
    verificationStatus: hl7Concept('condition-ver-status', 'confirmed', 'Confirmed'),
    category: [hl7Concept('condition-category', 'problem-list-item', 'Problem List Item')],
    code: concept(text, snomed(code), coding(system.icd10, icd10)),
    subject: patientReference(story.patient),
    encounter: reference('Encounter', when.encounter ?? visit.id),
    onsetDateTime: when.onsetDays === undefined ? undefined : addDays(visit.date, when.onsetDays),
    onsetAge: when.onsetAge === undefined ? undefined : age(when.onsetAge),
    abatementDateTime: resolved ? addDays(visit.date, when.resolvedDays) : undefined,
    recordedDate: when.recorded ?? during(visit, 20),
    recorder: practitionerReference(visit.role),
  };
}

export function allergy(story, visits, [key, reaction, criticality]) {
  const [text, code, category, type] = ALLERGENS[key];
  const first = visits[0];
  return {
    resourceType: 'AllergyIntolerance',
    id: `${story.patient}-allergy-${key}`,
    clinicalStatus: hl7Concept('allergyintolerance-clinical', 'active', 'Active'),
    verificationStatus: hl7Concept('allergyintolerance-verification', 'confirmed', 'Confirmed'),
    type,
    category: category && [category],
    criticality,
    code: concept(text, snomed(code)),
    patient: patientReference(story.patient),
    encounter: reference('Encounter', first.id),
    recordedDate: during(first, 15),
    recorder: practitionerReference(first.role),
    reaction: reaction && [{
      manifestation: [concept(REACTIONS[reaction][1], snomed(REACTIONS[reaction]))],
      severity: { low: 'mild', high: 'severe' }[criticality],
    }],
  };
}

const WHEN_NEEDED = new Set(['cetirizine', 'paracetamol']);

/** A prescription of a visit: over when its days are over, otherwise still active. */
export function medicationRequest(story, visits, [key, { visit: number, days, encounter }], written) {
  const drug = DRUGS[key];
  const visit = visitNumbered(visits, number);
  const over = days !== undefined && addDays(visit.date, days) < ANCHOR;
  return {
    resourceType: 'MedicationRequest',
    id: `${story.patient}-${key}`,
    status: over ? 'completed' : 'active',
    intent: 'order',
    medicationCodeableConcept: concept(drug.text, coding(system.atc, drug.atc, drug.name)),
    subject: patientReference(story.patient),
    encounter: reference('Encounter', encounter ?? visit.id),
    authoredOn: written ?? during(visit, 25),
    requester: practitionerReference(isPhysician(visit.role) ? visit.role : story.by),
    dosageInstruction: [{
      text: drug.instruction,
      timing: { repeat: {
        boundsDuration: days === undefined ? undefined : quantity(days, days === 1 ? 'day' : 'days', 'd'),
        frequency: drug.frequency, period: 1, periodUnit: 'd',
      } },
      asNeededBoolean: WHEN_NEEDED.has(key) ? true : undefined,
      route: concept(ROUTES[drug.route][1], snomed(ROUTES[drug.route])),
      doseAndRate: [{ doseQuantity: quantity(drug.dose, drug.unit, drug.ucum) }],
    }],
  };
}

function procedureCode(key) {
  const [text, code] = PROCEDURES[key];
  return code ? concept(text, snomed(code)) : concept(text);
}

export function procedure(visit, key, conclusion) {
  const { story, date, role, room } = visit;
  return {
    resourceType: 'Procedure',
    id: `${visit.id}-${key}`,
    status: 'completed',
    code: procedureCode(key),
    subject: patientReference(story.patient),
    encounter: reference('Encounter', visit.id),
    performedPeriod: { start: during({ ...visit, date }, 5), end: during(visit, visit.service.minutes - 5) },
    recorder: practitionerReference(role),
    performer: [{ actor: practitionerReference(role) }],
    location: reference('Location', room),
    outcome: conclusion && concept(conclusion),
  };
}

/** An operation elsewhere: the patient told how old she or he was. */
export function earlierProcedure(story, visits, [key, years]) {
  return {
    resourceType: 'Procedure',
    id: `${story.patient}-${key}`,
    status: 'completed',
    code: procedureCode(key),
    subject: patientReference(story.patient),
    performedAge: age(years),
    recorder: practitionerReference(visits[0].role),
  };
}

/** An operation elsewhere, `days` from the start of the story. */
export function recentProcedure(story, visits, [key, days]) {
  return {
    resourceType: 'Procedure',
    id: `${story.patient}-${key}`,
    status: 'completed',
    code: procedureCode(key),
    subject: patientReference(story.patient),
    performedDateTime: addDays(story.start, days),
    recorder: practitionerReference(visits[0].role),
  };
}
