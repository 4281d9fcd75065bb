-- Erasures of many give way to readers and keep to a rate, as rotations do.

alter table vault.bulk_erasure
    add column rate        integer constraint bulk_erasure_rate_is_positive check (rate >= 1),
    add column backing_off text;
