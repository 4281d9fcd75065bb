package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.templatevault.audit.AuditContext;
import org.templatevault.audit.AuditContext.Caller;
import org.templatevault.trail.Refusals;
import org.templatevault.trail.Trail;

class AuditFilterTest {
    private final AtomicInteger released = new AtomicInteger();

    private static <T> T answering(Class<T> type, Map<String, Object> answers) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, arguments) -> Optional.ofNullable(answers.get(method.getName()))
                        .orElseThrow(() -> new AssertionError(method))));
    }

    private static Trail trail(Runnable answer) {
        return new Trail() {
            @Override
            public void answer(AuditContext context, int status) {
                answer.run();
            }
        };
    }

    @SuppressWarnings("UnnecessaryAssignment")
    private static AuditFilter filter(Trail trail, Refusals refusals) {
        AuditFilter filter = new AuditFilter();
        filter.trail = trail;
        filter.refusals = refusals;
        return filter;
    }

    /** Lets the answer to a batch pass that holds a turn. */
    private void answer(AuditFilter filter) {
        AuditContext.ofRequest(
                "POST /api/v1/templates:batchGet", true, () -> new Caller("reader", List.of(), "127.0.0.1"));
        HeldAnswer content = new HeldAnswer(out -> {}, released::incrementAndGet);
        filter.filter(
                answering(ContainerRequestContext.class, Map.of()),
                answering(ContainerResponseContext.class, Map.of("getStatus", 200, "getEntity", content)));
    }

    @Test
    void releasesWhatAnAnswerHoldsWhereAnErrorKeepsItFromLeaving() {
        OutOfMemoryError noMemory = new OutOfMemoryError("of the tests");
        AuditFilter filter = filter(
                trail(() -> {
                    throw noMemory;
                }),
                new Refusals());
        assertSame(noMemory, assertThrows(OutOfMemoryError.class, () -> answer(filter)));
        assertEquals(1, released.get());
        assertTrue(AuditContext.current().isEmpty());
    }

    @Test
    void releasesWhatAnAnswerHoldsWhereTheRefusalFailsAsWell() {
        IllegalStateException second = new IllegalStateException("second");
        AuditFilter filter = filter(
                trail(() -> {
                    throw new IllegalStateException("first");
                }),
                new Refusals() {
                    @Override
                    public synchronized void count(@Nullable String caller, String address, int status) {
                        throw second;
                    }
                });
        assertSame(second, assertThrows(IllegalStateException.class, () -> answer(filter)));
        assertEquals(1, released.get());
    }

    @Test
    void leavesAnAnswerThatIsToldToTheOneWhoWritesIt() {
        answer(filter(trail(() -> {}), new Refusals()));
        assertEquals(0, released.get());
    }
}
