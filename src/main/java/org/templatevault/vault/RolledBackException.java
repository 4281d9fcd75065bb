package org.templatevault.vault;

import java.util.ArrayList;
import java.util.List;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Templates;

/** An atomic batch had an item that failed: carries the outcomes out of the transaction that is rolled back. */
final class RolledBackException extends RuntimeException {
    private final transient List<Outcome<Templates.Metadata>> outcomes = new ArrayList<>();

    RolledBackException(List<Outcome<Templates.Metadata>> attempted) {
        super("An item of an atomic batch failed", null, false, false);
        for (Outcome<Templates.Metadata> outcome : attempted) {
            outcomes.add(outcome.isOk() ? Outcome.failed(notStored()) : outcome);
        }
    }

    private static VaultException notStored() {
        return new VaultException(
                ErrorKind.ROLLED_BACK, "batch-rolled-back", "Not stored, because another item of the batch failed");
    }

    List<Outcome<Templates.Metadata>> outcomes() {
        return outcomes;
    }
}
