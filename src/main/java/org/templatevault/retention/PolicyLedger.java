package org.templatevault.retention;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.LocalDate;
import java.time.Period;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.templatevault.approval.ApprovalLedger;
import org.templatevault.audit.AuditContext;
import org.templatevault.config.Settings;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.Policies;
import org.templatevault.persistence.Policies.Proposal;
import org.templatevault.persistence.Policies.Terms;
import org.templatevault.persistence.Policies.Version;
import org.templatevault.persistence.Transactions;

/**
 * The retention policies. A version is published before anything is erased by it: a new policy, and one that shortens a
 * limit, come into force after the notice; one that shortens nothing does at once.
 */
@ApplicationScoped
public class PolicyLedger {
    /** The kind of approval that the shortening of a limit needs. */
    public static final String SHORTEN = "shorten-retention";

    private static final System.Logger LOG = System.getLogger(PolicyLedger.class.getName());
    private static final Pattern TEXT = Pattern.compile("[^\\p{Cntrl}\"]{1,500}");
    private static final LocalDate ANY_DAY = LocalDate.of(2000, 1, 1);
    private static final int MOST_YEARS = 100;
    private static final int MOST_VERSIONS = 1000;

    /** What became of a change: the version that it published, or the request that another person has to approve. */
    public record Change(@Nullable Version published, Approvals.@Nullable Row approval) {}

    @Inject
    Settings settings;

    @Inject
    Transactions transactions;

    @Inject
    Policies policies;

    @Inject
    ApprovalLedger approvals;

    /** Of each policy the newest version, and the one in force where that is another. */
    public List<Version> present() {
        return transactions.read(policies::present);
    }

    /** All versions of a policy, the oldest first. */
    public List<Version> versions(String name) {
        List<Version> versions = transactions.read(() -> policies.versions(name));
        if (versions.isEmpty()) {
            throw PolicyException.absent();
        }
        return versions;
    }

    /** The newest version. */
    public Version newest(String name) {
        return last(versions(name));
    }

    private static Version last(List<Version> versions) {
        return versions.get(versions.size() - 1);
    }

    /**
     * Makes a policy, or its next version.
     *
     * @param expected the version that the caller saw; null for a policy that is new
     * @throws PolicyException naming what is wrong
     */
    public Change put(String name, Terms terms, @Nullable Long expected, String caller) {
        check(name, terms);
        return transactions.call(() -> {
            List<Version> versions = policies.versions(name);
            int present = versions.isEmpty() ? 0 : last(versions).version();
            requireSeen(present, expected);
            if (isShortened(versions, terms)) {
                return new Change(null, propose(name, present + 1, terms, caller));
            }
            int notice = versions.stream().anyMatch(Version::inForce) ? 0 : settings.policyNoticeDays();
            return new Change(publish(name, present + 1, terms, caller, notice, null), null);
        });
    }

    private static void requireSeen(int present, @Nullable Long expected) {
        if (expected == null && present > 0) {
            throw PolicyException.unseen();
        }
        if (expected != null && present == 0) {
            throw PolicyException.absent();
        }
        if (expected != null && expected != present) {
            throw PolicyException.stale(expected, present);
        }
    }

    /** Against the version in force and those that were announced since. */
    private boolean isShortened(List<Version> versions, Terms terms) {
        int inForce = versions.stream()
                .filter(Version::inForce)
                .mapToInt(Version::version)
                .findFirst()
                .orElse(0);
        return versions.stream()
                .filter(version -> version.version() >= inForce)
                .anyMatch(version -> Shortening.of(version.terms(), terms, settings.versionsKept()));
    }

    private Version publish(String name, int version, Terms terms, String caller, int notice, @Nullable UUID approval) {
        if (!policies.publish(name, version, terms, caller, notice, approval)) {
            throw PolicyException.stale(version - 1, version);
        }
        return last(policies.versions(name));
    }

    private Approvals.Row propose(String name, int version, Terms terms, String caller) {
        Approvals.Row approval = approvals.request(SHORTEN, name, words(name, version, terms), caller);
        policies.propose(new Proposal(approval.id(), name, version, terms));
        return approval;
    }

    /** No text can hold the quotation marks around it: the words have one meaning. */
    private String words(String name, int version, Terms terms) {
        return "Publish version " + version + " of the retention policy " + name
                + ", which shortens a limit. Purpose \""
                + terms.purpose() + "\", legal basis \"" + terms.legalBasis() + "\", maximum age "
                + or(terms.maxAge(), "none") + ", maximum time since the last interaction "
                + or(terms.maxIdle(), "none")
                + ", versions kept " + or(terms.versionsKept(), "as set") + ". It is in force "
                + settings.policyNoticeDays() + " days after its publication; whoever is past a limit then is erased.";
    }

    private static String or(@Nullable Object value, String otherwise) {
        return value == null ? otherwise : value.toString();
    }

    /**
     * Publishes what two people have decided and whose time has come. What no longer follows the present version, or would
     * not be what they read, ends without effect.
     */
    void carryOut() {
        for (Approvals.Row row : approvals.inEffect(SHORTEN)) {
            transactions.run(() -> {
                Optional<Proposal> proposal = policies.proposal(row.id()).filter(asked -> isStill(asked, row));
                if (proposal.isPresent()) {
                    Proposal asked = proposal.get();
                    AuditContext.note("policy", asked.name() + " " + asked.version());
                    approvals.carriedOut(row.id());
                    publish(
                            asked.name(),
                            asked.version(),
                            asked.terms(),
                            row.requestedBy(),
                            settings.policyNoticeDays(),
                            row.id());
                }
            });
            endUnlessCarriedOut(row);
        }
    }

    private boolean isStill(Proposal asked, Approvals.Row row) {
        return row.request().equals(words(asked.name(), asked.version(), asked.terms()))
                && newest(asked.name()).version() == asked.version() - 1;
    }

    private void endUnlessCarriedOut(Approvals.Row row) {
        if (approvals.get(row.id()).state().equals("APPROVED")) {
            LOG.log(System.Logger.Level.WARNING, "Approval {0} does not fit the present policy any more", row.id());
            approvals.cancel(row.id());
        }
    }

    private static void check(String name, Terms terms) {
        if (!Policies.isName(name)) {
            throw PolicyException.field("name", "a small letter, then at most 39 small letters, digits and hyphens");
        }
        requireText("purpose", terms.purpose());
        requireText("legalBasis", terms.legalBasis());
        requirePeriod("maxAge", terms.maxAge());
        requirePeriod("maxIdle", terms.maxIdle());
        Integer kept = terms.versionsKept();
        if (kept != null && (kept < 1 || kept > MOST_VERSIONS)) {
            throw PolicyException.field("versionsKept", "1 to " + MOST_VERSIONS + ", or absent");
        }
    }

    private static void requireText(String field, String text) {
        if (text.isBlank() || !TEXT.matcher(text).matches()) {
            throw PolicyException.field(field, "1 to 500 characters, no quotation marks, one line");
        }
    }

    static boolean isWithinACentury(Period period) {
        return !period.isNegative()
                && period.toTotalMonths() <= MOST_YEARS * 12
                && !ANY_DAY.plus(period).isAfter(ANY_DAY.plusYears(MOST_YEARS));
    }

    private static void requirePeriod(String field, @Nullable Period period) {
        if (period == null) {
            return;
        }
        if (period.isZero() || !isWithinACentury(period)) {
            throw PolicyException.field(field, "an ISO 8601 period of days to 100 years, such as P3Y, or absent");
        }
    }
}
