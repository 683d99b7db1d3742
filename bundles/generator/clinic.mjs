// The clinical records: each story becomes appointments, encounters and all that was found and done.

import { addDays, berlin } from './calendar.mjs';
import { coding, concept, hl7Concept, reference, system } from './fhir.mjs';
import { admission } from './admission.mjs';
import {
  allergy, condition, earlierProcedure, medicationRequest, procedure, recentProcedure,
} from './history.mjs';
import { careTeam } from './careteam.mjs';
import { Laboratory } from './laboratory.mjs';
import {
  absent, antralFollicles, bloodGroup, bloodPressure, bodyMassIndex, endometrium, labValue, lastPeriod, phenotype,
  pregnancyCount, referencesTo, rhesus, smokingStatus, vitalSign,
} from './measurements.mjs';
import { Random } from './random.mjs';
import { COUPLE_STORIES } from './stories-couples.mjs';
import { DONOR_PROFILES, OTHER_STORIES } from './stories-others.mjs';
import {
  VisitPlan, appointment, during, encounter, openingDayAfter, patientReference, practitionerReference, tookPlace,
} from './visits.mjs';

const INTAKE = new Set(['first-consultation', 'andrology-consultation', 'donor-screening']);
const SHORT_CHECK = new Set(['follow-up-consultation']);

const at = (visit, minutes) => ({
  subject: patientReference(visit.story.patient),
  encounter: reference('Encounter', visit.id),
  effective: during(visit, minutes),
  performer: [practitionerReference(visit.role)],
});

function changed(digits, tenths) {
  const value = Math.round(Number(digits) * 10) + tenths;
  return `${Math.trunc(value / 10)}.${value % 10}`;
}

function intake(visit) {
  const { story, id } = visit;
  const { body } = story;
  const measured = at(visit, 5);
  const random = new Random(`${id} vital signs`);
  const told = at(visit, 8);
  return [
    vitalSign(`${id}-height`, 'height', body.height, measured),
    vitalSign(`${id}-weight`, 'weight', body.weight, measured),
    vitalSign(`${id}-bmi`, 'bmi', bodyMassIndex(body.height, body.weight), measured),
    bloodPressure(`${id}-blood-pressure`, body.bp, measured),
    ...(story.smoking ? [smokingStatus(`${id}-smoking`, story.smoking, told)] : []),
    ...(story.births === undefined ? [] : [
      ...['births', 'miscarriages'].filter((kind) => story[kind] > 0).map((kind) => pregnancyCount(`${id}-${kind}`, kind, story[kind], told)),
      ...(story.lastPeriod === false ? [] : [lastPeriod(`${id}-last-period`, addDays(visit.date, -random.integer(3, 24)), told)]),
    ]),
  ];
}

function shortCheck(visit) {
  const { story, id } = visit;
  const random = new Random(`${id} vital signs`);
  const measured = at(visit, 3);
  const [systolic, diastolic] = story.body.bp;
  return [
    vitalSign(`${id}-weight`, 'weight', changed(story.body.weight, random.integer(-18, 18)), measured),
    bloodPressure(`${id}-blood-pressure`, [systolic + random.integer(-5, 5), diastolic + random.integer(-4, 4)], measured),
  ];
}

function ultrasound(visit) {
  const { story, what, id, service } = visit;
  const measured = at(visit, 8);
  const thickness = what.endometrium ?? story.endometrium;
  const [left, right] = story.afc ?? [];
  const counts = service.id === 'baseline-scan'
    ? [antralFollicles(`${id}-afc-left`, 'left', left, measured), antralFollicles(`${id}-afc-right`, 'right', right, measured)]
    : [];
  const observations = what.scan ? [...counts, endometrium(`${id}-endometrium`, thickness, measured)] : [];
  const report = {
    resourceType: 'DiagnosticReport',
    id: `${id}-ultrasound`,
    status: 'final',
    category: [hl7Concept('v2-0074', 'RAD', 'Radiology')],
    code: concept('Transvaginal ultrasound', coding(system.loinc, '24677-7', 'US Pelvis transvaginal')),
    subject: measured.subject,
    encounter: measured.encounter,
    effectiveDateTime: measured.effective,
    issued: berlin(visit.date, visit.end + 10),
    performer: measured.performer,
    result: observations.length > 0 ? referencesTo(observations) : undefined,
    conclusion: what.conclusion
      ?? `${left} antral follicles on the left and ${right} on the right; endometrium ${thickness} mm; nothing else of note.`,
  };
  return [...observations, report];
}

const isScan = ({ service }) => service.id.endsWith('-scan');

/** What was found and done at one visit. */
function findings(visit, story, laboratory, firstIntake) {
  const { what, service } = visit;
  const panels = [...(what.panels ?? []), ...(what.semen ? ['semen'] : []), ...(what.hcg ? ['pregnancy'] : [])];
  if (what.hcg) what.labs = { hcg: what.hcg };
  return [
    ...(visit === firstIntake ? intake(visit) : []),
    ...(SHORT_CHECK.has(service.id) && story.body ? shortCheck(visit) : []),
    ...(isScan(visit) ? ultrasound(visit) : []),
    ...(what.procedure ? [procedure(visit, what.procedure, what.conclusion)] : []),
    ...(panels.length > 0 ? laboratory.work(visit, panels) : []),
  ];
}

const RESPONSIBLE = Object.fromEntries([...COUPLE_STORIES, ...OTHER_STORIES].map(({ patient, by }) => [patient, by]));

function recordOf(story, plan, laboratory) {
  const visits = plan.plan(story);
  const attended = visits.filter(tookPlace);
  const firstIntake = attended.find(({ service }) => INTAKE.has(service.id));
  const conditionsOf = (visit) => (story.conditions ?? [])
    .filter(([, when]) => when.visit === visit.number).map(([key]) => `${story.patient}-${key}`);
  return [
    ...careTeam(story, attended, RESPONSIBLE),
    ...visits.map(appointment),
    ...attended.map((visit) => encounter(visit, conditionsOf(visit))),
    ...(story.conditions ?? []).map((entry) => condition(story, visits, entry)),
    ...(story.allergies ?? []).map((entry) => allergy(story, visits, entry)),
    ...(story.drugs ?? []).map((entry) => medicationRequest(story, visits, entry)),
    ...(story.history ?? []).map((entry) => earlierProcedure(story, visits, entry)),
    ...(story.procedures ?? []).map((entry) => recentProcedure(story, visits, entry)),
    ...attended.flatMap((visit) => findings(visit, story, laboratory, firstIntake)),
    ...(story.admission ? admission(story, visits, laboratory) : []),
  ];
}

const DONOR_SEMEN = ['volume', 'concentration', 'vitality', 'normal', 'abstinence'];

/** A donor's profile: no encounter and no order leads from it to the person. */
function donorProfile(profile) {
  const { patient, on, blood, height, eyes, hair, labs = {}, semen } = profile;
  const effective = berlin(on, 600);
  const meta = { security: [coding(system.hl7('v3-ObservationValue'), 'PSEUDED', 'pseudonymized')] };
  const clinic = {
    meta, subject: patientReference(patient), effective,
    performer: [reference('Organization', 'clinic')],
  };
  const lab = {
    meta, subject: patientReference(patient), effective, issued: openingDayAfter(on, 1, '11:30'),
    performer: [reference('Organization', 'lab')],
  };
  const id = (key) => `${patient}-${key}`;
  const gender = semen ? 'male' : 'female';
  return [
    vitalSign(id('height'), 'height', height, clinic),
    phenotype(id('eye-colour'), 'Eye colour', eyes, clinic),
    phenotype(id('hair-colour'), 'Hair colour', hair, clinic),
    bloodGroup(id('abo'), blood[0], lab),
    rhesus(id('rhesus'), blood[1], lab),
    ...['hbsag', 'hcv', 'hiv', 'syphilis'].map((key) => absent(id(key), key, lab)),
    ...Object.entries(labs).map(([key, digits]) => labValue(id(key), key, digits, gender, lab)),
    ...(semen ? DONOR_SEMEN.map((key) => labValue(id(key), key, String(semen[key]), gender, lab)) : []),
  ];
}

export function clinicResources() {
  const plan = new VisitPlan();
  const laboratory = new Laboratory();
  return [
    ...[...COUPLE_STORIES, ...OTHER_STORIES].flatMap((story) => recordOf(story, plan, laboratory)),
    ...DONOR_PROFILES.flatMap(donorProfile),
  ];
}
