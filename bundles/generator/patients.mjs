// Patient and RelatedPerson resources of the people in `people.mjs`.

import { coding, hl7Concept, identifier, reference, system, typedIdentifier } from './fhir.mjs';
import { CONTACTS, PEOPLE, mobileNumber, textOfName } from './people.mjs';

const MARITAL = { M: 'Married', S: 'Never Married', D: 'Divorced' };

const byId = Object.fromEntries(PEOPLE.map((person) => [person.id, person]));

function humanName(name) {
  const [use, language, representation, family, given] = name;
  const extensions = [
    language && { url: system.core('language'), valueCode: language },
    representation && { url: system.core('iso21090-EN-representation'), valueCode: representation },
  ].filter(Boolean);
  return {
    extension: extensions.length > 0 ? extensions : undefined,
    use, text: textOfName(name), family, given,
  };
}

/** What a staff member reads beside a reference: the last name listed is in Latin letters. */
export function displayName(id) {
  const { names, donorCode } = byId[id];
  if (donorCode) return donorCode;
  const latinName = names.findLast((name) => name[2] === 'ABC' && name[0] === 'usual') ?? names[0];
  return textOfName(latinName);
}

const phone = (index) => ({ system: 'phone', value: mobileNumber(index), use: 'mobile', rank: 1 });

function telecom(person) {
  return [
    ...(person.mobile ? [phone(person.mobile)] : []),
    ...(person.email ? [{ system: 'email', value: person.email, use: 'home', rank: 2 }] : []),
  ];
}

function address({ line, postalCode, city, state, country, language }, use) {
  return {
    extension: language && [{ url: system.core('language'), valueCode: language }],
    use, type: 'both', line: [line], city, state, postalCode, country,
  };
}

const communication = (languages) => languages.map((language, index) => ({
  language: { coding: [coding('urn:ietf:bcp:47', language)] },
  preferred: index === 0 ? true : undefined,
}));

function pseudonymousDonor(person) {
  return {
    resourceType: 'Patient',
    id: person.id,
    meta: { security: [coding(system.hl7('v3-Confidentiality'), 'R', 'restricted')] },
    identifier: [identifier('donor-code', person.donorCode, 'official')],
    active: true,
    gender: person.gender,
    birthDate: person.born,
    managingOrganization: reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum'),
  };
}

function links(person) {
  if (person.donorRecord) return [{ other: reference('Patient', person.donorRecord), type: 'refer' }];
  if (person.partner) {
    return [{ other: reference('RelatedPerson', `${person.id}-for-${person.partner}`), type: 'seealso' }];
  }
  return undefined;
}

function patient(person) {
  if (person.donorCode) return pseudonymousDonor(person);
  return {
    resourceType: 'Patient',
    id: person.id,
    meta: person.donorRecord && { security: [coding(system.hl7('v3-Confidentiality'), 'V', 'very restricted')] },
    extension: person.interpreter && [{ url: system.core('patient-interpreterRequired'), valueBoolean: true }],
    identifier: [typedIdentifier('MR', 'Medical record number', 'mrn', String(person.mrn))],
    active: true,
    name: person.names.map(humanName),
    telecom: telecom(person),
    gender: person.gender,
    birthDate: person.born,
    address: [
      address(person.address, 'home'),
      ...(person.oldAddress ? [address(person.oldAddress, 'old')] : []),
    ],
    maritalStatus: person.marital && hl7Concept('v3-MaritalStatus', person.marital, MARITAL[person.marital]),
    multipleBirthInteger: person.birthOrder,
    communication: communication(person.languages),
    managingOrganization: reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum'),
    link: links(person),
  };
}

/** `person` as a member of the partner's record. */
function partnerOf(person) {
  const relationship = person.gender === 'female' ? ['WIFE', 'wife'] : ['HUSB', 'husband'];
  return {
    resourceType: 'RelatedPerson',
    id: `${person.id}-for-${person.partner}`,
    active: true,
    patient: reference('Patient', person.partner, displayName(person.partner)),
    relationship: [hl7Concept('v3-RoleCode', ...relationship)],
    name: person.names.filter((name) => name[0] !== 'maiden').map(humanName),
    telecom: telecom(person),
    gender: person.gender,
    birthDate: person.born,
    address: [address(person.address, 'home')],
    communication: communication(person.languages),
  };
}

function contact(person) {
  return {
    resourceType: 'RelatedPerson',
    id: person.id,
    active: true,
    patient: reference('Patient', person.patient, displayName(person.patient)),
    relationship: [hl7Concept('v3-RoleCode', ...person.relationship), hl7Concept('v2-0131', 'C', 'Emergency Contact')],
    name: person.names.map(humanName),
    telecom: [phone(person.mobile)],
    gender: person.gender,
    communication: communication([person.language]),
  };
}

export function patientResources() {
  return [
    ...PEOPLE.map(patient),
    ...PEOPLE.filter((person) => person.partner).map(partnerOf),
    ...CONTACTS.map(contact),
  ];
}
