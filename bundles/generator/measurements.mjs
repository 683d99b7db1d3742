// Observations: vital signs, histories, laboratory values and what the ultrasound showed.

import { ANALYTES, BLOOD_GROUPS, PRESENCE, SMOKING } from './codes.mjs';
import { coding, concept, hl7Concept, quantity, reference, system } from './fhir.mjs';

const category = (code) => [hl7Concept('observation-category', code)];
const VITAL_SIGNS = category('vital-signs');
const LABORATORY = category('laboratory');
const IMAGING = category('imaging');
const SOCIAL_HISTORY = category('social-history');

const interpretation = (code) => [hl7Concept('v3-ObservationInterpretation', code)];

/** `at`: {meta, basedOn, subject, encounter, effective, issued, performer, specimen}. */
function observation(id, categories, code, at, value) {
  return {
    resourceType: 'Observation',
    id,
    meta: at.meta,
    basedOn: at.basedOn,
    status: 'final',
    category: categories,
    code,
    subject: at.subject,
    encounter: at.encounter,
    effectiveDateTime: at.effective,
    issued: at.issued,
    performer: at.performer,
    ...value,
    specimen: at.specimen,
  };
}

const loinc = (text, code, display) => concept(text, coding(system.loinc, code, display));

const VITALS = {
  height: ['Body height', '8302-2', 'Body height', 'cm', 'cm'],
  weight: ['Body weight', '29463-7', 'Body weight', 'kg', 'kg'],
  bmi: ['Body mass index', '39156-5', 'Body mass index (BMI) [Ratio]', 'kg/m2', 'kg/m2'],
  pulse: ['Heart rate', '8867-4', 'Heart rate', '/min', '/min'],
  temperature: ['Body temperature', '8310-5', 'Body temperature', '°C', 'Cel'],
};

export function vitalSign(id, key, digits, at) {
  const [text, code, display, unit, ucum] = VITALS[key];
  return observation(id, VITAL_SIGNS, loinc(text, code, display), at, { valueQuantity: quantity(digits, unit, ucum) });
}

/** R4 wants both codings on a saturation measured by pulse oximetry. */
export function oxygenSaturation(id, digits, at) {
  const code = concept(
    'Oxygen saturation',
    coding(system.loinc, '2708-6', 'Oxygen saturation in Arterial blood'),
    coding(system.loinc, '59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry'),
  );
  return observation(id, VITAL_SIGNS, code, at, { valueQuantity: quantity(digits, '%', '%') });
}

export function bloodPressure(id, [systolic, diastolic], at) {
  const part = (text, code, display, value) => ({
    code: loinc(text, code, display), valueQuantity: quantity(value, 'mmHg', 'mm[Hg]'),
  });
  return observation(id, VITAL_SIGNS, loinc('Blood pressure', '85354-9', 'Blood pressure panel with all children optional'), at, {
    component: [
      part('Systolic', '8480-6', 'Systolic blood pressure', systolic),
      part('Diastolic', '8462-4', 'Diastolic blood pressure', diastolic),
    ],
  });
}

/** Kilograms per square metre to one decimal place, rounded half up in whole numbers. */
export function bodyMassIndex(heightCm, weightKg) {
  const weight = Math.round(Number(weightKg) * 10);
  const tenths = Math.floor((weight * 10_000 * 2 + Number(heightCm) ** 2) / (2 * Number(heightCm) ** 2));
  return `${Math.trunc(tenths / 10)}.${tenths % 10}`;
}

export function smokingStatus(id, status, at) {
  const [code, display] = SMOKING[status];
  return observation(id, SOCIAL_HISTORY, loinc('Tobacco smoking status', '72166-2', 'Tobacco smoking status'), at, {
    valueCodeableConcept: concept(display, coding(system.snomed, code, display)),
  });
}

export function pregnancyCount(id, kind, number, at) {
  const code = kind === 'births'
    ? loinc('Live births', '11636-8', '[#] Births.live')
    : loinc('Spontaneous miscarriages', '11614-5', '[#] Abortions.spontaneous');
  return observation(id, SOCIAL_HISTORY, code, at, { valueQuantity: quantity(number, '{#}') });
}

export function lastPeriod(id, date, at) {
  return observation(id, SOCIAL_HISTORY, loinc('First day of the last period', '8665-2', 'Date last menstrual period'), at, {
    valueDateTime: date,
  });
}

const bound = (digits, { unit, ucum }) => (digits === undefined ? undefined : quantity(digits, unit, ucum));

function judge(digits, low, high) {
  if (low !== undefined && Number(digits) < Number(low)) return 'L';
  if (high !== undefined && Number(digits) > Number(high)) return 'H';
  return 'N';
}

/** A measured value with the range of the patient's sex and where it lies in it. */
export function labValue(id, key, digits, gender, at) {
  const analyte = ANALYTES[key];
  const [low, high] = analyte[gender];
  const hasRange = low !== undefined || high !== undefined;
  return observation(id, LABORATORY, loinc(analyte.text, analyte.loinc, analyte.display), at, {
    valueQuantity: quantity(digits, analyte.unit, analyte.ucum),
    interpretation: hasRange ? interpretation(judge(digits, low, high)) : undefined,
    referenceRange: hasRange ? [{ low: bound(low, analyte), high: bound(high, analyte) }] : undefined,
  });
}

export function absent(id, key, at) {
  const { text, loinc: code, display } = PRESENCE[key];
  return observation(id, LABORATORY, loinc(text, code, display), at, {
    valueCodeableConcept: concept('Negative', coding(system.snomed, '260385009', 'Negative')),
    interpretation: interpretation('NEG'),
  });
}

export function bloodGroup(id, group, at) {
  const [code, display] = BLOOD_GROUPS[group];
  return observation(id, LABORATORY, loinc('ABO blood group', '883-9', 'ABO group [Type] in Blood'), at, {
    valueCodeableConcept: concept(display, coding(system.snomed, code, display)),
  });
}

export function rhesus(id, sign, at) {
  const value = sign === '+'
    ? concept('RhD positive', coding(system.snomed, '10828004', 'Positive'))
    : concept('RhD negative', coding(system.snomed, '260385009', 'Negative'));
  return observation(id, LABORATORY, loinc('Rh blood group', '10331-7', 'Rh [Type] in Blood'), at, {
    valueCodeableConcept: value,
  });
}

const OVARY = {
  left: concept('Left ovary', coding(system.snomed, '43981004')),
  right: concept('Right ovary', coding(system.snomed, '20837000')),
};

export function antralFollicles(id, side, number, at) {
  const code = concept('Antral follicle count', coding(system.own('ivf-observation'), 'antral-follicle-count', 'Antral follicle count'));
  return {
    ...observation(id, IMAGING, code, at, { valueQuantity: quantity(number, '{follicles}') }),
    bodySite: OVARY[side],
  };
}

export function endometrium(id, digits, at) {
  return observation(id, IMAGING, loinc('Endometrial thickness', '12145-9'), at, {
    valueQuantity: quantity(digits, 'mm', 'mm'),
  });
}

export function phenotype(id, trait, text, at) {
  const code = concept(trait, coding(system.own('donor-phenotype'), trait.toLowerCase().replace(' ', '-'), trait));
  return observation(id, category('exam'), code, at, { valueCodeableConcept: concept(text) });
}

export const referencesTo = (observations) => observations.map(({ id }) => reference('Observation', id));
