-- whether a process that sends messages has been there since
select exists (select from message_sender where seen >= $1)
