package org.templatevault.trail;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.templatevault.persistence.Bytes;

/**
 * The rows that the trail tells of, in some buckets: in all that were asked for as long as their rows fit, in fewer, and at
 * least one, as soon as they do not. For one thread.
 */
final class ToldRows {
    private final int most;
    private final TreeSet<Integer> buckets;
    private final Map<Bytes, Told> told = new HashMap<>();

    /** A row, and how often it came more than it went. */
    private static final class Told {
        final Element element;
        int times;

        Told(Element element) {
            this.element = element;
        }
    }

    /** @param most so many rows fit */
    ToldRows(Collection<Integer> buckets, int most) {
        this.buckets = new TreeSet<>(buckets);
        this.most = most;
    }

    /** The buckets whose rows are all here. */
    Set<Integer> buckets() {
        return new TreeSet<>(buckets);
    }

    /** Takes what an entry tells: that a row came (1) or went (-1). */
    void take(Element element, int sign) {
        if (buckets.contains(element.bucket())) {
            Told row = told.computeIfAbsent(element.value(), first -> new Told(element));
            row.times += sign;
            if (row.times == 0) {
                told.remove(element.value());
            }
            while (told.size() > most && buckets.size() > 1) {
                leaveHalf();
            }
        }
    }

    private void leaveHalf() {
        Iterator<Integer> last = buckets.descendingIterator();
        for (int i = buckets.size() / 2; i > 0; i--) {
            last.next();
            last.remove();
        }
        told.values().removeIf(row -> !buckets.contains(row.element.bucket()));
    }

    /**
     * Takes a row that is there.
     *
     * @return whether it is in one of the buckets and no entry tells of it
     */
    boolean isExtra(Element element) {
        if (!buckets.contains(element.bucket())) {
            return false;
        }
        Told row = told.get(element.value());
        if (row == null) {
            return true;
        }
        row.times--;
        if (row.times == 0) {
            told.remove(element.value());
        }
        return false;
    }

    /** The rows that are not there. */
    List<Element> missing() {
        List<Element> missing = new ArrayList<>();
        told.values().stream().filter(row -> row.times > 0).forEach(row -> missing.add(row.element));
        return missing;
    }
}
