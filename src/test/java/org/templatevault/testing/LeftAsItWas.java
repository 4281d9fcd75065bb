package org.templatevault.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails the class of tests that leaves a shared vault's rows at odds with one another. Without it, another class fails, and
 * only where it comes later in the same JVM.
 */
public final class LeftAsItWas implements AfterAllCallback {
    private static final Set<String> TOLD = new HashSet<>();

    @Override
    public void afterAll(ExtensionContext context) {
        Set<String> broken = new LinkedHashSet<>();
        for (TestHome home : SharedVault.homes()) {
            Invariants.brokenInAnyState(new Rows(home)).forEach(rule -> broken.add(home.directory() + ": " + rule));
        }
        broken.removeIf(rule -> !TOLD.add(rule));
        assertEquals(Set.of(), broken);
    }
}
