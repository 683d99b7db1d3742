// The 24 kinds of visit, and who, where and with what each of them takes place.

import { coding, concept, hl7Concept, identifier, quantity, reference, system } from './fhir.mjs';
import { siteOfRoom } from './organisation.mjs';

const PHYSICIANS = ['dr-lindholm', 'dr-tanaka'];
const NURSES = ['nurse-hakansson', 'nurse-levchenko'];
const EMBRYOLOGISTS = ['embryologist-marin', 'embryologist-okafor'];
const CONSULTING = ['consult-1', 'consult-2', 'consult-3', 'consult-4', 'consult-5'];
const BLOOD_ROOMS = ['phlebotomy-1', 'phlebotomy-2', 'phlebotomy-3'];
const SCAN_ROOMS = { 'us-room-1': 'voluson-1', 'us-room-2': 'voluson-2' };
const OBSTETRICS = ['28', 'Specialist Obstetrics & Gynecology'];
const IMAGING = ['30', 'Specialist Radiology/Imaging'];
const PATHOLOGY = ['26', 'Specialist Clinical Pathology'];
const COUNSELLING = ['8', 'Counselling'];
const SURGICAL = ['31', 'Specialist Surgical'];
const MEDICAL = ['27', 'Specialist Medical'];

// The public name says nothing of fertility care: it stands on calendars and reminders.
const service = (id, name, publicName, category, minutes, roles, rooms, devices) =>
  ({ id, name, publicName, category, minutes, roles, rooms, devices });

const SERVICES = [
  service('first-consultation', 'First consultation', 'First appointment', OBSTETRICS, 60, PHYSICIANS, CONSULTING),
  service('follow-up-consultation', 'Follow-up consultation', 'Follow-up appointment', OBSTETRICS, 30, PHYSICIANS, CONSULTING),
  service('results-consultation', 'Discussion of results', 'Follow-up appointment', OBSTETRICS, 30, PHYSICIANS, CONSULTING),
  service('video-consultation', 'Video consultation', 'Video appointment', OBSTETRICS, 30, PHYSICIANS, ['consult-1', 'consult-2']),
  service('andrology-consultation', 'Andrology consultation', 'Consultation', MEDICAL, 45, ['dr-menon'], ['consult-3']),
  service('counselling', 'Psychosocial counselling', 'Conversation', COUNSELLING, 60, ['counsellor-weiss'], ['counselling-room']),
  service('genetic-counselling', 'Genetic counselling', 'Conversation', COUNSELLING, 60, ['dr-tanaka'], ['counselling-room']),
  service('anaesthesia-consultation', 'Anaesthesia consultation', 'Preparation', MEDICAL, 30, ['dr-echeverria'], ['consult-2', 'consult-3']),
  service('nurse-teaching', 'Injection teaching', 'Nurse appointment', OBSTETRICS, 30, NURSES, ['counselling-room', 'phlebotomy-1']),
  service('consent-signing', 'Consent signing', 'Paperwork', OBSTETRICS, 30, PHYSICIANS, CONSULTING),
  service('blood-test', 'Blood test', 'Laboratory appointment', PATHOLOGY, 15, NURSES, BLOOD_ROOMS),
  service('baseline-scan', 'Baseline scan', 'Ultrasound', IMAGING, 20, PHYSICIANS, Object.keys(SCAN_ROOMS), SCAN_ROOMS),
  service('follicle-scan', 'Follicle scan', 'Ultrasound', IMAGING, 20, PHYSICIANS, Object.keys(SCAN_ROOMS), SCAN_ROOMS),
  service('early-pregnancy-scan', 'Early pregnancy scan', 'Ultrasound', IMAGING, 20, PHYSICIANS, Object.keys(SCAN_ROOMS), SCAN_ROOMS),
  service('tubal-patency-test', 'Tubal patency test (contrast sonography)', 'Ultrasound', IMAGING, 45, PHYSICIANS, ['us-room-1'], SCAN_ROOMS),
  service('hysteroscopy', 'Hysteroscopy', 'Procedure', SURGICAL, 60, PHYSICIANS, ['theatre-1']),
  service('semen-analysis', 'Semen analysis', 'Laboratory appointment', PATHOLOGY, 30, ['embryologist-zak'], ['collection-room-1', 'collection-room-2']),
  service('sperm-freezing', 'Sperm freezing', 'Laboratory appointment', PATHOLOGY, 45, ['embryologist-zak'], ['collection-room-1', 'collection-room-2']),
  service('oocyte-retrieval', 'Oocyte retrieval', 'Procedure', SURGICAL, 30, [...PHYSICIANS, ...EMBRYOLOGISTS, 'dr-echeverria'], ['theatre-1']),
  service('embryo-transfer', 'Embryo transfer', 'Procedure', OBSTETRICS, 30, [...PHYSICIANS, ...EMBRYOLOGISTS], ['transfer-room']),
  service('frozen-embryo-transfer', 'Frozen embryo transfer', 'Procedure', OBSTETRICS, 30, [...PHYSICIANS, ...EMBRYOLOGISTS], ['transfer-room']),
  service('iui', 'Intrauterine insemination', 'Procedure', OBSTETRICS, 30, PHYSICIANS, ['transfer-room']),
  service('pregnancy-test', 'Pregnancy blood test', 'Laboratory appointment', PATHOLOGY, 15, NURSES, BLOOD_ROOMS),
  service('donor-screening', 'Donor screening', 'Appointment', MEDICAL, 60, ['dr-tanaka', 'donor-coordinator-levchenko'], ['consult-2', 'consult-3']),
];

export const serviceOf = Object.fromEntries(SERVICES.map((entry) => [entry.id, entry]));

export const visitType = (entry) => concept(entry.name, coding(system.own('visit-type'), entry.id, entry.name));

const SELF_BOOKED = new Set([
  'first-consultation', 'follow-up-consultation', 'results-consultation', 'video-consultation', 'blood-test',
]);
/** Minutes for cleaning. */
const AFTER = { 'theatre-1': 30, 'transfer-room': 15 };

/** What a role id says of the role: `dr-lindholm` is a physician. */
const roleOf = (id) => ({ dr: 'physician', donor: 'donor-coordinator' }[id.split('-')[0]] ?? id.split('-')[0]);

const part = (url, value) => ({ url, ...value });

/** Physicians of another specialty than the one that a visit is led by. */
const BESIDE = { 'dr-echeverria': ['394577000', 'Anesthetics'] };
const LEADING = ['394586005', 'Gynecology'];

/** What a visit takes up: one of each role, each specialty of physicians, a room, and a device where it needs one. */
function requirements(entry) {
  const requirement = (role, type, after, specialty) => ({
    url: 'requirement',
    extension: [
      part('role', { valueCode: role }), part('type', { valueCode: type }),
      ...(specialty ? [part('specialty', { valueCodeableConcept: concept(undefined, coding(system.snomed, ...specialty)) })] : []),
      ...(after ? [part('buffer-after', { valueUnsignedInt: after })] : []),
    ],
  });
  const beside = entry.roles.length > 1 ? entry.roles.filter((role) => BESIDE[role]) : [];
  const others = entry.roles.filter((role) => !beside.includes(role)).map(roleOf);
  return [
    ...[...new Set(others)].map((role) =>
      requirement(role, 'PractitionerRole', undefined, beside.length > 0 && role === 'physician' ? LEADING : undefined)),
    ...beside.map((role) => requirement(roleOf(role), 'PractitionerRole', undefined, BESIDE[role])),
    requirement('room', 'Location', AFTER[entry.rooms[0]]),
    ...(entry.devices ? [requirement('ultrasound', 'Device')] : []),
  ];
}

function schedulingPolicy(entry) {
  return {
    url: system.extension('scheduling-policy'),
    extension: [
      part('duration', { valuePositiveInt: entry.minutes }),
      part('align-minutes', { valuePositiveInt: entry.minutes % 15 === 0 ? 15 : 5 }),
      part('lead-minutes', { valueUnsignedInt: SELF_BOOKED.has(entry.id) ? 120 : 0 }),
      part('horizon-days', { valuePositiveInt: 180 }),
      part('cancel-cutoff-hours', { valueUnsignedInt: 24 }),
      part('self-book', { valueBoolean: SELF_BOOKED.has(entry.id) }),
      ...requirements(entry),
      part('reminder', { extension: [part('offset', { valueDuration: quantity('24', 'h') })] }),
    ],
  };
}

function healthcareService(entry) {
  const sites = [...new Set(entry.rooms.map((room) => `site-${siteOfRoom[room]}`))];
  return {
    resourceType: 'HealthcareService',
    id: entry.id,
    extension: [schedulingPolicy(entry)],
    identifier: [identifier('healthcare-service', entry.id, 'official')],
    active: true,
    providedBy: reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum'),
    category: [hl7Concept('service-category', ...entry.category)],
    type: [visitType(entry)],
    location: sites.map((site) => reference('Location', site)),
    name: entry.name,
    extraDetails: entry.publicName,
    appointmentRequired: true,
  };
}

/** Role id → the services it takes part in. */
export function servicesOfRoles() {
  const services = {};
  for (const entry of SERVICES) {
    for (const role of entry.roles) services[role] = [...(services[role] ?? []), entry.id];
  }
  return services;
}

/** Room id and device id → the services they are kept for. */
export function roomsAndDevicesOfServices() {
  const [rooms, devices] = [{}, {}];
  for (const entry of SERVICES) {
    for (const room of entry.rooms) {
      rooms[room] = [...(rooms[room] ?? []), entry.id];
      const device = entry.devices?.[room];
      if (device) devices[device] = [...(devices[device] ?? []), entry.id];
    }
  }
  return { rooms, devices };
}

export const serviceResources = () => SERVICES.map(healthcareService);
