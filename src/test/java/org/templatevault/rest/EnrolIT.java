package org.templatevault.rest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.templatevault.testing.IsoTemplates;
import org.templatevault.testing.SharedVault;

class EnrolIT {
    @Test
    void givesBackTheExactBytes() {
        byte[] template = IsoTemplates.fingerprint(40, 1);
        var stored = SharedVault.as("enroller").store(UUID.randomUUID(), template);
        assertArrayEquals(
                template, SharedVault.as("reader").read(stored).expect(200).bytes());
    }
}
