// Care teams: who may see a record because they treat the person.

import { concept, reference } from './fhir.mjs';
import { PEOPLE } from './people.mjs';
import { clinicReference, patientReference, practitionerReference } from './visits.mjs';
import { practitionerOfRole, roleText } from './staff.mjs';

const byId = Object.fromEntries(PEOPLE.map((person) => [person.id, person]));

/**
 * The team of a person: who is responsible for them, whoever has seen them, and who is responsible for their partner.
 * A donor's identity is nobody's but the coordinator's.
 */
export function careTeam(story, attended, responsible) {
  const { donorRecord, partner } = byId[story.patient];
  if (donorRecord || attended.length === 0) return [];
  const roles = [story.by, ...attended.map(({ role }) => role), responsible[partner]].filter((role) => role);
  const seen = new Set();
  const members = roles.filter((role) => !seen.has(practitionerOfRole[role]) && seen.add(practitionerOfRole[role]));
  return [{
    resourceType: 'CareTeam',
    id: `${story.patient}-team`,
    status: 'active',
    subject: patientReference(story.patient),
    period: { start: attended[0].date },
    participant: members.map((role) => ({
      role: [concept(roleText[role])],
      member: practitionerReference(role),
      onBehalfOf: clinicReference(),
    })),
    managingOrganization: [reference('Organization', 'clinic', 'Nordlicht Kinderwunschzentrum')],
  }];
}
