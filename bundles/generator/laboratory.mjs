// Laboratory work of a visit: one order, a specimen for each tube, and from each tube the values and a report.

import { berlin } from './calendar.mjs';
import { ANALYTES, PRESENCE } from './codes.mjs';
import { coding, concept, reference, system, typedIdentifier } from './fhir.mjs';
import { absent, bloodGroup, labValue, referencesTo, rhesus } from './measurements.mjs';
import { PEOPLE } from './people.mjs';
import { Random } from './random.mjs';
import { calledIn, openingDayAfter, patientReference, practitionerReference } from './visits.mjs';

const REPORT = ['11502-2', 'Laboratory report'];
const CBC = ['58410-2', 'CBC panel - Blood by Automated count'];
const CHEMISTRY = ['CH', 'Chemistry'];
const HAEMATOLOGY = ['HM', 'Hematology'];
const SEROLOGY = ['SR', 'Serology'];
const OTHER = ['OTH', 'Other'];

// text, LOINC of the report, section of the laboratory, tube, what is measured
const PANELS = {
  hormones: ['Hormone profile', REPORT, CHEMISTRY, 'serum', ['amh', 'fsh', 'lh', 'e2', 'prolactin', 'testosterone']],
  'hormones-male': ['Hormone profile', REPORT, CHEMISTRY, 'serum', ['fsh', 'lh', 'testosterone']],
  prolactin: ['Prolactin', REPORT, CHEMISTRY, 'serum', ['prolactin']],
  luteal: ['Luteal progesterone', REPORT, CHEMISTRY, 'serum', ['p4']],
  thyroid: ['Thyroid profile', REPORT, CHEMISTRY, 'serum', ['tsh', 'ft4']],
  chemistry: ['Blood chemistry', REPORT, CHEMISTRY, 'serum', ['glucose', 'creatinine', 'alt']],
  metabolic: ['HbA1c', REPORT, CHEMISTRY, 'blood', ['hba1c']],
  nutrients: ['Ferritin and vitamin D', REPORT, CHEMISTRY, 'serum', ['ferritin', 'vitaminD']],
  pregnancy: ['Pregnancy test in blood', REPORT, CHEMISTRY, 'serum', ['hcg']],
  ward: ['Albumin and electrolytes', REPORT, CHEMISTRY, 'serum', ['albumin', 'sodium', 'potassium', 'creatinine']],
  'blood-count': ['Blood count', CBC, HAEMATOLOGY, 'blood', ['haemoglobin', 'haematocrit', 'leukocytes', 'platelets', 'mcv']],
  infection: ['Infection screening', REPORT, SEROLOGY, 'serum', Object.keys(PRESENCE)],
  'blood-group': ['Blood group', REPORT, ['BLB', 'Blood Bank'], 'blood', ['group', 'rhesus']],
  semen: ['Semen analysis', REPORT, OTHER, 'semen', [
    'volume', 'concentration', 'motile', 'progressive', 'vitality', 'normal', 'abstinence',
  ]],
};

const SPECIMENS = {
  serum: ['Serum', '119364003', 'Serum specimen'],
  blood: ['EDTA blood', '119297000', 'Blood specimen'],
  semen: ['Semen', '119347001', 'Seminal fluid specimen'],
};

const SAME_DAY = new Set(['semen', 'pregnancy', 'ward', 'blood-count']);

const textOf = (panels) => panels.map((panel) => PANELS[panel][0]).join(', ');

const LAB = reference('Organization', 'lab');

const encounterReference = (visit) => reference('Encounter', visit.encounter ?? visit.id);

/** Measured only where a story gives the value. */
const WRITTEN_ONLY = new Set(['testosterone', 'ft4']);

const genderOf = Object.fromEntries(PEOPLE.map(({ id, gender }) => [id, gender]));

/** Total motility follows from what was counted. */
function semenValues(counted) {
  if (counted.progressive === undefined) return counted;
  return { ...counted, motile: counted.progressive + counted.nonprogressive };
}

/** A value nobody wrote down: somewhere in the middle of the range. */
function ordinary(key, gender, random) {
  const { places, [gender]: [low, high] } = ANALYTES[key];
  const span = Number(high) - Number(low);
  return random.digits(Number(low) + span * 0.2, Number(high) - span * 0.25, places);
}

/** Numbers laboratory work in the order it is made. */
export class Laboratory {
  constructor() {
    this.number = 41_200;
  }

  nextNumber() {
    this.number += 1;
    return this.number;
  }

  specimen(visit, tube) {
    const [text, code, display] = SPECIMENS[tube];
    const collected = calledIn(visit) + 5;
    return {
      resourceType: 'Specimen',
      id: `${visit.id}-${tube}`,
      accessionIdentifier: typedIdentifier('ACSN', 'Accession ID', 'accession', `L${this.nextNumber()}`),
      status: 'unavailable',
      type: concept(text, coding(system.snomed, code, display)),
      subject: patientReference(visit.story.patient),
      receivedTime: berlin(visit.date, collected + 20),
      collection: {
        collector: tube === 'semen' ? undefined : practitionerReference(visit.role),
        collectedDateTime: berlin(visit.date, collected),
      },
    };
  }

  valueOf(visit, key, drawn) {
    const { story, what } = visit;
    const written = what.labs?.[key] ?? story.labs?.[key];
    if (written !== undefined) return written;
    if (key === 'haematocrit') return (Number(drawn.haemoglobin) * 3 + 0.4).toFixed(1);
    return ordinary(key, genderOf[story.patient], new Random(`${visit.id} ${key}`));
  }

  values(visit, panel, keys, at) {
    const { story, what } = visit;
    const id = (key) => `${visit.id}-${key.toLowerCase()}`;
    if (panel === 'semen') {
      const counted = semenValues(what.semen);
      return keys.filter((key) => counted[key] !== undefined)
        .map((key) => labValue(id(key), key, String(counted[key]), 'male', at));
    }
    if (panel === 'blood-group') {
      return [bloodGroup(id('abo'), story.blood[0], at), rhesus(id('rhesus'), story.blood[1], at)];
    }
    if (panel === 'infection') {
      const negative = keys.map((key) => absent(id(key), key, at));
      const rubella = what.labs?.rubella ?? story.labs?.rubella;
      return rubella ? [...negative, labValue(id('rubella'), 'rubella', rubella, 'female', at)] : negative;
    }
    const drawn = {};
    const isAsked = (key) => !WRITTEN_ONLY.has(key) || (what.labs?.[key] ?? story.labs?.[key]) !== undefined;
    return keys.filter(isAsked).map((key) => {
      drawn[key] = this.valueOf(visit, key, drawn);
      return labValue(id(key), key, drawn[key], genderOf[story.patient], at);
    });
  }

  /** The values of all panels from one tube, and the report on them. */
  results(visit, panels, specimen, order) {
    const isQuick = panels.every((panel) => SAME_DAY.has(panel));
    const at = {
      basedOn: [reference('ServiceRequest', order.id)],
      subject: patientReference(visit.story.patient),
      encounter: encounterReference(visit),
      effective: specimen.collection.collectedDateTime,
      issued: isQuick ? berlin(visit.date, visit.end + 150) : openingDayAfter(visit.date, 1, '11:30'),
      performer: [LAB],
      specimen: reference('Specimen', specimen.id),
    };
    const observations = panels.flatMap((panel) => this.values(visit, panel, PANELS[panel][4], at));
    return [...observations, this.report(visit, panels, at, order, observations)];
  }

  report(visit, panels, at, order, observations) {
    const sections = new Map(panels.map((panel) => [PANELS[panel][2][0], PANELS[panel][2]]));
    const code = panels.length === 1 ? PANELS[panels[0]][1] : REPORT;
    const semenCode = panels.includes('semen')
      ? [coding(system.snomed, '5025004', 'Semen analysis, presence and motility of sperm')] : [];
    return {
      resourceType: 'DiagnosticReport',
      id: `${at.specimen.reference.slice('Specimen/'.length)}-report`,
      identifier: [typedIdentifier('FILL', 'Filler Identifier', 'lab-report', `B${this.nextNumber()}`)],
      basedOn: at.basedOn,
      status: 'final',
      category: [{ coding: [
        coding(system.hl7('v2-0074'), 'LAB', 'Laboratory'),
        ...[...sections.values()].map((section) => coding(system.hl7('v2-0074'), ...section)),
      ] }],
      code: concept(textOf(panels), coding(system.loinc, ...code), ...semenCode),
      subject: at.subject,
      encounter: at.encounter,
      effectiveDateTime: at.effective,
      issued: at.issued,
      performer: at.performer,
      specimen: [at.specimen],
      result: referencesTo(observations),
    };
  }

  /** One order names all that is wanted of a visit's specimens. */
  order(visit, panels, specimens) {
    const { story } = visit;
    return {
      resourceType: 'ServiceRequest',
      id: `${visit.id}-order`,
      identifier: [typedIdentifier('PLAC', 'Placer Identifier', 'order', `A${this.nextNumber()}`)],
      status: 'completed',
      intent: 'order',
      category: [concept('Laboratory', coding(system.snomed, '108252007', 'Laboratory procedure'))],
      code: concept(textOf(panels)),
      subject: patientReference(story.patient),
      encounter: encounterReference(visit),
      authoredOn: berlin(visit.date, calledIn(visit)),
      requester: practitionerReference(story.by),
      performer: [LAB],
      specimen: Object.values(specimens).map(({ id }) => reference('Specimen', id)),
    };
  }

  /** Everything the laboratory makes of one visit. */
  work(visit, panels) {
    const tubes = [...new Set(panels.map((panel) => PANELS[panel][3]))];
    const specimens = Object.fromEntries(tubes.map((tube) => [tube, this.specimen(visit, tube)]));
    const order = this.order(visit, panels, specimens);
    const results = tubes.flatMap((tube) =>
      this.results(visit, panels.filter((panel) => PANELS[panel][3] === tube), specimens[tube], order));
    return [order, ...Object.values(specimens), ...results];
  }
}
