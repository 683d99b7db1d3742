// What is still to come: visits that are booked, and people who wait for one.

import { ANCHOR, addDays, berlin, minutesOf } from './calendar.mjs';
import { reference } from './fhir.mjs';
import { displayName } from './patients.mjs';
import { serviceOf, visitType } from './services.mjs';
import { practitionerOfRole } from './staff.mjs';
import { VisitPlan, appointment } from './visits.mjs';

// patient, kind of visit, days after the anchor, whom they see
const BOOKED = [
  ['anna', 'follicle-scan', 1, 'dr-lindholm'], ['anna', 'blood-test', 1], ['olena', 'baseline-scan', 1, 'dr-tanaka'],
  ['ben', 'andrology-consultation', 3, 'dr-menon'], ['eleni', 'counselling', 2], ['noa', 'follow-up-consultation', 4, 'dr-tanaka'],
  ['layla', 'follicle-scan', 3, 'dr-lindholm'], ['anna', 'follicle-scan', 4, 'dr-lindholm'], ['mei', 'results-consultation', 7, 'dr-lindholm'],
  ['priya', 'early-pregnancy-scan', 8, 'dr-tanaka'], ['zeynep', 'consent-signing', 9, 'dr-lindholm'], ['katerina', 'first-consultation', 10, 'dr-tanaka'],
  ['elodie', 'video-consultation', 11, 'dr-lindholm'], ['ines', 'blood-test', 16], ['thuy', 'nurse-teaching', 17],
  ['szymon', 'sperm-freezing', 18], ['sakura', 'baseline-scan', 22, 'dr-lindholm'], ['olena', 'counselling', 23],
  ['emre', 'semen-analysis', 36], ['noa', 'follicle-scan', 50, 'dr-tanaka'],
];

// patient, kind of visit, from and until how many days after the anchor, how urgent (1 first), with whom
const WAITING = [
  ['layla', 'counselling', 1, 21, 3], ['mei', 'first-consultation', 1, 42, 5, 'dr-lindholm'],
  ['zeynep', 'follicle-scan', 2, 6, 1, 'dr-tanaka'], ['szymon', 'andrology-consultation', 3, 30, 2, 'dr-menon'],
  ['noa', 'embryo-transfer', 10, 20, 1],
];

/** When everything is open on any day that the clinic is, an hour more or less after a change of the clock included. */
const TIMES = [['10:30', '11:30'], ['14:30', '15:30']];

/** The first free time of the day, from a quarter of an hour on that differs from day to day. */
function place(plan, patient, by, service, date, days) {
  const starts = TIMES.flatMap(([from, to]) => {
    const count = Math.trunc((minutesOf(to) - minutesOf(from)) / 15);
    return Array.from({ length: count }, (_, quarter) => minutesOf(from) + 15 * quarter);
  });
  const rotated = [...starts.slice(days % starts.length), ...starts.slice(0, days % starts.length)];
  for (const start of rotated) {
    const end = start + service.minutes;
    for (const { role, room, device } of plan.candidates({ patient, by }, service, date, false)) {
      const actors = [`Patient/${patient}`, `Practitioner/${practitionerOfRole[role]}`, `Location/${room}`];
      if (device) actors.push(`Device/${device}`);
      const isFree = actors.every((actor) => plan.busy.isFree(actor, date, start, end));
      if (isFree && TIMES.some(([from, to]) => start >= minutesOf(from) && end <= minutesOf(to))) {
        plan.busy.take(actors, date, start, end);
        return { role, room, device, start, end };
      }
    }
  }
  throw new Error(`no time for ${patient} ${service.id} on ${date}`);
}

function booked() {
  const plan = new VisitPlan();
  const numbers = {};
  return BOOKED.map(([patient, id, days, by]) => {
    const date = addDays(ANCHOR, days);
    const service = serviceOf[id];
    const number = (numbers[patient] ?? 0) + 1;
    numbers[patient] = number;
    const visit = {
      id: `${patient}-ahead-${number}`, number: number + 1, story: { patient }, service, date, what: { status: 'booked' },
      ...place(plan, patient, by, service, date, days),
    };
    return { ...appointment(visit), created: berlin(addDays(ANCHOR, -4 - (days % 20)), minutesOf('11:00') + days) };
  });
}

function waiting([patient, id, from, until, priority, by], index) {
  const wants = (actor) => ({ actor, required: 'required', status: 'needs-action' });
  return {
    resourceType: 'Appointment',
    id: `${patient}-waiting`,
    status: 'waitlist',
    serviceType: [visitType(serviceOf[id])],
    priority,
    created: berlin(addDays(ANCHOR, -12 - 5 * index), minutesOf('10:30')),
    participant: [
      wants(reference('Patient', patient, displayName(patient))),
      { actor: reference('HealthcareService', id), required: 'information-only', status: 'tentative' },
      ...(by ? [wants(reference('PractitionerRole', by))] : []),
    ],
    requestedPeriod: [{ start: addDays(ANCHOR, from), end: addDays(ANCHOR, until) }],
  };
}

export const aheadResources = () => [...booked(), ...WAITING.map(waiting)];
