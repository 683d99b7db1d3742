// A small seeded generator: the same name gives the same numbers on every machine.

function seedOf(name) {
  let hash = 0x811c9dc5;
  for (const character of name) {
    hash ^= character.codePointAt(0);
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash;
}

/** Numbers drawn for one purpose, so that adding a patient does not change the others. */
export class Random {
  constructor(name) {
    this.state = seedOf(name);
  }

  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let word = this.state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  }

  /** An integer from `low` to `high`, both included. */
  integer(low, high) {
    return low + (this.next() % (high - low + 1));
  }

  pick(list) {
    return list[this.integer(0, list.length - 1)];
  }

  /** Digits of a decimal between two others that have `places` decimal places. */
  digits(low, high, places) {
    const scale = 10 ** places;
    const scaled = this.integer(Math.round(low * scale), Math.round(high * scale));
    return (scaled / scale).toFixed(places);
  }
}
