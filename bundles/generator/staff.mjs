// The twelve people who work in the clinic, and what each of them may do there.

import { coding, competency, concept, identifier, reference, system } from './fhir.mjs';

// qualification: [code of v2-0360 or undefined, text, since]
const PRACTITIONERS = [
  {
    id: 'lindholm', gender: 'female', born: '1974-09-12', family: 'Lindholm', given: ['Karin'], prefix: ['Dr. med.'],
    languages: ['de', 'sv', 'en'], extension: 201,
    qualifications: [['MD', 'Fachärztin für Frauenheilkunde und Geburtshilfe', '2006-03-01'],
      [undefined, 'Schwerpunkt Gynäkologische Endokrinologie und Reproduktionsmedizin', '2010-11-15']],
  },
  {
    id: 'tanaka', gender: 'male', born: '1981-02-27', family: 'Tanaka', given: ['Yūki'], prefix: ['Dr. med.'],
    native: { lang: 'ja', rep: 'IDE', family: '田中', given: ['裕樹'], text: '田中 裕樹' },
    languages: ['de', 'ja', 'en'], extension: 202,
    qualifications: [['MD', 'Facharzt für Frauenheilkunde und Geburtshilfe', '2014-06-01']],
  },
  {
    id: 'menon', gender: 'male', born: '1978-12-03', family: 'Menon', given: ['Ravi'], prefix: ['Dr. med.'],
    native: { lang: 'ml', family: 'മേനോൻ', given: ['രവി'], text: 'രവി മേനോൻ' },
    languages: ['de', 'en', 'ml'], extension: 203,
    qualifications: [['MD', 'Facharzt für Urologie, Zusatzbezeichnung Andrologie', '2012-09-01']],
  },
  {
    id: 'echeverria', gender: 'female', born: '1983-06-19', family: 'Echeverría Núñez', given: ['Sofía'],
    prefix: ['Dr. med.'], languages: ['de', 'es'], extension: 204,
    qualifications: [['MD', 'Fachärztin für Anästhesiologie', '2016-02-01']],
  },
  {
    id: 'marin', gender: 'female', born: '1985-04-08', family: 'Marin', given: ['Elena', 'Ștefania'],
    prefix: ['Dr. rer. nat.'], languages: ['de', 'ro', 'en'], extension: 211,
    qualifications: [['PHD', 'Reproduktionsbiologin', '2013-07-22']],
  },
  {
    id: 'okafor', gender: 'male', born: '1976-10-30', family: 'Okafor', given: ['Chidiebere'],
    prefix: ['Dr. rer. nat.'],
    languages: ['de', 'en', 'ig'], extension: 212,
    qualifications: [['PHD', 'Leitender klinischer Embryologe', '2008-05-05']],
  },
  {
    id: 'zak', gender: 'male', born: '1995-01-16', family: 'Żak', given: ['Łukasz'], languages: ['de', 'pl'],
    extension: 213, qualifications: [['MS', 'Biologe, Schwerpunkt Andrologie', '2021-09-30']],
  },
  {
    id: 'hakansson', gender: 'male', born: '1989-08-21', family: 'Håkansson', given: ['Björn'],
    languages: ['de', 'sv'], extension: 221, qualifications: [['RN', 'Gesundheits- und Krankenpfleger', '2012-10-01']],
  },
  {
    id: 'levchenko', gender: 'female', born: '1987-03-14', family: 'Levchenko', given: ['Olha'],
    native: { lang: 'uk', rep: 'ABC', family: 'Левченко', given: ['Ольга'], text: 'Ольга Левченко' },
    languages: ['de', 'uk', 'ru'], extension: 222, qualifications: [['RN', 'Pflegefachfrau', '2011-04-01']],
  },
  {
    id: 'celik', gender: 'female', born: '1996-11-05', family: 'Çelik', given: ['Aylin'], languages: ['de', 'tr'],
    extension: 231, qualifications: [['DIP', 'Medizinische Fachangestellte', '2017-07-01']],
  },
  {
    id: 'boehm', gender: 'female', born: '1969-05-23', family: 'Böhm', given: ['Petra'], languages: ['de'],
    extension: 232, qualifications: [['DIP', 'Kauffrau im Gesundheitswesen', '1993-08-01']],
  },
  {
    id: 'weiss', gender: 'male', born: '1979-07-02', family: 'Weiss', given: ['Jonas'], prefix: ['Dipl.-Psych.'],
    languages: ['de', 'en', 'fr'], extension: 241,
    qualifications: [[undefined, 'Psychologischer Psychotherapeut', '2009-01-15']],
  },
];

const GYNAECOLOGY = ['394586005', 'Gynecology', 'Reproductive medicine'];
const OWN_SITES = ['site-mitte', 'site-pankow'];

// competencies: code → valid until; one of them has run out on purpose
const ROLES = [
  {
    id: 'dr-lindholm', who: 'lindholm', code: 'physician', text: 'Physician, medical director', specialty: GYNAECOLOGY,
    sites: OWN_SITES, since: '2012-01-02', may: { opu: '2027-06-30', transfer: '2027-06-30', ultrasound: '2026-12-31' },
  },
  {
    id: 'dr-tanaka', who: 'tanaka', code: 'physician', text: 'Physician', specialty: GYNAECOLOGY,
    sites: [...OWN_SITES, 'site-potsdam'], since: '2018-04-03', may: { opu: '2026-11-30', transfer: '2026-11-30', ultrasound: '2027-03-31' },
  },
  {
    id: 'dr-menon', who: 'menon', code: 'physician', text: 'Physician, andrology',
    specialty: ['394612005', 'Urology', 'Andrology'], sites: ['site-mitte'], since: '2019-02-04', may: { 'testicular-biopsy': '2027-01-31' },
  },
  {
    id: 'dr-echeverria', who: 'echeverria', code: 'physician', text: 'Physician, anaesthesia',
    specialty: ['394577000', 'Anesthetics', 'Anaesthesia'], sites: ['site-mitte'], since: '2020-10-01', may: { sedation: '2027-09-30' },
  },
  {
    id: 'embryologist-marin', who: 'marin', code: 'embryologist', text: 'Embryologist', sites: ['site-mitte'], since: '2015-03-02',
    may: { icsi: '2027-04-30', biopsy: '2026-10-31', vitrification: '2027-04-30', witness: '2027-04-30' },
  },
  {
    id: 'embryologist-okafor', who: 'okafor', code: 'embryologist', text: 'Embryologist', sites: ['site-mitte'], since: '2012-01-02',
    may: { icsi: '2027-02-28', biopsy: '2027-02-28', vitrification: '2027-02-28', witness: '2027-02-28' },
  },
  { id: 'lab-director-okafor', who: 'okafor', code: 'lab-director', text: 'Laboratory director', sites: ['site-mitte'], since: '2017-09-01', may: {} },
  {
    id: 'embryologist-zak', who: 'zak', code: 'embryologist', text: 'Embryologist, andrology laboratory', sites: ['site-mitte'],
    since: '2022-02-01', may: { 'semen-analysis': '2027-05-31', witness: '2027-05-31', icsi: '2025-10-31' },
  },
  {
    id: 'nurse-hakansson', who: 'hakansson', code: 'nurse', text: 'Nurse', sites: ['site-mitte', 'site-potsdam'], since: '2014-08-01',
    may: { witness: '2026-12-31', venepuncture: '2027-12-31' },
  },
  {
    id: 'nurse-levchenko', who: 'levchenko', code: 'nurse', text: 'Nurse', sites: OWN_SITES, since: '2016-05-02',
    may: { witness: '2027-07-31', venepuncture: '2027-07-31' },
  },
  { id: 'donor-coordinator-levchenko', who: 'levchenko', code: 'donor-coordinator', text: 'Donor coordinator', sites: ['site-mitte'], since: '2021-01-04', may: {} },
  { id: 'front-desk-celik', who: 'celik', code: 'front-desk', text: 'Front desk', sites: ['site-mitte'], since: '2019-08-01', may: {} },
  { id: 'billing-boehm', who: 'boehm', code: 'billing-specialist', text: 'Billing specialist', sites: ['site-mitte'], since: '2013-01-02', may: {} },
  { id: 'admin-boehm', who: 'boehm', code: 'admin', text: 'Administrator', sites: ['site-mitte'], since: '2013-01-02', may: {} },
  { id: 'quality-marin', who: 'marin', code: 'quality', text: 'Quality manager', sites: ['site-mitte'], since: '2019-05-01', may: {} },
  { id: 'records-celik', who: 'celik', code: 'records', text: 'Records', sites: ['site-mitte'], since: '2022-01-03', may: {} },
  { id: 'privacy-officer-weiss', who: 'weiss', code: 'privacy-officer', text: 'Privacy officer', sites: ['site-mitte'], since: '2018-05-25', may: {} },
  { id: 'counsellor-weiss', who: 'weiss', code: 'counsellor', text: 'Counsellor', sites: ['site-mitte'], since: '2016-10-04', may: {} },
];

function practitioner(person) {
  const { native } = person;
  const text = [...(person.prefix ?? []), ...person.given, person.family].join(' ');
  const nativeName = native && {
    extension: [
      { url: system.core('language'), valueCode: native.lang },
      ...(native.rep ? [{ url: system.core('iso21090-EN-representation'), valueCode: native.rep }] : []),
    ],
    use: 'usual', text: native.text, family: native.family, given: native.given,
  };
  return {
    resourceType: 'Practitioner',
    id: person.id,
    identifier: [identifier('staff', `N-${person.extension}`, 'official')],
    active: true,
    name: [
      { use: 'official', text, family: person.family, given: person.given, prefix: person.prefix },
      ...(nativeName ? [nativeName] : []),
    ],
    telecom: [
      { system: 'phone', value: `+49 30 23125 ${person.extension}`, use: 'work', rank: 1 },
      { system: 'email', value: `${person.id}@nordlicht.example.org`, use: 'work', rank: 2 },
    ],
    gender: person.gender,
    birthDate: person.born,
    qualification: person.qualifications.map(([code, title, since]) => ({
      code: concept(title, ...(code ? [coding(system.hl7('v2-0360'), code)] : [])),
      period: { start: since },
    })),
    communication: person.languages.map((language) => ({ coding: [coding('urn:ietf:bcp:47', language)] })),
  };
}

export const practitionerOfRole = Object.fromEntries(ROLES.map((role) => [role.id, role.who]));

export const roleText = Object.fromEntries(ROLES.map((role) => [role.id, role.text]));

export const sitesOfRole = Object.fromEntries(ROLES.map((role) => [role.id, role.sites]));

export const nameOfPractitioner = Object.fromEntries(PRACTITIONERS.map((person) =>
  [person.id, [...(person.prefix ?? []), ...person.given, person.family].join(' ')]));

function practitionerRole(role, servicesOfRole) {
  const competencies = Object.entries(role.may).map(([code, until]) => competency(code, until));
  const services = servicesOfRole[role.id] ?? [];
  return {
    resourceType: 'PractitionerRole',
    id: role.id,
    extension: competencies.length > 0 ? competencies : undefined,
    identifier: [identifier('staff-role', role.id, 'official')],
    active: true,
    period: { start: role.since },
    practitioner: reference('Practitioner', role.who, nameOfPractitioner[role.who]),
    organization: reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum'),
    code: [concept(role.text, coding(system.own('staff-role'), role.code))],
    specialty: role.specialty && [concept(role.specialty[2], coding(system.snomed, role.specialty[0], role.specialty[1]))],
    location: role.sites.map((site) => reference('Location', site)),
    healthcareService: services.length > 0 ? services.map((id) => reference('HealthcareService', id)) : undefined,
  };
}

/** Practitioners and their roles; `servicesOfRole` lists for each role the services it takes part in. */
export function staffResources(servicesOfRole) {
  return [
    ...PRACTITIONERS.map(practitioner),
    ...ROLES.map((role) => practitionerRole(role, servicesOfRole)),
  ];
}
