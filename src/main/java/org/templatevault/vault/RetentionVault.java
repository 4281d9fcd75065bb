package org.templatevault.vault;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.Holds;
import org.templatevault.persistence.Policies;
import org.templatevault.persistence.Retention;
import org.templatevault.persistence.SubjectKeys;
import org.templatevault.persistence.SubjectKeys.Touched;
import org.templatevault.persistence.Transactions;

/** How long a subject is kept: its policy, the person's last interaction, legal holds. */
@ApplicationScoped
public class RetentionVault {
    @Inject
    Transactions transactions;

    @Inject
    SubjectKeys subjectKeys;

    @Inject
    SubjectVault subjects;

    @Inject
    Retention retention;

    @Inject
    Policies policies;

    @Inject
    Holds holds;

    /** The subject's policy and days. */
    public Retention.Row describe(UUID subject) {
        return transactions.read(() -> retention.find(subject)).orElseThrow(() -> subjects.absent(subject));
    }

    /**
     * Gives the subject another policy.
     *
     * @param expected the subject's revision that the caller saw
     * @return the revision now
     */
    public long assign(UUID subject, String policy, long expected) {
        return transactions.call(() -> {
            requireKnown(policies, policy);
            Touched touched = subjectKeys.touch(subject, 0).orElseThrow(() -> subjects.absent(subject));
            long revision = touched.row().revision();
            if (revision - 1 != expected) {
                throw new StaleVersionException(expected, revision - 1);
            }
            retention.assign(subject, policy);
            return revision;
        });
    }

    static void requireKnown(Policies policies, String policy) {
        if (policies.known(Set.of(policy)).isEmpty()) {
            throw unknownPolicy();
        }
    }

    static VaultException unknownPolicy() {
        return InvalidTemplateException.field("policy", "the name of a retention policy");
    }

    /** Refuses a policy that is not the one that a known subject has: to enrol again changes none. */
    static void requireSame(@Nullable String asked, @Nullable String present) {
        if (asked != null && !asked.equals(present)) {
            throw new PolicyDiffersException();
        }
    }

    /** The person was there today, as somebody says who works from a copy of the templates. */
    public void interacted(UUID subject) {
        boolean written = transactions.call(() -> retention.interacted(List.of(subject)) == 1);
        if (!written) {
            describe(subject);
        }
    }

    /**
     * Sets a hold. It takes the subject's row first, as an erasure does: one of the two comes after the other.
     *
     * @throws LegalHoldException if there is one
     */
    public Holds.Row hold(UUID subject, String reason, String caller) {
        UUID id = UuidCreator.getTimeOrderedEpoch();
        return transactions.call(() -> {
            if (!subjectKeys.lock(subject)) {
                throw subjects.absent(subject);
            }
            if (holds.of(subject).stream().anyMatch(Holds.Row::isActive)) {
                throw LegalHoldException.alreadySet();
            }
            holds.insert(subject, id, reason, caller, TemplateVault.now());
            return holds.of(subject).get(0);
        });
    }

    /** Lifts the hold. */
    public void lift(UUID subject, String reason, String caller) {
        transactions.run(() -> {
            if (!subjectKeys.lock(subject)) {
                throw subjects.absent(subject);
            }
            if (!holds.lift(subject, reason, caller, TemplateVault.now())) {
                throw LegalHoldException.absent();
            }
        });
    }

    /** The subject's holds, lifted ones too, the newest first. */
    public List<Holds.Row> holds(UUID subject) {
        List<Holds.Row> found = transactions.read(() -> holds.of(subject));
        if (found.isEmpty()) {
            describe(subject);
        }
        return found;
    }

    /** The holds that are in force, after one subject, in the order of the subjects' ids. */
    public List<Holds.Row> holdsInForce(UUID after, int limit) {
        return transactions.read(() -> holds.inForce(after, limit));
    }
}
