-- The waiting list goes by patients, and messages keep what they were planned for (server/decisions/0035-told-from-what-was-written.md).

-- To whom a visit was offered: nobody is offered the same time twice, or two visits at once, however often they wait.
alter table waitlist_offer add column patient text;
update waitlist_offer o set patient = (
    select p.one #>> '{actor,reference}'
      from resource r, jsonb_array_elements(r.json -> 'participant') as p(one)
     where r.resource_type = 'Appointment' and r.id = split_part(o.entry, '/', 2) and not r.deleted
       and p.one #>> '{actor,reference}' like 'Patient/%'
     limit 1);
create index waitlist_offer_patient on waitlist_offer (patient);

-- When a message was planned to be sent: due says when it is tried next.
alter table message add column planned timestamptz;
update message set planned = due;
alter table message alter column planned set not null;
