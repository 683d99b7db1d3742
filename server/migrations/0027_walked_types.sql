-- Plans are made without values: a type is then taken for one of as many as there are in the table, with equal shares. Where
-- a clinic has few types, walking one of them seemed as cheap by the numbers of all rows as by its own index, and that read
-- the whole table for a type whose rows are old. R4 has 148 types; it is by its index that one is walked. In force from the
-- next time that the table is analyzed, which the database does by itself.
alter table resource alter resource_type set (n_distinct = 148);
