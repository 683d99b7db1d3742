-- in the transaction that filled it in, last of all
update terminology_state set packages = $1
