package org.templatevault.chaos;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What the clients asked for and what they were acknowledged. Each person is written by one writer, one request after
 * the other, so that what must be there is known; whoever has a request without an answer is left alone until the end.
 */
final class Books {
    /** A subject and what is known of it. */
    static final class Person {
        private final UUID id;
        private final List<Held> templates = new ArrayList<>();
        private volatile boolean erasureAsked;
        private volatile boolean erased;
        private volatile boolean open;

        Person(UUID id) {
            this.id = id;
        }

        UUID id() {
            return id;
        }

        boolean erasureAsked() {
            return erasureAsked;
        }

        boolean erased() {
            return erased;
        }

        void askErasure() {
            erasureAsked = true;
        }

        void acknowledgeErasure() {
            erased = true;
        }

        /** A request for this person got no answer: nothing more is asked until the end. */
        void leaveOpen() {
            open = true;
        }

        boolean isLeftAlone() {
            return open || erasureAsked;
        }

        synchronized List<Held> templates() {
            return List.copyOf(templates);
        }

        synchronized void add(Held held) {
            templates.add(held);
        }
    }

    /** A template that was acknowledged, its versions, and a replacement that got no answer. */
    static final class Held {
        private final Person person;
        private final UUID template;
        private final List<Content> versions = new ArrayList<>();
        private @Nullable Content asked;

        Held(Person person, UUID template, Content first) {
            this.person = person;
            this.template = template;
            this.versions.add(first);
        }

        Person person() {
            return person;
        }

        UUID template() {
            return template;
        }

        String path() {
            return "/subjects/" + person.id + "/templates/" + template;
        }

        synchronized int acknowledged() {
            return versions.size();
        }

        synchronized void ask(Content replacement) {
            asked = replacement;
        }

        synchronized void acknowledge(Content replacement) {
            versions.add(replacement);
            asked = null;
        }

        /** The replacement was refused, or it is known that nothing came of it. */
        synchronized void withdraw() {
            asked = null;
        }

        synchronized boolean isOpen() {
            return asked != null;
        }

        /** What this version must be: acknowledged, or the replacement that is under way. */
        synchronized Optional<Content> at(int version) {
            if (version >= 1 && version <= versions.size()) {
                return Optional.of(versions.get(version - 1));
            }
            return version == versions.size() + 1 ? Optional.ofNullable(asked) : Optional.empty();
        }
    }

    /** One template to store, for whom. */
    record Item(Person person, Content content) {}

    /** A store, single or batch, with its Idempotency-Key. */
    record Order(String key, boolean batch, List<Item> items) {}

    private final Map<UUID, Person> people = new ConcurrentHashMap<>();
    private final List<Held> held = new ArrayList<>();
    private final List<Order> lost = new ArrayList<>();

    void stored(Person person, UUID template, Content content) {
        Held made = new Held(person, template, content);
        person.add(made);
        people.put(person.id, person);
        synchronized (this) {
            held.add(made);
        }
    }

    /** A store without an answer: it is repeated at the end with the same key. */
    synchronized void lost(Order order) {
        lost.add(order);
        order.items().forEach(item -> {
            item.person().leaveOpen();
            people.putIfAbsent(item.person().id, item.person());
        });
    }

    synchronized List<Order> lost() {
        return List.copyOf(lost);
    }

    synchronized Held pick(SplittableRandom random) {
        return held.get(random.nextInt(held.size()));
    }

    synchronized List<Held> all() {
        return List.copyOf(held);
    }

    Collection<Person> people() {
        return people.values();
    }

    /** What must be in the table of templates: every kept version of whoever was not erased. */
    Map<String, Integer> expectedVersions() {
        Map<String, Integer> expected = new LinkedHashMap<>();
        for (Held one : all()) {
            if (!one.person().erased()) {
                expected.put(one.person().id() + "/" + one.template(), one.acknowledged());
            }
        }
        return expected;
    }
}
