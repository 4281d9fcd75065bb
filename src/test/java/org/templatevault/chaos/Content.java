package org.templatevault.chaos;

import java.util.Base64;
import org.templatevault.testing.TemplateDocument;

/** Made bytes of a template, told apart by their seed. */
record Content(int length, long seed) {
    byte[] bytes() {
        return TemplateDocument.noise(length, seed);
    }

    String base64() {
        return Base64.getEncoder().encodeToString(bytes());
    }
}
