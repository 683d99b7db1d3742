// Dates of the clinic: the anchor, Berlin's offsets, opening days, and who is busy when.

/** `load` counts whole weeks from this Monday to today. */
export const ANCHOR = '2026-01-05';
export const EARLIEST = '2024-07-05';

const DAY_MS = 86_400_000;
const atMidnight = (date) => Date.UTC(+date.slice(0, 4), +date.slice(5, 7) - 1, +date.slice(8, 10));
const two = (number) => String(number).padStart(2, '0');

export function addDays(date, days) {
  return new Date(atMidnight(date) + days * DAY_MS).toISOString().slice(0, 10);
}

/** 0 is Sunday. */
const weekday = (date) => new Date(atMidnight(date)).getUTCDay();

export function ageAt(birthDate, date) {
  const years = +date.slice(0, 4) - +birthDate.slice(0, 4);
  return date.slice(5) < birthDate.slice(5) ? years - 1 : years;
}

function lastSunday(year, month) {
  let date = `${year}-${month}-31`.replace('-04-31', '-04-30');
  while (weekday(date) !== 0) date = addDays(date, -1);
  return date;
}

/** Summer time by day: nothing here happens in the night of a change. */
export function berlinOffset(date) {
  const year = date.slice(0, 4);
  return date >= lastSunday(year, '03') && date < lastSunday(year, '10') ? '+02:00' : '+01:00';
}

/** A dateTime of Berlin's wall clock, `minutes` after its midnight. */
export function berlin(date, minutes) {
  return `${date}T${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}:00${berlinOffset(date)}`;
}

export const minutesOf = (clock) => +clock.slice(0, 2) * 60 + +clock.slice(3, 5);

const CLOSED = new Set([
  '2024-10-03', '2024-12-24', '2024-12-25', '2024-12-26', '2024-12-31', '2025-01-01', '2025-04-18',
  '2025-04-21', '2025-05-01', '2025-05-29', '2025-06-09', '2025-10-03', '2025-12-24', '2025-12-25',
  '2025-12-26', '2025-12-31', '2026-01-01',
]);

const isOpen = (date) => weekday(date) >= 1 && weekday(date) <= 5 && !CLOSED.has(date);

export function nextOpenDay(date) {
  let day = date;
  while (!isOpen(day)) day = addDays(day, 1);
  return day;
}

/** Busy times per actor, so that no two past appointments share a person, a room or a machine. */
export class Busy {
  constructor() {
    this.taken = new Map();
  }

  isFree(actor, date, start, end) {
    const times = this.taken.get(`${actor} ${date}`) ?? [];
    return times.every((time) => end <= time.start || start >= time.end);
  }

  /** The first start on the quarter hour, from `earliest` to 16:00, that suits all actors. */
  firstStart(actors, date, earliest, minutes) {
    for (let start = earliest; start + minutes <= 17 * 60; start += 15) {
      if (actors.every((actor) => this.isFree(actor, date, start, start + minutes))) return start;
    }
    return undefined;
  }

  take(actors, date, start, end) {
    for (const actor of actors) {
      const key = `${actor} ${date}`;
      this.taken.set(key, [...(this.taken.get(key) ?? []), { start, end }]);
    }
  }
}
