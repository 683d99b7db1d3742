// The one stay in a bed: three nights with ovarian hyperstimulation.

import { addDays, berlin, minutesOf } from './calendar.mjs';
import { coding, concept, hl7Concept, quantity, reference, system } from './fhir.mjs';
import { condition, medicationRequest } from './history.mjs';
import { bloodPressure, oxygenSaturation, vitalSign } from './measurements.mjs';
import { clinicReference, patientReference, practitionerReference } from './visits.mjs';

const ARRIVED = minutesOf('13:20');
const IN_BED = minutesOf('14:05');
const LEFT = minutesOf('10:45');

// per day: weight, blood pressure, pulse, temperature, saturation
const DAYS = [
  ['68.9', [104, 64], 98, '37.1', '97'],
  ['68.4', [106, 66], 92, '37.0', '97'],
  ['67.2', [110, 70], 84, '36.8', '98'],
  ['66.0', [112, 71], 76, '36.7', '99'],
];

const LABORATORY_DAYS = [
  { day: 0, clock: '14:20', labs: { haemoglobin: '15.4', haematocrit: '46.9', leukocytes: '15.8', platelets: '372', mcv: '88.6', albumin: '3.1', sodium: '134', potassium: '4.7', creatinine: '0.84' } },
  { day: 2, clock: '07:40', labs: { haemoglobin: '13.2', haematocrit: '40.3', leukocytes: '10.9', platelets: '318', mcv: '88.4', albumin: '3.4', sodium: '138', potassium: '4.2', creatinine: '0.71' } },
];

function encounter(story, id, first, last, bed) {
  const period = { start: berlin(first, ARRIVED), end: berlin(last, LEFT) };
  const inBed = { start: berlin(first, IN_BED), end: period.end };
  return {
    resourceType: 'Encounter',
    id,
    status: 'finished',
    statusHistory: [
      { status: 'arrived', period: { start: period.start, end: inBed.start } },
      { status: 'in-progress', period: inBed },
    ],
    class: coding(system.hl7('v3-ActCode'), 'IMP', 'inpatient encounter'),
    subject: patientReference(story.patient),
    participant: [{
      type: [hl7Concept('v3-ParticipationType', 'ATND', 'attender')],
      period,
      individual: practitionerReference(story.by),
    }],
    period,
    length: quantity(story.admission.nights, 'days', 'd'),
    reasonCode: [concept('Abdominal bloating and weight gain after stimulation', coding(system.snomed, '116289008', 'Abdominal bloating'))],
    diagnosis: [{
      condition: reference('Condition', `${story.patient}-ohss`),
      use: hl7Concept('diagnosis-role', 'AD', 'Admission diagnosis'),
      rank: 1,
    }],
    hospitalization: {
      admitSource: hl7Concept('admit-source', 'outp', 'From outpatient department'),
      dischargeDisposition: hl7Concept('discharge-disposition', 'home', 'Home'),
    },
    location: [
      { location: reference('Location', 'ward-1', 'Day ward'), status: 'completed', physicalType: hl7Concept('location-physical-type', 'wa', 'Ward'), period: inBed },
      { location: reference('Location', bed), status: 'completed', physicalType: hl7Concept('location-physical-type', 'bd', 'Bed'), period: inBed },
    ],
    serviceProvider: clinicReference(),
  };
}

function dailyVitals(story, id, first) {
  return DAYS.flatMap(([weight, pressure, pulse, temperature, saturation], day) => {
    const at = {
      subject: patientReference(story.patient),
      encounter: reference('Encounter', id),
      effective: berlin(addDays(first, day), day === 0 ? IN_BED + 10 : minutesOf('08:00')),
      performer: [practitionerReference('nurse-levchenko')],
    };
    const name = `${id}-day-${day + 1}`;
    return [
      vitalSign(`${name}-weight`, 'weight', weight, at),
      bloodPressure(`${name}-blood-pressure`, pressure, at),
      vitalSign(`${name}-pulse`, 'pulse', pulse, at),
      vitalSign(`${name}-temperature`, 'temperature', temperature, at),
      oxygenSaturation(`${name}-saturation`, saturation, at),
    ];
  });
}

function ultrasound(story, id, first) {
  const effective = berlin(first, IN_BED + 40);
  return {
    resourceType: 'DiagnosticReport',
    id: `${id}-ultrasound`,
    status: 'final',
    category: [hl7Concept('v2-0074', 'RAD', 'Radiology')],
    code: concept('Transvaginal ultrasound', coding(system.loinc, '24677-7', 'US Pelvis transvaginal')),
    subject: patientReference(story.patient),
    encounter: reference('Encounter', id),
    effectiveDateTime: effective,
    issued: berlin(first, IN_BED + 70),
    performer: [practitionerReference(story.by)],
    conclusion: 'Both ovaries enlarged to 9 cm with many follicles; free fluid up to the middle of the abdomen; no torsion.',
  };
}

/** The stay `story.admission` tells of, with its measurements, laboratory work and prescriptions. */
export function admission(story, visits, laboratory) {
  const { day, nights, bed } = story.admission;
  const id = `${story.patient}-admission`;
  const first = addDays(story.start, day);
  const last = addDays(first, nights);
  const stay = { story, date: first, role: story.by, id, what: {} };
  const written = berlin(first, IN_BED + 60);
  const work = LABORATORY_DAYS.flatMap(({ day: offset, clock, labs }) => laboratory.work({
    id: `${id}-day-${offset + 1}`, encounter: id, story, date: addDays(first, offset), role: 'nurse-levchenko',
    service: { minutes: 15 }, start: minutesOf(clock), end: minutesOf(clock) + 15, what: { labs },
  }, ['blood-count', 'ward']));
  return [
    encounter(story, id, first, last, bed),
    condition(story, [stay], ['ohss', { visit: 1, encounter: id, onsetDays: -2, resolvedDays: 17, recorded: written }]),
    ...['enoxaparin', 'paracetamol'].map((key) =>
      medicationRequest(story, [stay], [key, { visit: 1, days: key === 'enoxaparin' ? 10 : 3, encounter: id }], written)),
    ...dailyVitals(story, id, first),
    ...work,
    ultrasound(story, id, first),
  ];
}
