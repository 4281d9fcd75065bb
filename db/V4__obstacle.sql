-- Why the next step of a rotation has to wait for the key store, in words; null when it does not.
alter table vault.rotation add column obstacle text;
