// Calendars of people, rooms and machines, and free Slots of the one room that is kept by them.

import { ANCHOR, addDays, berlin } from './calendar.mjs';
import { reference, system } from './fhir.mjs';
import { roomsAndDevicesOfServices, servicesOfRoles } from './services.mjs';

/** More than the longest time between two changes of the clock, so that one is always within. */
const WEEKS = 32;

const part = (url, value) => ({ url, ...value });

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri'];
const DAY = [['08:00', '12:30'], ['13:15', '17:00']];

/** Who works when: days, times, and every how many weeks; without a word all week. */
const HOURS = {
  'dr-menon': [[['tue', 'thu'], [['09:00', '12:30'], ['13:15', '18:00']]]],
  'dr-echeverria': [[WEEK, [['07:30', '13:00']]]],
  'counsellor-weiss': [[['mon', 'wed', 'thu'], [['09:00', '12:30'], ['13:15', '19:00']]]],
  'donor-coordinator-levchenko': [[['fri'], [['09:00', '12:00']], 2]],
  'nurse-hakansson': [[WEEK, [['07:30', '12:30'], ['13:15', '16:30']]]],
  'nurse-levchenko': [[['mon', 'tue', 'wed', 'thu'], [['07:30', '12:30'], ['13:00', '16:30']]]],
  // The two smaller sites are open on some days only.
  'us-room-2': [[['wed'], DAY]], 'voluson-2': [[['wed'], DAY]], 'consult-4': [[['wed'], DAY]],
  'consult-5': [[['fri'], DAY]], 'phlebotomy-3': [[['fri'], [['07:30', '11:00']]]],
  'phlebotomy-1': [[WEEK, [['07:30', '16:30']]]],
  'theatre-1': [[WEEK, [['07:30', '14:00']]]],
};

const EXCEPTIONS = {
  'dr-lindholm': [['closed', addDays(ANCHOR, 28), addDays(ANCHOR, 32), 'Leave']],
  'dr-tanaka': [['closed', addDays(ANCHOR, 14), addDays(ANCHOR, 14), 'Congress']],
  'us-room-1': [['closed', berlin(addDays(ANCHOR, 9), 12 * 60), berlin(addDays(ANCHOR, 9), 14 * 60), 'Maintenance']],
  // A Saturday of scans.
  'voluson-1': [['open', berlin(addDays(ANCHOR, 12), 9 * 60), berlin(addDays(ANCHOR, 12), 12 * 60)]],
};

/** Kept by Slots alone. */
const BY_SLOTS = 'phlebotomy-2';

function rules(id, services) {
  const hours = HOURS[id] ?? [[WEEK, DAY]];
  return hours.flatMap(([days, times, everyWeeks]) => times.map(([from, to]) => part('rule', {
    extension: [
      ...days.map((day) => part('days', { valueCode: day })),
      part('from', { valueTime: `${from}:00` }),
      part('to', { valueTime: `${to}:00` }),
      ...(everyWeeks ? [part('week-interval', { valuePositiveInt: everyWeeks })] : []),
      ...services.map((service) => part('service', { valueReference: reference('HealthcareService', service) })),
    ],
  })));
}

function exception([kind, start, end, reason]) {
  return part('exception', {
    extension: [
      part('when', { valuePeriod: { start, end } }),
      part('kind', { valueCode: kind }),
      ...(reason ? [part('reason', { valueString: reason })] : []),
    ],
  });
}

/** `services` are those that an actor is kept for: a role says that itself. */
function schedule(type, id, services) {
  const isBySlots = id === BY_SLOTS;
  return {
    resourceType: 'Schedule',
    id,
    extension: [{
      url: system.extension('availability'),
      extension: [
        part('mode', { valueCode: isBySlots ? 'slots' : 'rules' }),
        part('timezone', { valueCode: 'Europe/Berlin' }),
        ...(isBySlots ? [] : rules(id, services)),
        ...(EXCEPTIONS[id] ?? []).map(exception),
      ],
    }],
    active: true,
    actor: [reference(type, id)],
    planningHorizon: { start: ANCHOR, end: addDays(ANCHOR, 7 * WEEKS - 1) },
  };
}

/** Two mornings of blood tests. */
function slots() {
  return [3, 10].flatMap((day) => Array.from({ length: 8 }, (_, place) => {
    const start = 7 * 60 + 30 + 15 * place;
    return {
      resourceType: 'Slot',
      id: `${BY_SLOTS}-${day}-${place + 1}`,
      schedule: reference('Schedule', BY_SLOTS),
      status: 'free',
      start: berlin(addDays(ANCHOR, day), start),
      end: berlin(addDays(ANCHOR, day), start + 15),
    };
  }));
}

export function scheduleResources() {
  const { rooms, devices } = roomsAndDevicesOfServices();
  return [
    ...Object.keys(servicesOfRoles()).map((role) => schedule('PractitionerRole', role, [])),
    ...Object.entries(rooms).map(([room, services]) => schedule('Location', room, services)),
    ...Object.entries(devices).map(([device, services]) => schedule('Device', device, services)),
    ...slots(),
  ];
}
