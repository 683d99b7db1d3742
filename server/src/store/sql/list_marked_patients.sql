-- the patients with one of two labels, and which they have
select r.resource_type || '/' || r.id as patient, r.tok @> array[$1::bigint] as is_sealed, r.tok @> array[$2::bigint] as is_restricted
  from resource r
 where r.tok && array[$1::bigint, $2::bigint] and r.resource_type = 'Patient' and not r.deleted
