-- Each store asks whether its subject's data key has stood under a compromised version: the rotations are never deleted,
-- and few of them are of that reason.

create index rotation_of_a_compromise on vault.rotation (compromised_version) where compromised_version is not null;
