// The clinic, its partners, its sites, rooms, beds and machines.

import { coding, concept, decimal, hl7Concept, identifier, reference, system } from './fhir.mjs';

const SITES = {
  mitte: {
    name: 'Nordlicht Berlin-Mitte', line: 'Polarsternufer 7', postalCode: '10117', city: 'Berlin',
    phone: '+49 30 23125 100', latitude: '52.5230', longitude: '13.3870',
  },
  pankow: {
    name: 'Nordlicht Berlin-Pankow', line: 'Am Sternenpark 12', postalCode: '13187', city: 'Berlin',
    phone: '+49 30 23125 140', latitude: '52.5690', longitude: '13.4020',
  },
  potsdam: {
    name: 'Nordlicht Potsdam', line: 'Havelblick 3', postalCode: '14467', city: 'Potsdam',
    phone: '+49 30 23125 160', latitude: '52.4010', longitude: '13.0570',
  },
};

// id, site, what the sign on the door says, kind of room
const ROOMS = [
  ['us-room-1', 'mitte', 'Ultrasound 1', 'Ultrasound room'],
  ['consult-1', 'mitte', 'Consulting room 1', 'Consulting room'],
  ['consult-2', 'mitte', 'Consulting room 2', 'Consulting room'],
  ['consult-3', 'mitte', 'Consulting room 3', 'Consulting room'],
  ['counselling-room', 'mitte', 'Counselling', 'Counselling room'],
  ['phlebotomy-1', 'mitte', 'Blood collection Mitte', 'Blood collection room'],
  ['theatre-1', 'mitte', 'Operating theatre', 'Operating theatre'],
  ['transfer-room', 'mitte', 'Transfer room', 'Procedure room'],
  ['embryology-lab', 'mitte', 'Embryology laboratory', 'Laboratory'],
  ['andrology-lab', 'mitte', 'Andrology laboratory', 'Laboratory'],
  ['cryo-room', 'mitte', 'Cryo storage', 'Cryo storage room'],
  ['collection-room-1', 'mitte', 'Collection room 1', 'Collection room'],
  ['collection-room-2', 'mitte', 'Collection room 2', 'Collection room'],
  ['us-room-2', 'pankow', 'Ultrasound 2', 'Ultrasound room'],
  ['consult-4', 'pankow', 'Consulting room 4', 'Consulting room'],
  ['phlebotomy-2', 'pankow', 'Blood collection Pankow', 'Blood collection room'],
  ['consult-5', 'potsdam', 'Consulting room 5', 'Consulting room'],
  ['phlebotomy-3', 'potsdam', 'Blood collection Potsdam', 'Blood collection room'],
];

// id, name, kind, room, serial number
const DEVICES = [
  ['voluson-1', 'Ultrasound machine 1', 'Ultrasound scanner', 'us-room-1', 'US-48-20117'],
  ['voluson-2', 'Ultrasound machine 2', 'Ultrasound scanner', 'us-room-2', 'US-48-20342'],
  ['incubator-1', 'Bench-top incubator 1', 'Embryo incubator', 'embryology-lab', 'INC-6-00831'],
  ['incubator-2', 'Bench-top incubator 2', 'Embryo incubator', 'embryology-lab', 'INC-6-00832'],
  ['incubator-3', 'Time-lapse incubator 3', 'Time-lapse embryo incubator', 'embryology-lab', 'TLI-2-00119'],
  ['icsi-rig-1', 'ICSI rig', 'Inverted microscope with micromanipulators', 'embryology-lab', 'MIC-90-04410'],
];

const postal = (line, postalCode, city) => ({
  use: 'work', type: 'both', line: [line], city, postalCode, country: 'DE',
});

function organisation(id, name, type, { alias, phone, email, address, partOf, contact }) {
  return {
    resourceType: 'Organization',
    id,
    identifier: [identifier('organisation', id, 'official')],
    active: true,
    type: [hl7Concept('organization-type', ...type)],
    name,
    alias,
    telecom: [
      { system: 'phone', value: phone, use: 'work' },
      { system: 'email', value: email, use: 'work' },
    ],
    address: [address],
    partOf,
    contact,
  };
}

function organisations() {
  const provider = ['prov', 'Healthcare Provider'];
  const payer = ['pay', 'Payer'];
  const mitte = SITES.mitte;
  return [
    organisation('clinic', 'Nordlicht Kinderwunschzentrum', provider, {
      alias: ['Nordlicht', 'Nordlicht Fertility Centre'],
      phone: mitte.phone,
      email: 'empfang@nordlicht.example.org',
      address: postal(mitte.line, mitte.postalCode, mitte.city),
      contact: [{
        purpose: hl7Concept('contactentity-type', 'PATINF', 'Patient'),
        name: { text: 'Empfang' },
        telecom: [{ system: 'phone', value: '+49 30 23125 101', use: 'work' }],
      }],
    }),
    organisation('lab', 'Nordlicht Labor', ['dept', 'Hospital Department'], {
      phone: '+49 30 23125 180',
      email: 'labor@nordlicht.example.org',
      address: postal(mitte.line, mitte.postalCode, mitte.city),
      partOf: reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum'),
    }),
    organisation('genetics-lab', 'Genomik am Fließ', provider, {
      alias: ['Genomik am Fließ – Labor für Humangenetik'],
      phone: '+49 30 23125 700',
      email: 'befund@genomik-fliess.example.com',
      address: postal('Tegeler Fließweg 21', '13469', 'Berlin'),
    }),
    organisation('simpayer', 'Bärenkasse Berlin', payer, {
      alias: ['Bärenkasse'],
      phone: '+49 30 23125 800',
      email: 'service@baerenkasse.example.com',
      address: postal('Spreekontor 1', '10179', 'Berlin'),
    }),
    organisation('nordkasse', 'Nordkasse Privatversicherung', payer, {
      phone: '+49 40 66969 200',
      email: 'leistung@nordkasse.example.com',
      address: postal('Alsterbogen 44', '20354', 'Hamburg'),
    }),
  ];
}

function physicalType(code, display) {
  return hl7Concept('location-physical-type', code, display);
}

function sites() {
  return Object.entries(SITES).map(([key, site]) => ({
    resourceType: 'Location',
    id: `site-${key}`,
    identifier: [identifier('location', `site-${key}`, 'official')],
    status: 'active',
    name: site.name,
    mode: 'instance',
    type: [hl7Concept('v3-RoleCode', 'OF', 'Outpatient facility')],
    telecom: [{ system: 'phone', value: site.phone, use: 'work' }],
    address: postal(site.line, site.postalCode, site.city),
    physicalType: physicalType('si', 'Site'),
    position: { longitude: decimal(site.longitude), latitude: decimal(site.latitude) },
    managingOrganization: reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum'),
    hoursOfOperation: [{
      daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'], openingTime: '07:30:00', closingTime: '18:00:00',
    }],
  }));
}

function partOfSite(id, siteKey, name, type, physical) {
  return {
    resourceType: 'Location',
    id,
    identifier: [identifier('location', id, 'official')],
    status: 'active',
    name,
    mode: 'instance',
    type: [type],
    physicalType: physical,
    managingOrganization: reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum'),
    partOf: reference('Location', `site-${siteKey}`, SITES[siteKey].name),
  };
}

function wardAndBeds() {
  const ward = partOfSite(
    'ward-1', 'mitte', 'Day ward', hl7Concept('v3-RoleCode', 'HU', 'Hospital unit'), physicalType('wa', 'Ward'),
  );
  const beds = [1, 2, 3, 4, 5, 6].map((number) => ({
    ...partOfSite(`bed-${number}`, 'mitte', `Bed ${number}`, concept('Bed'), physicalType('bd', 'Bed')),
    operationalStatus: coding(system.hl7('v2-0116'), 'U', 'Unoccupied'),
    partOf: reference('Location', 'ward-1', 'Day ward'),
  }));
  return [ward, ...beds];
}

function devices() {
  return DEVICES.map(([id, name, kind, room, serialNumber]) => ({
    resourceType: 'Device',
    id,
    identifier: [identifier('device', id, 'official')],
    status: 'active',
    serialNumber,
    deviceName: [{ name, type: 'user-friendly-name' }],
    type: concept(kind),
    owner: reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum'),
    location: reference('Location', room),
  }));
}

export const siteOfRoom = Object.fromEntries(ROOMS.map(([id, site]) => [id, site]));

export function organisationResources() {
  const rooms = ROOMS.map(([id, site, name, kind]) =>
    partOfSite(id, site, name, concept(kind), physicalType('ro', 'Room')));
  return [...organisations(), ...sites(), ...rooms, ...wardAndBeds(), ...devices()];
}
