// Past visits: when and where each took place, as an Appointment and an Encounter.

import {
  ANCHOR, Busy, addDays, berlin, berlinOffset, minutesOf, nextOpenDay,
} from './calendar.mjs';
import { coding, concept, hl7Concept, reference, system } from './fhir.mjs';
import { siteOfRoom } from './organisation.mjs';
import { displayName } from './patients.mjs';
import { Random } from './random.mjs';
import { serviceOf, visitType } from './services.mjs';
import { nameOfPractitioner, practitionerOfRole, sitesOfRole } from './staff.mjs';

const LATEST = addDays(ANCHOR, -3);

export const clinicReference = () => reference('Organization', 'clinic');

export const practitionerReference = (role) => reference('Practitioner', practitionerOfRole[role]);

export const patientReference = (id) => reference('Patient', id);

/** Books visits one after the other; a person works at one site a day. */
export class VisitPlan {
  constructor() {
    this.busy = new Busy();
    this.siteOfDay = new Map();
  }

  /** Where and with whom a visit of this service can take place on `date`, best first. */
  candidates(story, service, date, alone) {
    const random = new Random(`${story.patient} ${service.id} ${date}`);
    const pool = [...service.roles];
    const shift = random.integer(0, pool.length - 1);
    const rotated = [...pool.slice(shift), ...pool.slice(0, shift)];
    const roles = rotated.includes(story.by) ? [story.by, ...rotated.filter((role) => role !== story.by)] : rotated;
    const rooms = service.rooms.filter((room) => alone || siteOfRoom[room] === 'mitte');
    const start = random.integer(0, rooms.length - 1);
    const roomsRotated = [...rooms.slice(start), ...rooms.slice(0, start)];
    return roles.flatMap((role) => roomsRotated
      .filter((room) => sitesOfRole[role].includes(`site-${siteOfRoom[room]}`))
      .filter((room) => {
        const site = this.siteOfDay.get(`${practitionerOfRole[role]} ${date}`);
        return site === undefined || site === siteOfRoom[room];
      })
      .map((room) => ({ role, room, device: service.devices?.[room] })));
  }

  book(story, service, date, alone, notBefore) {
    const random = new Random(`${story.patient} ${service.id} ${date} time`);
    const wanted = Math.max(notBefore, 8 * 60 + 15 * random.integer(0, 24));
    for (const { role, room, device } of this.candidates(story, service, date, alone)) {
      const actors = [`Patient/${story.patient}`, `Practitioner/${practitionerOfRole[role]}`, `Location/${room}`];
      if (device) actors.push(`Device/${device}`);
      const start = this.busy.firstStart(actors, date, wanted, service.minutes)
        ?? this.busy.firstStart(actors, date, Math.max(notBefore, 8 * 60), service.minutes);
      if (start !== undefined) {
        this.busy.take(actors, date, start, start + service.minutes);
        this.siteOfDay.set(`${practitionerOfRole[role]} ${date}`, siteOfRoom[room]);
        return { role, room, device, start, end: start + service.minutes };
      }
    }
    throw new Error(`no time for ${story.patient} ${service.id} on ${date}`);
  }

  /** The visits of one story with their times, in order. */
  plan(story) {
    const days = story.visits.map(([, offset]) => nextOpenDay(addDays(story.start, offset)));
    const ends = new Map();
    return story.visits.map(([serviceId, , what = {}], index) => {
      const date = days[index];
      if (date > LATEST || (index > 0 && date < days[index - 1])) throw new Error(`${story.patient} visit ${index + 1}: ${date}`);
      const alone = days.filter((day) => day === date).length === 1;
      const service = serviceOf[serviceId];
      const booking = this.book(story, service, date, alone, ends.get(date) ?? 8 * 60);
      ends.set(date, booking.end);
      return { id: `${story.patient}-visit-${index + 1}`, number: index + 1, story, service, date, what, ...booking };
    });
  }
}

const BERLIN_TIME = { extension: [{ url: system.core('tz-code'), valueCode: 'Europe/Berlin' }] };

function appointmentStatus({ what }) {
  return what.status ?? 'fulfilled';
}

export function appointment(visit) {
  const { id, story, service, date, what, role, room, device } = visit;
  const status = appointmentStatus(visit);
  const random = new Random(`${id} appointment`);
  const created = nextOpenDay(addDays(date, -random.integer(9, 30)));
  const participant = (actor) => ({ actor, required: 'required', status: 'accepted' });
  return {
    resourceType: 'Appointment',
    id,
    status,
    cancelationReason: status === 'cancelled' ? hl7Concept('appointment-cancellation-reason', ...what.reason) : undefined,
    serviceType: [visitType(service)],
    appointmentType: visit.number === 1
      ? hl7Concept('v2-0276', 'ROUTINE', 'Routine appointment - default if not valued')
      : hl7Concept('v2-0276', 'FOLLOWUP', 'A follow up visit from a previous appointment'),
    start: berlin(date, visit.start),
    _start: BERLIN_TIME,
    end: berlin(date, visit.end),
    minutesDuration: service.minutes,
    created: berlin(created < date ? created : addDays(date, -1), minutesOf('10:00') + random.integer(0, 300)),
    participant: [
      participant(reference('Patient', story.patient, displayName(story.patient))),
      participant(reference('PractitionerRole', role, nameOfPractitioner[practitionerOfRole[role]])),
      participant(reference('Location', room)),
      ...(device ? [participant(reference('Device', device))] : []),
    ],
  };
}

/** True when the patient came. */
export const tookPlace = (visit) => appointmentStatus(visit) === 'fulfilled';

function encounterClass(service) {
  return service.id === 'video-consultation'
    ? coding(system.hl7('v3-ActCode'), 'VR', 'virtual')
    : coding(system.hl7('v3-ActCode'), 'AMB', 'ambulatory');
}

/** The time the patient was called in: up to ten minutes late. */
export const calledIn = (visit) => visit.start + new Random(`${visit.id} late`).integer(0, Math.min(10, visit.service.minutes - 10));

export function encounter(visit, conditions) {
  const { id, story, service, date, role, room } = visit;
  const period = { start: berlin(date, calledIn(visit)), end: berlin(date, visit.end) };
  return {
    resourceType: 'Encounter',
    id,
    status: 'finished',
    class: encounterClass(service),
    serviceType: visitType(service),
    subject: patientReference(story.patient),
    participant: [{
      type: [hl7Concept('v3-ParticipationType', 'PPRF', 'primary performer')],
      individual: practitionerReference(role),
    }],
    appointment: [reference('Appointment', id)],
    period,
    reasonCode: visit.number === 1 && story.reason ? [concept(story.reason)] : undefined,
    diagnosis: conditions.length > 0
      ? conditions.map((condition, index) => ({ condition: reference('Condition', condition), rank: index + 1 }))
      : undefined,
    location: [{ location: reference('Location', room), status: 'completed' }],
    serviceProvider: clinicReference(),
  };
}

/** A later moment of the same visit, never after its end. */
export const during = (visit, minutes) => berlin(visit.date, Math.min(visit.end, calledIn(visit) + minutes));

/** An instant needs seconds and an offset; `berlin` writes both. */
export function openingDayAfter(date, days, clock) {
  return `${nextOpenDay(addDays(date, days))}T${clock}:00${berlinOffset(nextOpenDay(addDays(date, days)))}`;
}
