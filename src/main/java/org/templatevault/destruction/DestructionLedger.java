package org.templatevault.destruction;

import com.github.f4b6a3.uuid.UuidCreator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.approval.ApprovalException;
import org.templatevault.approval.ApprovalLedger;
import org.templatevault.audit.AuditContext;
import org.templatevault.keyring.VersionKeys;
import org.templatevault.persistence.Approvals;
import org.templatevault.persistence.Copies;
import org.templatevault.persistence.Destructions;
import org.templatevault.persistence.KeyUsage;
import org.templatevault.persistence.KeyVersions;
import org.templatevault.persistence.Nodes;
import org.templatevault.persistence.StandingPolicies;
import org.templatevault.persistence.SubjectCounts;
import org.templatevault.persistence.Transactions;

/** What may be asked about the end of a key version. */
@ApplicationScoped
public class DestructionLedger {
    /** The kind of approval that a destruction needs. */
    public static final String DESTROY = "destroy-key-version";
    /** The kind of approval that the list of a compromised version's subjects needs. */
    public static final String EXPOSURE = "list-compromised";

    /** Ends the words of a request whose two people do without newer backups. */
    static final String WITHOUT_BACKUP = " No newer registered backup is waited for.";

    /** Who asks under the standing policy. */
    public static final String BY_POLICY = "vault: epoch";

    /** A destruction that has failed, or was given up, is not begun again at once. */
    private static final Duration BETWEEN_TRIES = Duration.ofHours(1);

    private static final Set<String> DESTROYABLE = Set.of("DEACTIVATED", "COMPROMISED");
    /** How many lines one page of an exposure has. */
    public static final int PAGE = 1000;

    /** A destruction as its people see it; {@code waitingFor} in words. */
    public record Report(Destructions.Row row, Approvals.Row approval, List<String> waitingFor) {}

    /** The use of a version and the registered backups that need it. */
    public record Use(KeyUsage.Usage usage, Copies.Useless copies) {}

    @Inject
    Transactions transactions;

    @Inject
    KeyVersions keyVersions;

    @Inject
    KeyUsage keyUsage;

    @Inject
    Copies copies;

    @Inject
    Destructions destructions;

    @Inject
    ApprovalLedger approvals;

    @Inject
    SubjectCounts counts;

    @Inject
    PolicyLedger policies;

    @Inject
    Nodes nodes;

    @Inject
    VersionKeys versionKeys;

    /** What stands under a version and which registered backups need it, at one point in time. */
    public Use use(int version) {
        require(version);
        return transactions.snapshot(() -> new Use(keyUsage.of(version), copies.uselessWithout(version)));
    }

    private KeyVersions.Row require(int version) {
        return transactions.read(keyVersions::all).stream()
                .filter(row -> row.version() == version)
                .findFirst()
                .orElseThrow(DestructionException::unknownVersion);
    }

    /**
     * Asks for the destruction of a version.
     *
     * @param withoutBackup do not wait for a registered backup that is newer than the last use of the version
     * @throws DestructionException if the version is in use or in the wrong state
     */
    public Report request(int version, boolean withoutBackup, String caller) {
        KeyVersions.Row row = require(version);
        if (!DESTROYABLE.contains(row.state())) {
            throw DestructionException.wrongState(row.state());
        }
        UUID id = UuidCreator.getTimeOrderedEpoch();
        transactions.patiently(() -> transactions.call(() -> {
            KeyUsage.Usage usage = keyUsage.of(version);
            if (usage.isUsed()) {
                throw DestructionException.inUse(usage.subjectKeys(), usage.serviceKeys());
            }
            String words = "Destroy key version " + version + " for ever: its wrapped key, then its root key "
                    + row.rootKeyAlias() + ". Registered backups that it makes useless: "
                    + copies.uselessWithout(version).all() + "." + (withoutBackup ? WITHOUT_BACKUP : "");
            Approvals.Row approval = approvals.request(DESTROY, Integer.toString(version), words, caller);
            if (!destructions.insert(id, version, approval.id(), caller, now())) {
                throw DestructionException.alreadyAsked();
            }
            return approval;
        }));
        return of(version).orElseThrow();
    }

    /**
     * Begins the destruction of a version under a standing policy, if nothing needs the version and no other destruction
     * of it is under way.
     */
    public boolean begin(KeyVersions.Row version, StandingPolicies.Row policy) {
        if (!DESTROYABLE.contains(version.state()) || triedLately(version.version()) || isNeeded(version.version())) {
            return false;
        }
        UUID id = UuidCreator.getTimeOrderedEpoch();
        return transactions.call(() -> {
            AuditContext.note("destruction", "key version " + version.version() + " REQUESTED");
            AuditContext.note("policy", policy.approvalId().toString());
            return destructions.insert(id, version.version(), policy.approvalId(), BY_POLICY, now());
        });
    }

    private boolean triedLately(int version) {
        return transactions
                .read(() -> destructions.ofVersion(version))
                .filter(row -> row.endedAt() == null || row.endedAt().isAfter(now().minus(BETWEEN_TRIES)))
                .isPresent();
    }

    /** The counts come first: only a version that seems empty is worth a look at every row. */
    private boolean isNeeded(int version) {
        boolean counted = transactions.read(counts::byVersion).getOrDefault(version, 0L) > 0;
        return counted
                || transactions.read(() -> keyUsage.left(version)).drainedAt() == null
                || transactions
                        .patiently(() -> transactions.read(() -> keyUsage.of(version)))
                        .isUsed();
    }

    /** The newest destruction of a version. */
    public Optional<Report> of(int version) {
        return transactions.read(() -> destructions.ofVersion(version)).map(row -> {
            Approvals.Row approval = approvals.get(row.approvalId());
            return new Report(row, approval, waitingFor(row, approval));
        });
    }

    private List<String> waitingFor(Destructions.Row row, Approvals.Row approval) {
        return switch (DestructionState.valueOf(row.state())) {
            case REQUESTED -> List.of("the approval " + approval.id());
            case WAITING -> beforeTheEnd(row, approval);
            case MATERIAL_GONE -> row.goneAtLsn() == null ? List.of() : behind(row.goneAtLsn());
            case ROOT_KEY_GONE -> holders(row.version());
            case REPLAYED -> List.of("the key store to lose the root key");
            case PASSING, DESTROYED, CANCELLED, FAILED -> List.of();
        };
    }

    /** The key store is not asked here: by what was found when it was last used. */
    private List<String> beforeTheEnd(Destructions.Row row, Approvals.Row approval) {
        List<String> waitingFor = preconditions(row, approval);
        String keyStore = require(row.version()).keyStore();
        if (!versionKeys.keyStoresReachable().getOrDefault(keyStore, false)) {
            waitingFor.add("the key store to answer");
        }
        return waitingFor;
    }

    /** What a destruction whose pass has ended still waits for, but for the key store. */
    List<String> preconditions(Destructions.Row row, Approvals.Row approval) {
        KeyUsage.Left left = transactions.read(() -> keyUsage.left(row.version()));
        List<String> waitingFor = new ArrayList<>();
        boolean withoutBackup = approval.request().endsWith(WITHOUT_BACKUP);
        try {
            if (PolicyLedger.isStanding(approval)) {
                StandingPolicies.Row policy = policies.require(approval.id());
                waitingFor.addAll(times(row, left, policy));
                withoutBackup = policy.withoutNewerBackup();
            } else {
                approvals.requireInEffect(approval.id(), DESTROY, Integer.toString(row.version()));
            }
        } catch (ApprovalException notYet) {
            waitingFor.add(String.valueOf(notYet.getMessage()));
        }
        if (!withoutBackup) {
            waitingFor.addAll(newerBackups(left.lastAt()));
        }
        return waitingFor;
    }

    /** The time for repairs begins when the damage is first seen: at the pass, unless a rotation has listed it before. */
    private static List<String> times(Destructions.Row row, KeyUsage.Left left, StandingPolicies.Row policy) {
        List<String> waitingFor = new ArrayList<>();
        Instant last = left.lastAt() == null ? row.requestedAt() : left.lastAt();
        Instant drained = left.drainedAt() == null ? row.requestedAt() : left.drainedAt();
        if (last.plus(policy.delay()).isAfter(now())) {
            waitingFor.add("the policy's waiting time, until " + last.plus(policy.delay()));
        }
        Instant found = row.unlisted() == 0 || row.passedAt() == null ? drained : row.passedAt();
        if (row.refused() > 0 && found.plus(policy.quarantine()).isAfter(now())) {
            waitingFor.add("the repair of " + row.refused() + " subjects with rows that do not open, "
                    + (row.firstRefused() == null ? "" : "the first of them " + row.firstRefused() + ", ") + "until "
                    + found.plus(policy.quarantine()));
        }
        return waitingFor;
    }

    private List<String> newerBackups(@Nullable Instant left) {
        if (left == null) {
            return List.of();
        }
        Optional<Copies.Row> database = transactions.read(() -> copies.wholeSince(left));
        List<String> waitingFor = new ArrayList<>();
        if (database.isEmpty()) {
            waitingFor.add("a registered backup of the database taken after " + left + " that opens whole");
        }
        Instant keysOfIt = database.map(copy -> newestVersion(copy.until()))
                .filter(made -> made.isAfter(left))
                .orElse(left);
        if (!transactions.read(() -> copies.keyStoreSince(keysOfIt))) {
            waitingFor.add("a registered backup of the keystore taken after " + keysOfIt);
        }
        return waitingFor;
    }

    /** When the newest version was made that rows of this time can stand under. */
    private Instant newestVersion(Instant time) {
        return transactions.read(keyVersions::all).stream()
                .map(KeyVersions.Row::createdAt)
                .filter(made -> !made.isAfter(time))
                .max(Instant::compareTo)
                .orElse(time);
    }

    List<String> behind(String lsn) {
        return transactions.read(() -> destructions.standbysBehind(lsn)).stream()
                .map(name -> name + " to replay up to " + lsn)
                .toList();
    }

    List<String> holders(int version) {
        return transactions.read(() -> nodes.withVersion(version)).stream()
                .map(name -> "the node " + name + " to forget the key")
                .toList();
    }

    /** The certificate of a destroyed version. */
    public Destructions.Certificate certificate(int version) {
        return transactions
                .read(() -> destructions.certificate(version))
                .orElseThrow(DestructionException::noCertificate);
    }

    /** Asks for the list of those whose keys ever stood under a version. */
    public Approvals.Row requestExposure(int version, String caller) {
        require(version);
        String words = "List every subject and every erasure whose keys ever stood under key version " + version;
        return transactions.call(() -> approvals.request(EXPOSURE, Integer.toString(version), words, caller));
    }

    /** A page of the subjects whose keys ever stood under a version; two people have decided. */
    public List<KeyUsage.Exposed> exposedSubjects(int version, UUID approval, UUID afterId) {
        approvals.requireInEffect(approval, EXPOSURE, Integer.toString(version));
        return transactions.patiently(() -> transactions.read(() -> keyUsage.subjects(version, afterId, PAGE)));
    }

    /** As {@link #exposedSubjects}, of the erasures. */
    public List<KeyUsage.Exposed> exposedErasures(int version, UUID approval, UUID afterId) {
        approvals.requireInEffect(approval, EXPOSURE, Integer.toString(version));
        return transactions.patiently(() -> transactions.read(() -> keyUsage.erasures(version, afterId, PAGE)));
    }

    static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MICROS);
    }
}
