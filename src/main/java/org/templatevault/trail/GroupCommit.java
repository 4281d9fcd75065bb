package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.AuditUnavailableException;
import org.templatevault.persistence.Transactions;

/**
 * Writes entries that go with no transaction: while one group is on its way to the disk the next one gathers, and the
 * first of a group writes for all of it, in one statement that commits by itself. Nobody waits for company.
 */
@ApplicationScoped
class GroupCommit {
    private static final long PATIENCE_SECONDS = 5;

    /** Entries that are written together. */
    private static final class Group {
        final List<AuditEntries.Row> rows = new ArrayList<>();
        final CompletableFuture<Boolean> written = new CompletableFuture<>();
    }

    @Inject
    Transactions transactions;

    @Inject
    AuditEntries entries;

    private final Semaphore turn = new Semaphore(1, true);
    private @Nullable Group gathering;

    /**
     * Writes the entries; they are durable when this returns.
     *
     * @throws AuditUnavailableException if they may not be
     */
    void write(List<AuditEntries.Row> rows) {
        if (rows.isEmpty()) {
            return;
        }
        Group mine;
        boolean first;
        synchronized (this) {
            first = gathering == null;
            mine = gathering == null ? new Group() : gathering;
            gathering = mine;
            mine.rows.addAll(rows);
        }
        if (first) {
            lead(mine);
        }
        await(mine);
    }

    private void lead(Group group) {
        boolean mayWrite = false;
        try {
            mayWrite = turn.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            gathering = null;
        }
        if (!mayWrite) {
            group.written.completeExceptionally(new TimeoutException("The trail is busy"));
            return;
        }
        try {
            transactions.read(() -> entries.insert(group.rows));
            group.written.complete(true);
        } catch (RuntimeException e) {
            group.written.completeExceptionally(e);
        } finally {
            turn.release();
        }
    }

    private static void await(Group group) {
        try {
            group.written.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AuditUnavailableException(e);
        } catch (TimeoutException e) {
            throw new AuditUnavailableException(e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw cause instanceof VaultException known ? known : new AuditUnavailableException(cause);
        }
    }
}
