package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.templatevault.crypto.AssociatedData;
import org.templatevault.persistence.AuditBlocks;
import org.templatevault.persistence.AuditEntries;
import org.templatevault.persistence.Bytes;
import org.templatevault.persistence.TemplateIdentityRow;
import org.templatevault.persistence.Templates;
import org.templatevault.persistence.Templates.Standing;

/**
 * Compares the template rows with what the trail says there should be. The sums of the buckets tell whether; for a bucket
 * that differs, its entries are gone through again and name each row. Keeps the rows of one bucket in memory, not more.
 */
@ApplicationScoped
class RowCheck {
    private static final int MOST_NAMED = 1000;

    @Inject
    Templates templates;

    @Inject
    AuditEntries entries;

    @Inject
    AuditBlocks blocks;

    @Inject
    RowElements elements;

    /** A template's version, whoever's it is. */
    private record Name(UUID template, int version) {
        static Name of(Element element) {
            return new Name(element.template(), element.version());
        }
    }

    /** A row that no entry tells of. */
    private record Extra(TemplateIdentityRow row, Element element) {}

    /** @param expected the sums after the newest block; what waits for a block comes on top */
    void check(BucketSums expected, Report report) {
        entries.forEachPending(entry -> {
            report.countWaiting();
            EntryCheck.differingColumn(entry)
                    .ifPresent(
                            column -> report.add(Finding.of("entry-changed", "entry", entry.id(), "column", column)));
            Sealer.fold(entry, expected);
        });
        BucketSums found = new BucketSums();
        templates.forEach(standing -> {
            report.countTemplate();
            checkKey(standing, report);
            found.add(elements.of(standing.row()));
        });
        expected.differences(found).forEach(bucket -> nameRows(bucket, report));
    }

    /** A row that names another DEK than its subject's was put back from before a re-encryption, or its subject was. */
    private static void checkKey(Standing standing, Report report) {
        Integer key = standing.subjectDekNumber();
        if (key == null || key != standing.dekNumber()) {
            report.add(row(key == null ? "row-without-key" : "row-rolled-back", standing.row()));
        }
    }

    private static Finding row(String kind, TemplateIdentityRow row) {
        return Finding.of(kind, "subject", row.subjectId(), "template", row.id(), "version", row.version());
    }

    private void nameRows(int bucket, Report report) {
        long before = report.found();
        String prunedUpTo = report.pruned().isEmpty()
                ? ""
                : report.pruned().get(report.pruned().size() - 1);
        Map<Bytes, Integer> told = new HashMap<>();
        Map<Bytes, Element> missing = new HashMap<>();
        forEachChange((element, sign) -> {
            if (element.bucket() == bucket && told.merge(element.value(), sign, RowCheck::sum) == null) {
                missing.remove(element.value());
            } else if (element.bucket() == bucket) {
                missing.put(element.value(), element);
            }
        });
        List<Extra> extra = new ArrayList<>();
        templates.forEach(standing -> {
            Element element = elements.of(standing.row());
            if (element.bucket() == bucket && told.merge(element.value(), -1, RowCheck::sum) == null) {
                missing.remove(element.value());
            } else if (element.bucket() == bucket && !missing.containsKey(element.value())) {
                told.remove(element.value());
                Instant createdAt = standing.row().createdAt();
                boolean mayBeOfPruned = AssociatedData.binds(createdAt)
                        && Block.month(createdAt).compareTo(prunedUpTo) <= 0;
                if (extra.size() < MOST_NAMED && !mayBeOfPruned) {
                    extra.add(new Extra(standing.row(), element));
                }
            }
        });
        nameExtra(extra, missing, report);
        missing.values().stream()
                .filter(element -> told.getOrDefault(element.value(), 0) > 0)
                .forEach(element -> report.add(
                        Finding.of("row-deleted", "template", element.template(), "version", element.version())));
        if (report.found() == before) {
            report.add(Finding.of("rows-differ", "bucket", bucket));
        }
    }

    /** A count that has become zero needs no place. */
    private static @Nullable Integer sum(Integer a, Integer b) {
        return a + b == 0 ? null : Integer.valueOf(a + b);
    }

    private void nameExtra(List<Extra> extra, Map<Bytes, Element> missing, Report report) {
        if (extra.isEmpty()) {
            return;
        }
        Map<Bytes, Boolean> removedOnce = new HashMap<>();
        Map<Name, Boolean> knownElsewhere = new HashMap<>();
        extra.forEach(one -> {
            removedOnce.put(one.element.value(), false);
            knownElsewhere.put(Name.of(one.element), false);
        });
        forEachChange((element, sign) -> {
            if (sign < 0) {
                removedOnce.computeIfPresent(element.value(), (value, before) -> true);
            }
            knownElsewhere.computeIfPresent(Name.of(element), (name, before) -> true);
        });
        Map<Name, Bytes> missingNames = new HashMap<>();
        missing.forEach((value, element) -> missingNames.put(Name.of(element), value));
        for (Extra one : extra) {
            Bytes changed = missingNames.get(Name.of(one.element));
            if (changed != null) {
                missing.remove(changed);
                report.add(row("row-changed", one.row));
            } else if (Boolean.TRUE.equals(removedOnce.get(one.element.value()))) {
                report.add(row("row-rolled-back", one.row));
            } else {
                boolean known = Objects.equals(knownElsewhere.get(Name.of(one.element)), true);
                report.add(row(known ? "row-cloned" : "row-inserted", one.row));
            }
        }
    }

    private void forEachChange(BiConsumer<Element, Integer> consumer) {
        long newest = blocks.newest().map(AuditBlocks.Row::number).orElse(0L);
        blocks.forEachPlaced(1, newest, placed -> forEachChange(placed.entry(), consumer));
        entries.forEachPending(entry -> forEachChange(entry, consumer));
    }

    private static void forEachChange(AuditEntries.@Nullable Row entry, BiConsumer<Element, Integer> consumer) {
        if (entry != null) {
            Element.Changes changes = Element.Changes.of(entry.line());
            changes.added().forEach(element -> consumer.accept(element, 1));
            changes.removed().forEach(element -> consumer.accept(element, -1));
        }
    }
}
