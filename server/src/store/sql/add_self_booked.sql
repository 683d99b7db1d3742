-- a visit that a patient, or somebody who speaks for one, has booked
insert into self_booked (appointment, person, service) values ($1, $2, $3)
on conflict (appointment) do update set person = excluded.person, service = excluded.service
