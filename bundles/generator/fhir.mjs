// Code system names and the small builders every other module uses.

const CAN = 'https://vesta.example/fhir';

export const system = {
  loinc: 'http://loinc.org',
  snomed: 'http://snomed.info/sct',
  ucum: 'http://unitsofmeasure.org',
  icd10: 'http://hl7.org/fhir/sid/icd-10',
  atc: 'http://www.whocc.no/atc',
  hl7: (name) => `http://terminology.hl7.org/CodeSystem/${name}`,
  own: (name) => `${CAN}/CodeSystem/${name}`,
  naming: (name) => `${CAN}/NamingSystem/${name}`,
  extension: (name) => `${CAN}/StructureDefinition/${name}`,
  core: (name) => `http://hl7.org/fhir/StructureDefinition/${name}`,
};

/** A number that keeps its digits (`5.0` stays `5.0`) on the way into JSON. */
class Decimal {
  constructor(digits) {
    if (!/^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(digits)) throw new Error(`not a decimal: ${digits}`);
    this.digits = digits;
  }

  toJSON() {
    return `decimal(${this.digits})`;
  }
}

export const decimal = (value) => new Decimal(String(value));

/** JSON text with two-space indent; elements set to undefined are left out. */
export function toText(resource) {
  return `${JSON.stringify(resource, null, 2).replace(/"decimal\(([-0-9.]+)\)"/g, '$1')}\n`;
}

export const reference = (type, id, display) => ({ reference: `${type}/${id}`, display });

export const coding = (codeSystem, code, display) => ({ system: codeSystem, code, display });

/** A CodeableConcept of several codings and the text a reader sees. */
export const concept = (text, ...codings) => ({
  coding: codings.length > 0 ? codings : undefined,
  text,
});

/** A CodeableConcept from an HL7 code system, without text of its own. */
export const hl7Concept = (name, code, display) => ({ coding: [coding(system.hl7(name), code, display)] });

export const quantity = (value, unit, code = unit) => ({
  value: decimal(value), unit, system: system.ucum, code,
});

export const age = (years) => quantity(years, 'years', 'a');

export const identifier = (name, value, use) => ({ use, system: system.naming(name), value });

/** An official identifier that says what it is in HL7's words. */
export const typedIdentifier = (typeCode, typeDisplay, name, value) => ({
  type: hl7Concept('v2-0203', typeCode, typeDisplay),
  ...identifier(name, value, 'official'),
});

/** The two sub-extensions of a competency: what for, and until when. */
export const competency = (code, validUntil) => ({
  url: system.extension('competency'),
  extension: [
    { url: 'code', valueCode: code },
    { url: 'valid-until', valueDate: validUntil },
  ],
});
