package org.templatevault.trail;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
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
 * Compares the template rows with what the trail says there should be. The sums of the buckets tell whether; for those that
 * differ, the entries are gone through again and name each row. Keeps the rows of as many buckets in memory as fit, so that
 * this is done seldom.
 */
@ApplicationScoped
class RowCheck {
    private static final int MOST_NAMED = 1000;
    private static final int MOST_ROWS = 100_000;
    private static final int BLOCKS_AT_ONCE = 100;

    /** What is not done by then is lost with its transaction. */
    private static final Duration LONGEST = Duration.ofMinutes(50);

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

    /** A template's version of the same subject, as far as its bucket tells. */
    private record Place(Name name, int bucket) {
        static Place of(Element element) {
            return new Place(Name.of(element), element.bucket());
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
        nameRows(expected.differences(found), report);
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

    /** Without the names, if these would come too late: that rows differ must be said in any case. */
    private void nameRows(List<Integer> differing, Report report) {
        Duration checked = report.elapsed();
        TreeSet<Integer> left = new TreeSet<>(differing);
        while (!left.isEmpty()) {
            ToldRows told = new ToldRows(left, MOST_ROWS);
            Set<Integer> named = new TreeSet<>();
            if (report.elapsed().plus(checked.multipliedBy(2)).compareTo(LONGEST) < 0) {
                nameRows(told, named, report);
            }
            told.buckets().stream()
                    .filter(bucket -> !named.contains(bucket))
                    .forEach(bucket -> report.add(Finding.of("rows-differ", "bucket", bucket)));
            left.removeAll(told.buckets());
        }
    }

    private void nameRows(ToldRows told, Set<Integer> named, Report report) {
        String prunedUpTo = report.pruned().isEmpty()
                ? ""
                : report.pruned().get(report.pruned().size() - 1);
        forEachChange(told::take);
        List<Extra> extra = new ArrayList<>();
        templates.forEach(standing -> {
            Element element = elements.of(standing.row());
            if (told.isExtra(element)) {
                Instant createdAt = standing.row().createdAt();
                boolean mayBeOfPruned = AssociatedData.binds(createdAt)
                        && Block.month(createdAt).compareTo(prunedUpTo) <= 0;
                if (extra.size() < MOST_NAMED && !mayBeOfPruned) {
                    extra.add(new Extra(standing.row(), element));
                }
            }
        });
        Map<Place, Element> missing = new LinkedHashMap<>();
        told.missing().forEach(element -> missing.put(Place.of(element), element));
        nameExtra(extra, missing, report);
        missing.values()
                .forEach(element -> report.add(
                        Finding.of("row-deleted", "template", element.template(), "version", element.version())));
        extra.forEach(one -> named.add(one.element.bucket()));
        told.missing().forEach(element -> named.add(element.bucket()));
    }

    private void nameExtra(List<Extra> extra, Map<Place, Element> missing, Report report) {
        if (extra.isEmpty()) {
            return;
        }
        Set<Bytes> removedOnce = new HashSet<>();
        Set<Name> knownElsewhere = new HashSet<>();
        Set<Bytes> values = new HashSet<>();
        Set<Name> names = new HashSet<>();
        extra.forEach(one -> {
            values.add(one.element.value());
            names.add(Name.of(one.element));
        });
        forEachChange((element, sign) -> {
            if (sign < 0 && values.contains(element.value())) {
                removedOnce.add(element.value());
            }
            if (names.contains(Name.of(element))) {
                knownElsewhere.add(Name.of(element));
            }
        });
        for (Extra one : extra) {
            if (missing.remove(Place.of(one.element)) != null) {
                report.add(row("row-changed", one.row));
            } else if (removedOnce.contains(one.element.value())) {
                report.add(row("row-rolled-back", one.row));
            } else {
                boolean known = knownElsewhere.contains(Name.of(one.element));
                report.add(row(known ? "row-cloned" : "row-inserted", one.row));
            }
        }
    }

    /** Memberships in blocks that are gone tell of rows as well. */
    private void forEachChange(BiConsumer<Element, Integer> consumer) {
        long before = 0;
        List<AuditBlocks.Row> page = blocks.after(before, BLOCKS_AT_ONCE);
        while (!page.isEmpty()) {
            long last = page.get(page.size() - 1).number();
            blocks.forEachPlaced(before + 1, last, placed -> forEachChange(placed.entry(), consumer));
            before = last;
            page = blocks.after(before, BLOCKS_AT_ONCE);
        }
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
