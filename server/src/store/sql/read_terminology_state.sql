-- what a process remembers holds as long as the revision does
select revision, packages from terminology_state
