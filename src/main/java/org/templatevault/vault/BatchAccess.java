package org.templatevault.vault;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.templatevault.audit.AuditContext;
import org.templatevault.audit.AuditContext.Part;
import org.templatevault.envelope.DataKey;
import org.templatevault.envelope.Payload;
import org.templatevault.error.ErrorKind;
import org.templatevault.error.VaultException;
import org.templatevault.persistence.DatabaseUnavailableException;
import org.templatevault.persistence.SubjectKeyRow;
import org.templatevault.persistence.Templates;
import org.templatevault.persistence.Templates.Address;
import org.templatevault.persistence.Transactions;
import org.templatevault.persistence.TryAgainException;
import org.templatevault.vault.Sealing.Place;
import org.templatevault.vault.TemplateVault.Opened;

/** Reads and deletes many templates at once, with a result for each. */
@ApplicationScoped
public class BatchAccess {
    /**
     * What one batch may open, in bytes of envelopes and in bytes of content, which can be far more where it was
     * compressed; items past it are refused.
     */
    public static final long MAX_BYTES = 16L << 20;

    /** Which template, and which version of it; null for the newest. */
    public record Wanted(
            UUID subject, UUID template, @Nullable Integer version) {}

    @Inject
    Transactions transactions;

    @Inject
    Templates templates;

    @Inject
    DataKeys dataKeys;

    @Inject
    Sealing sealing;

    @Inject
    TemplateVault templateVault;

    /**
     * Opens templates: two queries, no lock. The caller closes what is open.
     *
     * @return the outcomes in the order of the items; past {@link #MAX_BYTES} {@code batch-too-large}
     */
    public List<Outcome<Opened>> get(List<Outcome<Wanted>> items) {
        List<Outcome<Opened>> outcomes = transactions.read(() -> getOnce(items));
        for (int i = 0; i < outcomes.size(); i++) {
            tell(items.get(i).value(), outcomes.get(i));
        }
        return outcomes;
    }

    /** Each item is a read of its own. */
    private static void tell(@Nullable Wanted wanted, Outcome<?> outcome) {
        Opened opened = outcome.value() instanceof Opened some ? some : null;
        VaultException problem = outcome.problem();
        AuditContext.part(new Part(
                wanted == null ? null : wanted.subject(),
                wanted == null ? null : wanted.template(),
                opened == null ? null : opened.metadata().version(),
                problem == null ? null : problem.code()));
    }

    private List<Outcome<Opened>> getOnce(List<Outcome<Wanted>> items) {
        Map<Wanted, Templates.Length> lengths = lengths(
                items.stream().map(Outcome::value).filter(Objects::nonNull).toList());
        List<Address> within = new ArrayList<>();
        long bytes = 0;
        List<@Nullable Address> chosen = new ArrayList<>();
        List<VaultException> problems = new ArrayList<>();
        for (Outcome<Wanted> item : items) {
            Templates.Length length = lengths.get(item.value());
            bytes += length == null ? 0 : length.bytes();
            if (length != null && bytes <= MAX_BYTES) {
                within.add(length.address());
                chosen.add(length.address());
            } else {
                chosen.add(null);
            }
            problems.add(problem(item, length));
        }
        Map<Address, Templates.Sealed> rows = byAddress(templates.findAll(within));
        requireNewest(items, chosen, rows.keySet());
        return open(chosen, problems, rows);
    }

    private static Map<Address, Templates.Sealed> byAddress(List<Templates.Sealed> rows) {
        Map<Address, Templates.Sealed> byAddress = new HashMap<>();
        rows.forEach(row -> byAddress.put(
                new Address(
                        row.template().subjectId(),
                        row.template().id(),
                        row.template().version()),
                row));
        return byAddress;
    }

    /** A template of which only the version was dropped that was its newest a moment ago is there all the same. */
    private void requireNewest(List<Outcome<Wanted>> items, List<@Nullable Address> chosen, Set<Address> found) {
        Map<Wanted, Address> gone = new HashMap<>();
        for (int i = 0; i < chosen.size(); i++) {
            Wanted wanted = items.get(i).value();
            Address address = chosen.get(i);
            if (address != null && !found.contains(address) && wanted != null && wanted.version() == null) {
                gone.put(wanted, address);
            }
        }
        Map<Wanted, Templates.Length> present = gone.isEmpty() ? Map.of() : lengths(List.copyOf(gone.keySet()));
        gone.forEach((wanted, address) -> {
            Templates.Length now = present.get(wanted);
            if (now != null && !now.address().equals(address)) {
                throw new TryAgainException("A template was replaced between two queries");
            }
        });
    }

    private static VaultException problem(Outcome<Wanted> item, Templates.@Nullable Length length) {
        VaultException malformed = item.problem();
        if (malformed != null) {
            return malformed;
        }
        return length == null ? new TemplateNotFoundException() : tooLarge();
    }

    private Map<Wanted, Templates.Length> lengths(List<Wanted> items) {
        Map<Wanted, Templates.Length> found = new HashMap<>();
        List<Templates.Length> all = templates.lengths(
                items.stream().map(Wanted::subject).toList(),
                items.stream().map(Wanted::template).toList());
        for (Templates.Length length : all) {
            Address address = length.address();
            found.put(new Wanted(address.subjectId(), address.id(), address.version()), length);
            found.merge(
                    new Wanted(address.subjectId(), address.id(), null),
                    length,
                    (a, b) -> a.address().version() > b.address().version() ? a : b);
        }
        return found;
    }

    private List<Outcome<Opened>> open(
            List<@Nullable Address> chosen, List<VaultException> problems, Map<Address, Templates.Sealed> rows) {
        Map<UUID, DataKey> keys = new HashMap<>();
        List<Outcome<Opened>> outcomes = new ArrayList<>();
        long content = 0;
        try {
            for (int i = 0; i < chosen.size(); i++) {
                Address address = chosen.get(i);
                if (address == null) {
                    outcomes.add(Outcome.failed(problems.get(i)));
                } else if (content > MAX_BYTES) {
                    outcomes.add(Outcome.failed(tooLarge()));
                } else {
                    Outcome<Opened> outcome = open(address, rows.get(address), keys);
                    content += contentBytes(outcome);
                    outcomes.add(content <= MAX_BYTES ? outcome : refused(outcome));
                }
            }
        } catch (RuntimeException | Error failed) {
            outcomes.forEach(BatchAccess::close);
            throw failed;
        } finally {
            keys.values().forEach(DataKey::close);
        }
        return outcomes;
    }

    private static long contentBytes(Outcome<Opened> outcome) {
        Opened opened = outcome.value();
        return opened == null ? 0 : opened.payload().template().length;
    }

    private static Outcome<Opened> refused(Outcome<Opened> outcome) {
        close(outcome);
        return Outcome.failed(tooLarge());
    }

    private static void close(Outcome<Opened> outcome) {
        Opened opened = outcome.value();
        if (opened != null) {
            opened.close();
        }
    }

    private Outcome<Opened> open(Address address, Templates.@Nullable Sealed row, Map<UUID, DataKey> keys) {
        if (row == null) {
            return Outcome.failed(new TemplateNotFoundException());
        }
        try {
            SubjectKeyRow subjectKey = row.key();
            DataKey key = keys.computeIfAbsent(address.subjectId(), subject -> dataKeys.open(subject, subjectKey));
            Payload payload = sealing.open(
                    new Place(address.subjectId(), address.id(), address.version()),
                    key,
                    subjectKey.dekNumber(),
                    DataKeys.suite(subjectKey.dataSuite()),
                    row.template());
            return Outcome.of(new Opened(TemplateVault.metadata(subjectKey, row.template()), payload));
        } catch (VaultException failed) {
            return Outcome.failed(failed);
        }
    }

    /**
     * Deletes templates, each in a transaction of its own; a version given must be the present one. Where the database goes
     * away, none after that is tried: each would wait its time-outs.
     */
    public List<Outcome<Wanted>> delete(List<Outcome<Wanted>> items) {
        List<Outcome<Wanted>> outcomes = new ArrayList<>();
        VaultException away = null;
        for (Outcome<Wanted> item : items) {
            Outcome<Wanted> outcome = away != null && item.isOk() ? Outcome.failed(away) : delete(item);
            if (!outcome.isOk()) {
                tell(item.value(), outcome);
            }
            if (away == null && outcome.problem() instanceof DatabaseUnavailableException first) {
                away = new DatabaseUnavailableException(first);
            }
            outcomes.add(outcome);
        }
        return outcomes;
    }

    private Outcome<Wanted> delete(Outcome<Wanted> item) {
        Wanted wanted = item.value();
        if (wanted == null) {
            return item;
        }
        try {
            templateVault.delete(wanted.subject(), wanted.template(), wanted.version());
            return item;
        } catch (VaultException failed) {
            return Outcome.failed(failed);
        }
    }

    private static VaultException tooLarge() {
        return new VaultException(
                ErrorKind.TOO_LARGE,
                "batch-too-large",
                "A batch opens at most " + (MAX_BYTES >> 20) + " MiB; ask for the rest in another");
    }
}
