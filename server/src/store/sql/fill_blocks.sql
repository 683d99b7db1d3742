-- what blocks over visits have when all else is claimed
select 1 from (select fill_blocks(array(select distinct actor from forced_block))) as filled
