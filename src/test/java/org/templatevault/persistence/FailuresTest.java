package org.templatevault.persistence;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import jakarta.persistence.PersistenceException;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** What the same foreign key says to a node that wraps under a destroyed version, and to the destruction of one in use. */
class FailuresTest {
    private static PersistenceException refused(String sentence) {
        return new PersistenceException(new SQLException(
                "ERROR: " + sentence + " violates foreign key constraint"
                        + " \"subject_key_is_wrapped_by_a_living_version\"",
                "23503"));
    }

    @Test
    void triesAgainWhatWasWrappedUnderADestroyedVersion() {
        PersistenceException failure = refused("insert or update on table \"subject_key\"");
        assertInstanceOf(TryAgainException.class, Failures.duringWrap(failure));
    }

    @Test
    void doesNotTryADestructionAgainThatTheDatabaseRefuses() {
        PersistenceException failure = refused("update or delete on table \"key_material\"");
        assertSame(failure, Failures.duringWork(failure));
    }
}
