package org.templatevault.persistence;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Optional;
import java.util.UUID;

/** The tags by which a caller's own reference finds its subject; the reference itself is never here. */
@ApplicationScoped
public class References {
    @Inject
    Sql sql;

    /** Takes the tag for the subject; false if it is taken, after waiting for whoever holds it. */
    public boolean claim(byte[] tag, int indexKeyNumber, UUID subject) {
        return sql.update(
                        "insert into vault.subject_reference (tag, index_key_number, subject_id) values (?, ?, ?)"
                                + " on conflict do nothing",
                        tag,
                        indexKeyNumber,
                        subject)
                == 1;
    }

    /** The subject that the tag belongs to. */
    public Optional<UUID> find(byte[] tag, int indexKeyNumber) {
        return sql.first(
                "select subject_id from vault.subject_reference where tag = ? and index_key_number = ?",
                row -> Sql.uuid(row, "subject_id"),
                tag,
                indexKeyNumber);
    }

    /** Removes the subject's tags. */
    public void deleteOf(UUID subject) {
        sql.update("delete from vault.subject_reference where subject_id = ?", subject);
    }
}
